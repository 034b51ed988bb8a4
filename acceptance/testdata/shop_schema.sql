-- A shop with every common type, key and object. MariaDB gets it by the client; Redoubt gets MariaDB's dump of it.
CREATE TABLE country (
  code char(2) NOT NULL,
  name varchar(80) NOT NULL,
  native_name varchar(80) DEFAULT NULL,
  population int unsigned DEFAULT NULL,
  eu tinyint(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (code),
  UNIQUE KEY country_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='Länder, pays, 国';

CREATE TABLE customer (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  email varchar(120) NOT NULL,
  name varchar(100) NOT NULL,
  nick varchar(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,
  country char(2) DEFAULT NULL,
  born date DEFAULT NULL,
  status enum('new','active','blocked','gone') NOT NULL DEFAULT 'new',
  flags set('mail','phone','post','push') NOT NULL DEFAULT '',
  credit decimal(12,4) NOT NULL DEFAULT 0.0000,
  vip bool NOT NULL DEFAULT false,
  note text,
  preferences json DEFAULT NULL,
  created datetime(6) NOT NULL DEFAULT current_timestamp(6),
  changed timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
  PRIMARY KEY (id),
  UNIQUE KEY customer_email (email),
  KEY customer_country_status (country, status),
  KEY customer_note (note(20)),
  KEY customer_created (created),
  CONSTRAINT customer_of_country FOREIGN KEY (country) REFERENCES country (code) ON DELETE SET NULL ON UPDATE CASCADE,
  CONSTRAINT customer_credit CHECK (credit >= -10000)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE address (
  customer_id bigint unsigned NOT NULL,
  kind enum('home','work','billing') NOT NULL,
  street varchar(120) NOT NULL,
  city varchar(80) NOT NULL,
  zip char(10) NOT NULL DEFAULT '',
  latitude double DEFAULT NULL,
  longitude double DEFAULT NULL,
  PRIMARY KEY (customer_id, kind),
  KEY address_city_zip (city, zip),
  CONSTRAINT address_of_customer FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE category (
  id smallint unsigned NOT NULL AUTO_INCREMENT,
  parent_id smallint unsigned DEFAULT NULL,
  name varchar(60) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY category_name (parent_id, name),
  CONSTRAINT category_parent FOREIGN KEY (parent_id) REFERENCES category (id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE supplier (
  id mediumint unsigned NOT NULL AUTO_INCREMENT,
  name varchar(90) NOT NULL,
  country char(2) NOT NULL,
  rating float DEFAULT NULL,
  since year NOT NULL,
  contact varchar(120) DEFAULT NULL,
  PRIMARY KEY (id),
  KEY supplier_country (country),
  CONSTRAINT supplier_of_country FOREIGN KEY (country) REFERENCES country (code) ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE product (
  id int NOT NULL AUTO_INCREMENT,
  sku char(12) NOT NULL,
  name varchar(200) NOT NULL,
  category_id smallint unsigned DEFAULT NULL,
  supplier_id mediumint unsigned DEFAULT NULL,
  price decimal(10,2) NOT NULL,
  tax_rate decimal(4,3) NOT NULL DEFAULT 0.190,
  price_gross decimal(14,5) GENERATED ALWAYS AS (price * (1 + tax_rate)) STORED,
  label varchar(240) GENERATED ALWAYS AS (concat(sku, ' ', name)) VIRTUAL,
  weight double DEFAULT NULL,
  features bit(8) NOT NULL DEFAULT b'0',
  image blob,
  description mediumtext,
  released date DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY product_sku (sku),
  KEY product_category_price (category_id, price),
  KEY product_supplier (supplier_id),
  KEY product_name (name(30)),
  CONSTRAINT product_of_category FOREIGN KEY (category_id) REFERENCES category (id) ON DELETE SET NULL,
  CONSTRAINT product_of_supplier FOREIGN KEY (supplier_id) REFERENCES supplier (id),
  CONSTRAINT product_price CHECK (price >= 0),
  CONSTRAINT product_tax CHECK (tax_rate between 0 and 0.5)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE stock (
  warehouse tinyint unsigned NOT NULL,
  product_id int NOT NULL,
  quantity int NOT NULL DEFAULT 0,
  reserved int unsigned NOT NULL DEFAULT 0,
  counted datetime DEFAULT NULL,
  PRIMARY KEY (warehouse, product_id),
  KEY stock_product (product_id),
  CONSTRAINT stock_of_product FOREIGN KEY (product_id) REFERENCES product (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE purchase (
  id bigint NOT NULL AUTO_INCREMENT,
  customer_id bigint unsigned NOT NULL,
  placed datetime(3) NOT NULL,
  state enum('open','paid','sent','done','cancelled') NOT NULL DEFAULT 'open',
  coupon varchar(16) DEFAULT NULL,
  shipping time(3) DEFAULT NULL,
  total decimal(12,2) DEFAULT NULL,
  PRIMARY KEY (id),
  KEY purchase_customer (customer_id, placed),
  KEY purchase_state_placed (state, placed),
  CONSTRAINT purchase_of_customer FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE purchase_line (
  purchase_id bigint NOT NULL,
  line smallint NOT NULL,
  product_id int NOT NULL,
  quantity smallint unsigned NOT NULL,
  price decimal(10,2) NOT NULL,
  discount decimal(5,4) DEFAULT NULL,
  PRIMARY KEY (purchase_id, line),
  KEY line_product (product_id),
  CONSTRAINT line_of_purchase FOREIGN KEY (purchase_id) REFERENCES purchase (id) ON DELETE CASCADE,
  CONSTRAINT line_of_product FOREIGN KEY (product_id) REFERENCES product (id),
  CONSTRAINT line_quantity CHECK (quantity > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE payment (
  id binary(16) NOT NULL,
  purchase_id bigint NOT NULL,
  method enum('card','transfer','cash','voucher') NOT NULL,
  amount decimal(12,2) NOT NULL,
  reference varbinary(64) DEFAULT NULL,
  booked timestamp(6) NULL DEFAULT NULL,
  PRIMARY KEY (id),
  KEY payment_purchase (purchase_id),
  KEY payment_booked (booked),
  CONSTRAINT payment_of_purchase FOREIGN KEY (purchase_id) REFERENCES purchase (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE review (
  product_id int NOT NULL,
  customer_id bigint unsigned NOT NULL,
  stars tinyint NOT NULL,
  title varchar(100) DEFAULT NULL,
  body text,
  written datetime(6) NOT NULL,
  PRIMARY KEY (product_id, customer_id),
  KEY review_customer (customer_id),
  KEY review_title (title),
  CONSTRAINT review_of_product FOREIGN KEY (product_id) REFERENCES product (id) ON DELETE CASCADE,
  CONSTRAINT review_of_customer FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE,
  CONSTRAINT review_stars CHECK (stars between 1 and 5)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- No primary key, and rows that are alike.
CREATE TABLE visit (
  happened datetime(2) NOT NULL,
  customer_id bigint unsigned DEFAULT NULL,
  page varchar(100) NOT NULL,
  took_ms int DEFAULT NULL,
  KEY visit_happened (happened)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE every_type (
  id int NOT NULL,
  t tinyint DEFAULT NULL,
  tu tinyint unsigned DEFAULT NULL,
  s smallint DEFAULT NULL,
  su smallint unsigned DEFAULT NULL,
  m mediumint DEFAULT NULL,
  mu mediumint unsigned DEFAULT NULL,
  i int DEFAULT NULL,
  iu int unsigned DEFAULT NULL,
  b bigint DEFAULT NULL,
  bu bigint unsigned DEFAULT NULL,
  d decimal(20,6) DEFAULT NULL,
  d_big decimal(65,30) DEFAULT NULL,
  f float DEFAULT NULL,
  g double DEFAULT NULL,
  bit1 bit(1) DEFAULT NULL,
  bit64 bit(64) DEFAULT NULL,
  flag bool DEFAULT NULL,
  c char(10) DEFAULT NULL,
  v varchar(255) DEFAULT NULL,
  v_latin varchar(50) CHARACTER SET latin1 DEFAULT NULL,
  tt tinytext,
  tx text,
  mt mediumtext,
  lt longtext,
  bi binary(8) DEFAULT NULL,
  vb varbinary(300) DEFAULT NULL,
  tb tinyblob,
  bl blob,
  mb mediumblob,
  lb longblob,
  da date DEFAULT NULL,
  dt0 datetime DEFAULT NULL,
  dt1 datetime(1) DEFAULT NULL,
  dt3 datetime(3) DEFAULT NULL,
  dt6 datetime(6) DEFAULT NULL,
  ts timestamp NULL DEFAULT NULL,
  ts6 timestamp(6) NULL DEFAULT NULL,
  ti time DEFAULT NULL,
  ti3 time(3) DEFAULT NULL,
  ti6 time(6) DEFAULT NULL,
  y year DEFAULT NULL,
  en enum('small','medium','large','größer') DEFAULT NULL,
  se set('a','b','c','d') DEFAULT NULL,
  js json DEFAULT NULL,
  PRIMARY KEY (id),
  KEY by_tu_s (tu, s),
  KEY by_d (d),
  KEY by_g (g),
  KEY by_v (v(10)),
  KEY by_vb (vb(6)),
  KEY by_dt6 (dt6),
  KEY by_ti3 (ti3),
  KEY by_en (en),
  UNIQUE KEY by_bu_id (bu, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE defaults (
  id int NOT NULL AUTO_INCREMENT,
  n int NOT NULL DEFAULT 7,
  d decimal(6,2) DEFAULT 1.50,
  s varchar(20) DEFAULT 'it''s \\ "so"',
  e enum('x','y') DEFAULT 'y',
  b bit(4) DEFAULT b'1010',
  dt datetime DEFAULT '2020-02-29 12:34:56',
  da date NOT NULL DEFAULT '1999-12-31',
  expr int DEFAULT (3 * 4 + 1),
  empty varchar(5) NOT NULL DEFAULT '',
  PRIMARY KEY (id)
) ENGINE=InnoDB AUTO_INCREMENT=100 DEFAULT CHARSET=utf8mb4;

CREATE TABLE price_change (
  id int NOT NULL AUTO_INCREMENT,
  product_id int NOT NULL,
  old_price decimal(10,2) DEFAULT NULL,
  new_price decimal(10,2) DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE word (
  id int NOT NULL,
  ci varchar(40) NOT NULL,
  bin varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  uni varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL,
  PRIMARY KEY (id),
  KEY word_ci (ci),
  KEY word_bin (bin),
  KEY word_uni (uni)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

DELIMITER ;;
CREATE TRIGGER product_price_change AFTER UPDATE ON product FOR EACH ROW
BEGIN
  IF NOT (OLD.price <=> NEW.price) THEN
    INSERT INTO price_change (product_id, old_price, new_price) VALUES (NEW.id, OLD.price, NEW.price);
  END IF;
END ;;
CREATE TRIGGER stock_not_negative BEFORE UPDATE ON stock FOR EACH ROW
BEGIN
  IF NEW.quantity < 0 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stock cannot be negative';
  END IF;
END ;;
CREATE PROCEDURE restock(IN which int, IN add_quantity int)
BEGIN
  DECLARE before_quantity int DEFAULT 0;
  SELECT sum(quantity) INTO before_quantity FROM stock WHERE product_id = which;
  UPDATE stock SET quantity = quantity + add_quantity WHERE product_id = which AND warehouse = 1;
  SELECT which AS product, before_quantity AS before_quantity, sum(quantity) AS after_quantity FROM stock WHERE product_id = which;
END ;;
CREATE PROCEDURE count_down(IN n int)
BEGIN
  DECLARE total int DEFAULT 0;
  WHILE n > 0 DO
    SET total = total + n;
    SET n = n - 1;
  END WHILE;
  SELECT total;
END ;;
DELIMITER ;

CREATE VIEW active_customer AS
  SELECT id, name, email, country, credit FROM customer WHERE status = 'active';
CREATE VIEW purchase_total AS
  SELECT p.id, p.customer_id, p.state, count(l.line) AS line_count, sum(l.quantity * l.price) AS amount
  FROM purchase p LEFT JOIN purchase_line l ON l.purchase_id = p.id GROUP BY p.id, p.customer_id, p.state;
CREATE VIEW best_customer AS
  SELECT c.id, c.name, sum(t.amount) AS amount FROM active_customer c JOIN purchase_total t ON t.customer_id = c.id
  GROUP BY c.id, c.name HAVING amount > 1000;
