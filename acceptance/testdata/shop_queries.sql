-- What MariaDB and Redoubt must answer alike. See script_test.go for the form.

-- name: point select by primary key
SELECT id, email, name, country, status, flags, credit, vip, created FROM customer WHERE id = 7;

-- name: point select by unique key
SELECT id, name FROM customer WHERE email = 'c12@example.org';

-- name: range by primary key
SELECT id, sku, price FROM product WHERE id BETWEEN 5 AND 15 ORDER BY id;

-- name: IN list with NULL
SELECT id, country FROM customer WHERE id IN (3, 5, 8, NULL) ORDER BY id;

-- name: NOT IN with NULL gives nothing
SELECT count(*) FROM customer WHERE id NOT IN (3, NULL);

-- name: prefix of a multi-column key
SELECT id, country, status FROM customer WHERE country = 'AA' AND status = 'active' ORDER BY id;

-- name: prefix index on text
SELECT id, note FROM customer WHERE note LIKE 'red%' ORDER BY id LIMIT 20;

-- name: order by an index, descending, with a limit
SELECT id, created FROM customer ORDER BY created DESC, id LIMIT 10;

-- name: limit and offset
SELECT id FROM product ORDER BY price DESC, id LIMIT 10 OFFSET 15;

-- name: limit in the old form
SELECT id FROM product ORDER BY id LIMIT 3, 4;

-- name: NULLs come first ascending
SELECT id, weight FROM product ORDER BY weight, id LIMIT 12;

-- name: NULLs come last descending
SELECT id, weight FROM product ORDER BY weight DESC, id LIMIT 12;

-- name: order by position and alias
SELECT id AS k, price * 2 AS twice FROM product ORDER BY 2 DESC, k LIMIT 5;

-- name: order by an expression
SELECT id, price FROM product ORDER BY id % 7, -id LIMIT 9;

-- name: order by case-insensitive collation
SELECT ci FROM word WHERE ci REGEXP '^[a-z ]+$' ORDER BY ci, id;

-- name: order by general_ci with accents
SELECT ci FROM word WHERE ci NOT IN ('', '_', '日本', '🚀', '🍎') ORDER BY ci, id;

-- name: order by binary collation
SELECT bin FROM word ORDER BY bin, id;

-- name: equality in general_ci ignores case and accents
SELECT id, ci FROM word WHERE ci = 'APPLE' ORDER BY id;

-- name: equality in binary collation
SELECT id, bin FROM word WHERE bin = 'Apple' ORDER BY id;

-- name: equality in unicode_ci
SELECT id, uni FROM word WHERE uni = 'STRASSE' ORDER BY id;

-- name: group by in a case-insensitive collation
SELECT count(*) AS n FROM word GROUP BY ci HAVING n > 1 ORDER BY n, min(id);

-- name: distinct in a case-insensitive collation
SELECT count(DISTINCT ci), count(DISTINCT bin) FROM word;

-- name: collate in the query
SELECT id FROM word WHERE ci COLLATE utf8mb4_bin = 'apple';

-- name: emoji and trailing blanks
SELECT id, char_length(ci), length(ci), hex(ci) FROM word WHERE ci IN ('🚀', '日本', 'ab') ORDER BY id;

-- name: inner join of two
SELECT p.id, p.name, s.name FROM product p JOIN supplier s ON s.id = p.supplier_id WHERE p.id <= 20 ORDER BY p.id;

-- name: inner join of five
SELECT c.name, p.id, l.line, pr.sku, ca.name FROM customer c JOIN purchase p ON p.customer_id = c.id JOIN purchase_line l ON l.purchase_id = p.id JOIN product pr ON pr.id = l.product_id JOIN category ca ON ca.id = pr.category_id WHERE c.id <= 10 ORDER BY p.id, l.line;

-- name: join with USING
SELECT product_id, s.quantity, r.stars FROM stock s JOIN review r USING (product_id) WHERE s.warehouse = 1 AND product_id < 10 ORDER BY product_id, r.customer_id;

-- name: natural join
SELECT count(*) FROM (SELECT 1 AS a, 2 AS b) x NATURAL JOIN (SELECT 1 AS a, 3 AS c) y;

-- name: left join keeps rows without a partner
SELECT c.id, a.city FROM customer c LEFT JOIN address a ON a.customer_id = c.id AND a.kind = 'home' WHERE c.id <= 25 ORDER BY c.id;

-- name: left join as anti join
SELECT count(*) FROM customer c LEFT JOIN purchase p ON p.customer_id = c.id WHERE p.id IS NULL;

-- name: right join
SELECT s.id, count(p.id) FROM product p RIGHT JOIN supplier s ON s.id = p.supplier_id GROUP BY s.id ORDER BY s.id LIMIT 30;

-- name: left join of a join
SELECT c.id, count(l.line), coalesce(sum(l.quantity), 0) FROM customer c LEFT JOIN (purchase p JOIN purchase_line l ON l.purchase_id = p.id) ON p.customer_id = c.id WHERE c.id < 20 GROUP BY c.id ORDER BY c.id;

-- name: self join
SELECT a.id, a.name, b.name AS parent FROM category a LEFT JOIN category b ON b.id = a.parent_id ORDER BY a.id;

-- name: cross join
SELECT a.id, b.id FROM category a CROSS JOIN category b WHERE a.id < 4 AND b.id < 4 ORDER BY 1, 2;

-- name: join on a range
SELECT count(*) FROM product a JOIN product b ON b.price BETWEEN a.price AND a.price + 1 WHERE a.id < 30;

-- name: aggregates of integers
SELECT count(*), count(weight), min(id), max(id), sum(id), avg(id) FROM product;

-- name: aggregates of decimals
SELECT sum(price), avg(price), min(price), max(price) FROM product;

-- name: aggregates of a stored generated column
SELECT sum(price_gross), min(price_gross), max(price_gross) FROM product;

-- name: aggregates of nothing
SELECT count(*), sum(id), avg(price), min(name), max(name) FROM product WHERE id < 0;

-- name: sum of an exact product
SELECT l.purchase_id, sum(l.quantity * l.price) AS amount FROM purchase_line l GROUP BY l.purchase_id ORDER BY amount DESC, 1 LIMIT 10;

-- name: group by two columns
SELECT country, status, count(*), sum(credit) FROM customer GROUP BY country, status ORDER BY country, status;

-- name: group by an expression
SELECT year(placed) AS y, month(placed) AS m, count(*) FROM purchase GROUP BY year(placed), month(placed) ORDER BY y, m;

-- name: having on an aggregate
SELECT customer_id, count(*) AS n FROM purchase GROUP BY customer_id HAVING count(*) >= 5 ORDER BY n DESC, customer_id LIMIT 20;

-- name: having on an alias
SELECT customer_id, sum(total) AS spent FROM purchase GROUP BY customer_id HAVING spent > 100000 ORDER BY spent DESC, customer_id LIMIT 20;

-- name: having on an alias that hides a column
SELECT customer_id, sum(total) AS total FROM purchase GROUP BY customer_id HAVING total > 100000 ORDER BY customer_id LIMIT 20;

-- name: having without group by
SELECT count(*) AS n FROM product HAVING n > 10;

-- name: rollup of one column
SELECT state, count(*) FROM purchase GROUP BY state WITH ROLLUP;

-- name: rollup of two columns
-- unordered
SELECT country, vip, count(*), max(credit) FROM customer WHERE country < 'AD' GROUP BY country, vip WITH ROLLUP;

-- name: count distinct of two columns
SELECT count(DISTINCT country, status) FROM customer;

-- name: group_concat
SELECT parent_id, group_concat(id ORDER BY id DESC SEPARATOR ';') FROM category GROUP BY parent_id ORDER BY parent_id;

-- name: group_concat distinct
SELECT group_concat(DISTINCT kind ORDER BY kind) FROM address WHERE customer_id < 30;

-- name: bit aggregates and deviation
SELECT bit_and(reserved), bit_or(reserved), bit_xor(reserved), round(stddev_pop(quantity), 6), round(var_samp(quantity), 4) FROM stock WHERE warehouse = 2;

-- name: distinct
SELECT DISTINCT country FROM customer ORDER BY country;

-- name: distinct of two columns with a limit
SELECT DISTINCT status, vip FROM customer ORDER BY status, vip LIMIT 6;

-- name: row_number
SELECT id, category_id, row_number() OVER (PARTITION BY category_id ORDER BY price DESC, id) AS n FROM product WHERE category_id <= 5 ORDER BY category_id, n LIMIT 40;

-- name: rank and dense_rank
SELECT customer_id, stars, rank() OVER (ORDER BY stars) AS r, dense_rank() OVER (ORDER BY stars) AS d FROM review WHERE product_id < 10 ORDER BY stars, customer_id, product_id;

-- name: running sum
SELECT id, reserved_sum FROM (SELECT product_id AS id, sum(reserved) OVER (ORDER BY product_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS reserved_sum FROM stock WHERE warehouse = 1) x WHERE id <= 20 ORDER BY id;

-- name: moving average
SELECT product_id, avg(quantity) OVER (ORDER BY product_id ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING) AS a FROM stock WHERE warehouse = 3 AND product_id <= 20 ORDER BY product_id;

-- name: lag and lead
SELECT id, placed, lag(id) OVER w AS before_id, lead(id, 2) OVER w AS after_id FROM purchase WHERE customer_id <= 5 WINDOW w AS (PARTITION BY customer_id ORDER BY placed, id) ORDER BY id;

-- name: first_value and last_value
SELECT product_id, warehouse, first_value(quantity) OVER (PARTITION BY product_id ORDER BY warehouse) AS f, last_value(quantity) OVER (PARTITION BY product_id ORDER BY warehouse ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS l FROM stock WHERE product_id <= 8 ORDER BY product_id, warehouse;

-- name: ntile and percent_rank
SELECT id, ntile(4) OVER (ORDER BY id) AS q, round(percent_rank() OVER (ORDER BY id), 6) AS p FROM product WHERE id <= 17 ORDER BY id;

-- name: window over an aggregate, sorted
SELECT * FROM (SELECT country, count(*) AS n, sum(count(*)) OVER () AS everything FROM customer GROUP BY country) x ORDER BY country;

-- MariaDB does not sort the next by country.
-- name: window over an aggregate
-- unordered
SELECT country, count(*) AS n, sum(count(*)) OVER () AS everything FROM customer GROUP BY country ORDER BY country;

-- name: cte
WITH big AS (SELECT customer_id, sum(total) AS s FROM purchase GROUP BY customer_id) SELECT c.id, c.name, b.s FROM big b JOIN customer c ON c.id = b.customer_id WHERE b.s > 50000 ORDER BY b.s DESC, c.id LIMIT 15;

-- name: two ctes, one on the other
WITH a AS (SELECT id, price FROM product WHERE id <= 50), b AS (SELECT id, price FROM a WHERE price > 300) SELECT count(*), min(price) FROM b;

-- name: cte used twice
WITH s AS (SELECT state, count(*) AS n FROM purchase GROUP BY state) SELECT x.state, x.n FROM s x WHERE x.n = (SELECT max(n) FROM s);

-- name: recursive cte counts
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) SELECT i, i * i FROM n ORDER BY i;

-- name: recursive cte over a tree
WITH RECURSIVE tree AS (SELECT id, parent_id, 0 AS depth FROM category WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, t.depth + 1 FROM category c JOIN tree t ON c.parent_id = t.id) SELECT id, parent_id, depth FROM tree ORDER BY id;

-- name: recursive cte builds paths
WITH RECURSIVE tree (id, path) AS (SELECT id, cast(id AS char(200)) FROM category WHERE parent_id IS NULL UNION ALL SELECT c.id, concat(t.path, '/', c.id) FROM category c JOIN tree t ON c.parent_id = t.id) SELECT id, path FROM tree ORDER BY id;

-- name: recursive cte over dates
WITH RECURSIVE d AS (SELECT date('2024-02-26') AS day UNION ALL SELECT date_add(day, INTERVAL 1 DAY) FROM d WHERE day < '2024-03-02') SELECT day, dayname(day) FROM d ORDER BY day;

-- name: scalar subquery
SELECT id, price FROM product WHERE price = (SELECT max(price) FROM product) ORDER BY id;

-- name: correlated scalar subquery
SELECT c.id, (SELECT count(*) FROM purchase p WHERE p.customer_id = c.id) AS n, (SELECT max(placed) FROM purchase p WHERE p.customer_id = c.id) AS newest FROM customer c WHERE c.id <= 15 ORDER BY c.id;

-- name: correlated subquery in where
SELECT p.id, p.category_id, p.price FROM product p WHERE p.price = (SELECT max(q.price) FROM product q WHERE q.category_id = p.category_id) ORDER BY p.id;

-- name: exists
SELECT c.id FROM customer c WHERE EXISTS (SELECT 1 FROM review r WHERE r.customer_id = c.id AND r.stars = 5) AND c.id <= 300 ORDER BY c.id;

-- name: not exists
SELECT count(*) FROM product p WHERE NOT EXISTS (SELECT 1 FROM purchase_line l WHERE l.product_id = p.id);

-- name: in subquery
SELECT count(*) FROM purchase WHERE customer_id IN (SELECT id FROM customer WHERE vip AND status = 'active');

-- name: any and all
SELECT (SELECT count(*) FROM product WHERE price > ALL (SELECT price FROM product WHERE id < 5)) AS a, (SELECT count(*) FROM product WHERE price = ANY (SELECT price FROM product WHERE id < 5)) AS b;

-- name: row comparison
SELECT warehouse, product_id FROM stock WHERE (warehouse, product_id) IN ((1, 2), (2, 3), (9, 9)) ORDER BY 1, 2;

-- name: row not in, with NULL
SELECT id FROM category WHERE (parent_id, id) NOT IN ((1, 2), (2, 7), (3, 3)) ORDER BY id;

-- name: NULL not in a subquery
SELECT id FROM category WHERE parent_id NOT IN (SELECT id FROM supplier WHERE id < 4) ORDER BY id;

-- name: NULL not in an empty subquery
SELECT id FROM category WHERE parent_id NOT IN (SELECT id FROM supplier WHERE id < 0) ORDER BY id;

-- name: not in a subquery with NULL
SELECT id FROM supplier WHERE id NOT IN (SELECT parent_id FROM category) ORDER BY id;

-- name: not exists, with NULL
SELECT a.id FROM category a WHERE NOT EXISTS (SELECT 1 FROM category b WHERE b.parent_id = a.id) ORDER BY a.id;
SELECT a.id FROM category a WHERE NOT EXISTS (SELECT 1 FROM category b WHERE b.id = a.parent_id) ORDER BY a.id;
SELECT a.id FROM category a WHERE NOT EXISTS (SELECT 1 FROM category b WHERE b.parent_id = a.parent_id AND b.id < a.id) ORDER BY a.id;

-- name: running max
SELECT product_id, max(quantity) OVER (ORDER BY product_id) AS m, min(quantity) OVER (ORDER BY product_id) AS n FROM stock WHERE warehouse = 2 AND product_id <= 15 ORDER BY product_id;

-- name: subquery in a subquery below a union
(SELECT id FROM category WHERE id > 35 OR parent_id IN (SELECT product_id FROM stock WHERE warehouse IN (SELECT warehouse FROM stock WHERE quantity > 900) AND product_id < 3)) UNION (SELECT id FROM supplier WHERE id < 3) ORDER BY id;

-- name: derived table with a subquery, joined
SELECT s.id, w.c FROM supplier s JOIN (SELECT p.supplier_id AS c FROM product p WHERE p.category_id IN (SELECT id FROM category WHERE id < 4)) w ON w.c = s.id ORDER BY s.id;

-- name: null-safe join by an index
SELECT count(*), sum(a.id), sum(b.id) FROM category a JOIN category b ON a.parent_id <=> b.parent_id;
SELECT count(*), sum(a.id), sum(b.id) FROM category a LEFT JOIN category b ON b.parent_id <=> if(a.id < 5, NULL, a.id);

-- name: exists by an index
SELECT count(*), sum(p.id) FROM product p WHERE EXISTS (SELECT 1 FROM product q WHERE q.category_id = p.category_id AND q.id > 1);
SELECT count(*), sum(p.id) FROM product p WHERE p.category_id IN (SELECT q.category_id FROM product q WHERE q.id > 1);

-- name: hash join on text
SELECT count(*), sum(a.id), sum(b.id) FROM (SELECT id, concat(ci, '') AS s FROM word) a JOIN (SELECT id, concat(ci, '') AS s FROM word) b ON a.s = b.s;
SELECT a.id, count(b.id) FROM (SELECT id, concat(ci, '') AS s FROM word) a LEFT JOIN (SELECT id, upper(ci) AS s FROM word WHERE id < 20) b ON a.s = b.s GROUP BY a.id ORDER BY a.id;

-- name: order of a parenthesised select
(SELECT id FROM category WHERE id < 5) ORDER BY id DESC LIMIT 2;

-- name: join on text in a case-insensitive collation
SELECT a.id, b.id FROM word a JOIN word b ON a.ci = b.ci WHERE a.id < b.id AND b.id < 39 ORDER BY a.id, b.id;
SELECT a.id, b.id FROM word a LEFT JOIN word b ON a.ci = b.ci AND a.id <> b.id WHERE a.id < 20 ORDER BY a.id, b.id;

-- name: derived table
SELECT x.n, count(*) FROM (SELECT customer_id, count(*) AS n FROM purchase GROUP BY customer_id) x GROUP BY x.n ORDER BY x.n;

-- name: union removes what is twice
SELECT country FROM customer WHERE id < 30 UNION SELECT country FROM supplier WHERE id < 30 ORDER BY country;

-- name: union all with order and limit
(SELECT id, 'c' AS what FROM customer WHERE id <= 3) UNION ALL (SELECT id, 'p' FROM product WHERE id <= 3) ORDER BY what DESC, id LIMIT 5;

-- name: except and intersect
SELECT code FROM country EXCEPT SELECT country FROM customer WHERE country > 'B' ORDER BY code;
SELECT code FROM country INTERSECT SELECT country FROM supplier ORDER BY code;

-- name: like with escapes
SELECT id, name FROM customer WHERE name LIKE '%100\%' OR name LIKE '%under\_score' ORDER BY id LIMIT 10;

-- name: like with one character
SELECT id, sku FROM product WHERE sku LIKE 'SKU-00001_' ORDER BY id;

-- name: like ignores case
SELECT count(*) FROM customer WHERE name LIKE 'ANNA %';

-- name: not like
SELECT count(*) FROM product WHERE name NOT LIKE '%red%';

-- name: regexp
SELECT count(*) FROM product WHERE name REGEXP '^(red|blue) .*(steel|glass)$';

-- name: regexp_replace and regexp_substr
SELECT id, regexp_replace(sku, '0+', '#'), regexp_substr(sku, '[1-9][0-9]*$') FROM product WHERE id IN (1, 10, 17) ORDER BY id;

-- name: string functions
SELECT upper(name), lower(name), char_length(name), length(name), left(name, 3), right(name, 2), substring(name, 2, 4), reverse(name) FROM customer WHERE id <= 12 ORDER BY id;

-- name: string functions, second part
SELECT concat_ws('-', 'a', NULL, 'b');
SELECT replace('a.b.c', '.', '/');
SELECT lpad('7', 3, '0');
SELECT rpad('x', 3, '.');
SELECT trim('  x ');
SELECT ltrim('  x');
SELECT trim(BOTH 'x' FROM 'xxaxx');
SELECT instr('foobar', 'bar');
SELECT locate('o', 'foo', 3);
SELECT repeat('ab', 3);
SELECT space(2);
SELECT strcmp('a', 'b');
SELECT insert('Quadratic', 3, 4, 'What');
SELECT field('b', 'a', 'b');
SELECT elt(2, 'x', 'y');
SELECT find_in_set('b', 'a,b,c');
SELECT substring_index('www.example.org', '.', 2);

-- name: string functions, third part
SELECT hex('abc');
SELECT unhex('4D79');
SELECT ascii('A');
SELECT ord('é');
SELECT char(77, 121 USING utf8mb4);
SELECT md5('x');
SELECT sha1('x');
SELECT sha2('x', 256);
SELECT to_base64('hello');
SELECT from_base64('aGVsbG8=');
SELECT crc32('MariaDB');
SELECT soundex('hello');
SELECT quote('it''s');
SELECT format(1234567.891, 2);
SELECT conv('ff', 16, 10);
SELECT bin(10);
SELECT oct(8);

-- name: numeric functions
SELECT abs(-5);
SELECT ceil(1.2);
SELECT floor(-1.2);
SELECT round(2.5);
SELECT round(-2.5);
SELECT round(1.2345, 2);
SELECT truncate(1.999, 2);
SELECT mod(-7, 3);
SELECT -7 % 3;
SELECT 7 DIV 2;
SELECT power(2, 10);
SELECT sqrt(16);
SELECT sign(-3);
SELECT greatest(3, 9, 4);
SELECT least('b', 'a');
SELECT pi();
SELECT ln(1);
SELECT log10(1000);
SELECT exp(0);
SELECT degrees(pi());
SELECT radians(180);
SELECT round(cot(1), 12);
SELECT atan2(1, 1);

-- name: arithmetic and its types
SELECT 1 / 3;
SELECT 10 / 4;
SELECT 7 / 2.0;
SELECT 1.10 * 2.20;
SELECT 1.5 + 2;
SELECT 3 - 5;
SELECT 5 DIV 2;
SELECT 1e3 + 1;
SELECT 0.1 + 0.2;
SELECT -(-3);
SELECT 2 * 3.50;
SELECT 18446744073709551615 + 0;
SELECT 1 / 0;
SELECT NULL + 1;

-- name: bits and logic
SELECT 5 & 3;
SELECT 5 | 3;
SELECT 5 ^ 3;
SELECT ~0;
SELECT 1 << 4;
SELECT 256 >> 4;
SELECT NOT 1;
SELECT 1 AND NULL;
SELECT 0 AND NULL;
SELECT 1 OR NULL;
SELECT 1 XOR 1;
SELECT NULL <=> NULL;
SELECT 1 <=> NULL;
SELECT NULL IS NULL;
SELECT 3 BETWEEN 1 AND 5;
SELECT 2 IN (1, 2);

-- name: bit column
SELECT id, features + 0, hex(features), bin(features & b'1111') FROM product WHERE id <= 8 ORDER BY id;

-- name: case
SELECT id, CASE WHEN price < 100 THEN 'cheap' WHEN price < 500 THEN 'fair' ELSE 'dear' END AS class, CASE category_id WHEN 1 THEN 'one' WHEN 2 THEN 'two' END AS c FROM product WHERE id <= 25 ORDER BY id;

-- name: if, ifnull, nullif, coalesce
SELECT id, if(vip, 'yes', 'no'), ifnull(country, '--'), nullif(status, 'active'), coalesce(nick, note, 'none') FROM customer WHERE id <= 25 ORDER BY id;

-- name: casts
SELECT cast('12abc' AS signed);
SELECT cast(-1 AS unsigned);
SELECT cast(3.7 AS signed);
SELECT cast('3.14159' AS decimal(6, 3));
SELECT cast(20240229 AS date);
SELECT cast('2024-02-29 10:11:12.5' AS datetime(3));
SELECT cast(65 AS char);
SELECT cast('a' AS binary(3));
SELECT cast('1.5' AS double);
SELECT convert('ä' USING latin1) = 'ä';

-- name: comparisons across types
SELECT '10' = 10;
SELECT '10' > '9';
SELECT 10 > '9';
SELECT 'a' = 'A';
SELECT 'a' = 0;
SELECT '1e1' = 10;
SELECT 1.0 = 1;
SELECT NULL = NULL;
SELECT '2024-01-01' < date('2024-01-02');

-- name: date parts
SELECT placed, year(placed), quarter(placed), month(placed), monthname(placed), week(placed), weekofyear(placed), day(placed), dayofweek(placed), weekday(placed), dayofyear(placed), hour(placed), minute(placed), second(placed), microsecond(placed) FROM purchase WHERE id <= 6 ORDER BY id;

-- name: date arithmetic
SELECT date_add('2024-01-31', INTERVAL 1 MONTH);
SELECT '2024-03-31' - INTERVAL 1 MONTH;
SELECT date_sub('2024-01-01 00:00:00', INTERVAL 1 SECOND);
SELECT '2024-02-28 23:59:59' + INTERVAL '1:1' MINUTE_SECOND;
SELECT datediff('2024-03-01', '2024-02-01');
SELECT timestampdiff(MONTH, '2023-01-31', '2024-01-30');
SELECT timestampdiff(SECOND, '2024-01-01', '2024-01-02');
SELECT timestampadd(WEEK, 2, '2024-01-01');
SELECT last_day('2024-02-10');
SELECT makedate(2024, 60);
SELECT addtime('10:00:00', '01:30:00');
SELECT timediff('2024-01-02 00:00:00', '2024-01-01 12:00:00');

-- name: date formats
SELECT date_format('2024-07-04 05:06:07.089', '%Y-%m-%d %H:%i:%s.%f %W %M %e %j %p %y %b %a %D %U %T %r');
SELECT str_to_date('04.07.2024', '%d.%m.%Y');
SELECT str_to_date('2024-07-04 05:06:07', '%Y-%m-%d %H:%i:%s');
SELECT time_format('25:06:07', '%H %k');
SELECT from_unixtime(86400);
SELECT unix_timestamp('2024-01-01 00:00:00');
SELECT to_days('2024-01-01');
SELECT from_days(739251);
SELECT sec_to_time(3661);
SELECT time_to_sec('01:01:01');
SELECT extract(YEAR_MONTH FROM '2024-07-04');
SELECT date('2024-07-04 10:00:00');
SELECT time('2024-07-04 10:00:00');

-- name: dates with fractions in rows
SELECT id, placed, date(placed), time(placed), placed + INTERVAL 1 DAY, shipping FROM purchase WHERE id <= 12 ORDER BY id;

-- name: where on microseconds
SELECT id FROM customer WHERE created = (SELECT max(created) FROM customer) ORDER BY id;

-- name: range on a datetime key
SELECT count(*), min(placed), max(placed) FROM purchase WHERE state = 'paid' AND placed >= '2023-06-01' AND placed < '2023-07-01';

-- name: time values
SELECT id, ti, ti3, ti6 FROM every_type WHERE ti3 > '100:00:00' ORDER BY ti3 DESC, id LIMIT 10;

-- name: year values
SELECT y, count(*) FROM every_type GROUP BY y ORDER BY y LIMIT 15;

-- name: enum sorts by its number
SELECT status, count(*) FROM customer GROUP BY status ORDER BY status;

-- name: enum compares as text and number
SELECT (SELECT count(*) FROM customer WHERE status = 'active') AS a, (SELECT count(*) FROM customer WHERE status = 2) AS b, (SELECT count(*) FROM customer WHERE status + 0 > 2) AS c;

-- name: set values
SELECT flags, flags + 0, count(*) FROM customer WHERE find_in_set('phone', flags) GROUP BY flags ORDER BY flags + 0;

-- name: json values
SELECT id, json_extract(preferences, '$.lang'), json_value(preferences, '$.size'), json_unquote(json_extract(preferences, '$.tags[0]')), json_length(preferences, '$.tags') FROM customer WHERE preferences IS NOT NULL ORDER BY id LIMIT 15;

-- name: json in where and group by
SELECT json_unquote(json_extract(preferences, '$.lang')) AS lang, count(*) FROM customer GROUP BY lang ORDER BY lang;

-- name: json functions
SELECT json_valid('{"a":1}');
SELECT json_valid('{a}');
SELECT json_type('[1]');
SELECT json_contains('[1,2,3]', '2');
SELECT json_keys('{"a":1,"b":2}');
SELECT json_depth('[[1]]');
SELECT json_object('a', 1, 'b', NULL);
SELECT json_array(1, 'x', NULL);
SELECT json_quote('a"b');

-- name: json text comes back as it went in
SELECT id, js FROM every_type WHERE id <= 3 ORDER BY id;

-- name: binary values
SELECT hex(id), length(reference), hex(left(reference, 2)) FROM payment ORDER BY id LIMIT 10;

-- name: blob lengths and digests
SELECT id, length(tb), length(bl), length(mb), length(lb), md5(bl), md5(lb), md5(lt) FROM every_type ORDER BY id LIMIT 20;

-- name: range on a binary prefix key
SELECT id FROM every_type WHERE vb >= x'80' AND vb < x'c0' ORDER BY id;

-- name: extreme numbers
SELECT t, tu, s, su, m, mu, i, iu, b, bu, d, d_big, f, g, bit64 + 0 FROM every_type WHERE id <= 3 ORDER BY id;

-- name: order by unsigned bigint
SELECT id, bu FROM every_type ORDER BY bu DESC, id LIMIT 10;

-- name: order by signed and doubles
SELECT id, g FROM every_type ORDER BY g, id LIMIT 15;

-- name: range on a decimal key
SELECT id, d FROM every_type WHERE d BETWEEN -1000.5 AND 250000 ORDER BY d, id;

-- name: range on a double key
SELECT id, g FROM every_type WHERE g > 100000.25 ORDER BY g, id;

-- name: float
SELECT id, f, round(f * 2, 3) FROM every_type WHERE id > 3 ORDER BY id LIMIT 15;

-- name: view
SELECT id, name, email FROM active_customer WHERE country = 'AB' ORDER BY id;

-- name: view with aggregates
SELECT id, line_count, amount FROM purchase_total WHERE id <= 20 ORDER BY id;

-- name: view of views
SELECT id, name, amount FROM best_customer ORDER BY amount DESC, id LIMIT 10;

-- name: join with a view
SELECT a.id, count(p.id) FROM active_customer a JOIN purchase p ON p.customer_id = a.id WHERE a.id < 60 GROUP BY a.id ORDER BY a.id;

-- name: generated columns
SELECT id, price_gross, label FROM product WHERE id <= 10 ORDER BY id;

-- name: defaults as they were dumped
SELECT * FROM defaults ORDER BY id;

-- name: user variables
SET @a := 5;
SELECT @a, @a * 2, @b;
SELECT @total := sum(id) FROM category;
SELECT @total > 0;

-- name: procedure with a result
CALL restock(3, 17);
SELECT * FROM stock WHERE product_id = 3 ORDER BY warehouse;

-- name: procedure with a loop
CALL count_down(10);

-- name: information_schema columns
SELECT column_name, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, column_key FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'stock' ORDER BY ordinal_position;

-- name: information_schema keys
SELECT index_name, non_unique, seq_in_index, column_name FROM information_schema.statistics WHERE table_schema = 'shop' AND table_name = 'customer' ORDER BY index_name, seq_in_index;

-- name: information_schema foreign keys
SELECT constraint_name, referenced_table_name, delete_rule FROM information_schema.referential_constraints WHERE constraint_schema = 'shop' AND delete_rule NOT IN ('RESTRICT', 'NO ACTION') ORDER BY constraint_name;

-- name: insert
INSERT INTO supplier (id, name, country, rating, since, contact) VALUES (1001, 'Nouvel É', 'AA', 4.5, 2020, NULL), (1002, 'Zwei', 'AB', NULL, 1999, 'x');
SELECT * FROM supplier WHERE id > 1000 ORDER BY id;

-- name: auto-increment goes on
INSERT INTO defaults (n) VALUES (11);
SELECT last_insert_id();
SELECT * FROM defaults ORDER BY id;

-- name: insert with defaults
INSERT INTO defaults () VALUES ();
INSERT INTO defaults (id, s, e) VALUES (300, DEFAULT, DEFAULT);
SELECT * FROM defaults ORDER BY id;

-- name: insert select
INSERT INTO price_change (id, product_id, old_price, new_price) SELECT id, id, price, price * 1.1 FROM product WHERE id <= 20 ORDER BY id;
SELECT count(*), sum(new_price) FROM price_change;

-- name: insert ignore
INSERT IGNORE INTO country (code, name) VALUES ('AA', 'again'), ('ZZ', 'Country Z');
SELECT * FROM country WHERE code IN ('AA', 'ZZ') ORDER BY code;

-- name: insert a duplicate of the primary key
-- error: 1062
INSERT INTO country (code, name) VALUES ('AA', 'again');

-- name: insert a duplicate of a unique key
-- error: 1062
INSERT INTO customer (email, name) VALUES ('C1@EXAMPLE.ORG', 'same but for case');

-- name: a failed statement leaves nothing
-- error: 1062
INSERT INTO country (code, name) VALUES ('Y1', 'fine'), ('AA', 'not fine');

-- name: nothing was left
SELECT count(*) FROM country WHERE code = 'Y1';

-- name: insert a child without a parent
-- error: 1452
INSERT INTO address (customer_id, kind, street, city) VALUES (99999999, 'home', 'x', 'y');

-- name: delete a parent with children
-- error: 1451
DELETE FROM supplier WHERE id = (SELECT supplier_id FROM product WHERE supplier_id IS NOT NULL ORDER BY id LIMIT 1);

-- name: insert NULL where none may be
-- error: 1048
INSERT INTO country (code, name) VALUES ('Y2', NULL);

-- name: insert out of range
-- error: 1264
INSERT INTO stock (warehouse, product_id) VALUES (256, 1);

-- name: insert too long
-- error: 1406
INSERT INTO country (code, name) VALUES ('TOO', 'long');

-- name: insert into a missing column
-- error: 1054
INSERT INTO country (code, nothing) VALUES ('Y3', 1);

-- name: insert with a wrong number of values
-- error: 1136
INSERT INTO country (code, name) VALUES ('Y3');

-- name: trigger raises an error
-- error: 1644
UPDATE stock SET quantity = -1 WHERE product_id = 5 AND warehouse = 1;

-- name: select from a missing table
-- error: 1146
SELECT * FROM nothing;

-- name: select a missing column
-- error: 1054
SELECT nothing FROM country;

-- name: ambiguous column
-- error: 1052
SELECT name FROM product JOIN supplier ON supplier.id = product.supplier_id;

-- name: syntax error
-- error: 1064
SELEC 1;

-- name: unknown function
-- error: 1305
SELECT no_such_function_here(1);

-- name: subquery with two rows
-- error: 1242
SELECT (SELECT id FROM product WHERE id < 3);

-- name: on duplicate key update
INSERT INTO stock (warehouse, product_id, quantity) VALUES (1, 1, 5), (1, 2, 6) ON DUPLICATE KEY UPDATE quantity = quantity + VALUES(quantity), reserved = reserved + 1;
SELECT * FROM stock WHERE warehouse = 1 AND product_id <= 2 ORDER BY product_id;

-- name: on duplicate key update by a unique key
INSERT INTO country (code, name, population) VALUES ('XX', 'Country 07', 12) ON DUPLICATE KEY UPDATE population = 777, native_name = concat('was ', code);
SELECT * FROM country WHERE name = 'Country 07';

-- name: replace
REPLACE INTO word (id, ci, bin, uni) VALUES (1, 'replaced', 'replaced', 'replaced'), (900, 'new', 'new', 'new');
SELECT * FROM word WHERE id IN (1, 900) ORDER BY id;

-- name: update one row
UPDATE product SET price = price + 1.55, name = concat(name, ' ✓') WHERE id = 11;
SELECT id, name, price, price_gross, label FROM product WHERE id = 11;
SELECT product_id, old_price, new_price FROM price_change WHERE product_id = 11 ORDER BY id;

-- name: update many rows fires the trigger for each
UPDATE product SET price = round(price * 0.9, 2) WHERE category_id IN (2, 3, 4);
SELECT count(*), sum(old_price), sum(new_price) FROM price_change;

-- name: update with order and limit
UPDATE stock SET reserved = 99 WHERE warehouse = 2 ORDER BY quantity DESC, product_id LIMIT 5;
SELECT product_id FROM stock WHERE warehouse = 2 AND reserved = 99 ORDER BY product_id;

-- name: update with a subquery
UPDATE customer SET credit = credit + (SELECT count(*) FROM purchase WHERE purchase.customer_id = customer.id) WHERE id <= 50;
SELECT id, credit FROM customer WHERE id <= 50 ORDER BY id;

-- name: update with a case
UPDATE review SET stars = CASE WHEN stars < 5 THEN stars + 1 ELSE 1 END WHERE product_id <= 10;
SELECT stars, count(*) FROM review WHERE product_id <= 10 GROUP BY stars ORDER BY stars;

-- name: update of a key column
UPDATE stock SET warehouse = 9 WHERE warehouse = 3 AND product_id BETWEEN 3 AND 6;
SELECT warehouse, count(*) FROM stock GROUP BY warehouse ORDER BY warehouse;

-- name: update a parent key cascades
UPDATE country SET code = 'QQ' WHERE code = 'AC';
SELECT (SELECT count(*) FROM customer WHERE country = 'QQ') AS c, (SELECT count(*) FROM supplier WHERE country = 'QQ') AS s, (SELECT count(*) FROM customer WHERE country = 'AC') AS gone;

-- name: update of two tables
UPDATE purchase p JOIN customer c ON c.id = p.customer_id SET p.coupon = 'VIP', c.note = 'had a coupon' WHERE c.vip AND p.state = 'open' AND p.id <= 200;
SELECT count(*) FROM purchase WHERE coupon = 'VIP';
SELECT count(*) FROM customer WHERE note = 'had a coupon';

-- name: update from an aggregate
UPDATE purchase p JOIN (SELECT purchase_id, sum(quantity * price) AS s FROM purchase_line GROUP BY purchase_id) l ON l.purchase_id = p.id SET p.total = l.s WHERE p.id <= 500;
SELECT id, total FROM purchase WHERE id <= 30 ORDER BY id;

-- name: update violates a check
-- error: 4025 3819
UPDATE product SET price = -1 WHERE id = 1;

-- name: delete by key
DELETE FROM purchase_line WHERE purchase_id = 4 AND line = 1;
SELECT * FROM purchase_line WHERE purchase_id = 4 ORDER BY line;

-- name: delete a range with order and limit
DELETE FROM visit ORDER BY happened, page, customer_id, took_ms LIMIT 7;
SELECT count(*) FROM visit;

-- name: delete one of two alike rows
DELETE FROM visit WHERE took_ms = 100;
SELECT count(*), sum(took_ms) FROM visit;

-- name: delete cascades
DELETE FROM payment WHERE purchase_id IN (SELECT id FROM purchase WHERE customer_id IN (8, 9));
DELETE FROM customer WHERE id IN (8, 9);
SELECT (SELECT count(*) FROM address WHERE customer_id IN (8, 9)) AS a, (SELECT count(*) FROM purchase WHERE customer_id IN (8, 9)) AS p, (SELECT count(*) FROM review WHERE customer_id IN (8, 9)) AS r, (SELECT count(*) FROM purchase_line) AS l;

-- name: delete sets NULL
DELETE FROM category WHERE id = 7;
SELECT (SELECT count(*) FROM product WHERE category_id IS NULL) AS p, (SELECT count(*) FROM category WHERE parent_id IS NULL) AS c;

-- name: delete from two tables
DELETE l, p FROM purchase p JOIN purchase_line l ON l.purchase_id = p.id WHERE p.state = 'cancelled' AND p.id <= 100 AND p.id NOT IN (SELECT purchase_id FROM payment);
SELECT (SELECT count(*) FROM purchase) AS p, (SELECT count(*) FROM purchase_line) AS l;

-- name: delete with a join
DELETE r FROM review r JOIN customer c ON c.id = r.customer_id WHERE c.status = 'gone';
SELECT count(*) FROM review;

-- name: transaction with rollback
START TRANSACTION;
UPDATE stock SET quantity = 0;
DELETE FROM word;
SELECT sum(quantity), (SELECT count(*) FROM word) FROM stock;
ROLLBACK;
SELECT sum(quantity), (SELECT count(*) FROM word) FROM stock;

-- name: transaction with commit
BEGIN;
INSERT INTO word VALUES (901, 'tx', 'tx', 'tx');
UPDATE word SET ci = 'TX!' WHERE id = 901;
COMMIT;
SELECT * FROM word WHERE id = 901;

-- name: autocommit off
SET autocommit = 0;
INSERT INTO word VALUES (902, 'a', 'a', 'a');
ROLLBACK;
INSERT INTO word VALUES (903, 'b', 'b', 'b');
COMMIT;
SET autocommit = 1;
SELECT id FROM word WHERE id > 901 ORDER BY id;

-- name: savepoints
START TRANSACTION;
INSERT INTO word VALUES (910, '1', '1', '1');
SAVEPOINT one;
INSERT INTO word VALUES (911, '2', '2', '2');
SAVEPOINT two;
DELETE FROM word WHERE id = 910;
ROLLBACK TO SAVEPOINT two;
SELECT id FROM word WHERE id >= 910 ORDER BY id;
ROLLBACK TO one;
INSERT INTO word VALUES (912, '3', '3', '3');
RELEASE SAVEPOINT one;
COMMIT;
SELECT id FROM word WHERE id >= 910 ORDER BY id;

-- name: a failed statement does not end the transaction
START TRANSACTION;
INSERT INTO word VALUES (920, 'x', 'x', 'x');
INSERT IGNORE INTO word VALUES (920, 'y', 'y', 'y');
COMMIT;
SELECT * FROM word WHERE id = 920;

-- name: truncate
CREATE TABLE scratch (id int PRIMARY KEY AUTO_INCREMENT, v int);
INSERT INTO scratch (v) VALUES (1), (2), (3);
TRUNCATE TABLE scratch;
INSERT INTO scratch (v) VALUES (4);
SELECT * FROM scratch;

-- name: alter table adds, changes and drops columns
ALTER TABLE scratch ADD COLUMN name varchar(20) NOT NULL DEFAULT 'none', ADD COLUMN at datetime(3) NULL AFTER id;
INSERT INTO scratch (v, name, at) VALUES (5, 'five', '2024-01-02 03:04:05.678');
SELECT * FROM scratch ORDER BY id;
ALTER TABLE scratch RENAME COLUMN name TO title;
ALTER TABLE scratch MODIFY COLUMN v bigint NOT NULL;
ALTER TABLE scratch CHANGE COLUMN v w decimal(10, 2) NOT NULL;
SELECT * FROM scratch ORDER BY id;
ALTER TABLE scratch DROP COLUMN at;
SELECT * FROM scratch ORDER BY id;

-- name: indexes are made and dropped
CREATE INDEX scratch_title ON scratch (title);
CREATE UNIQUE INDEX scratch_w ON scratch (w);
SELECT id FROM scratch WHERE title = 'five';
DROP INDEX scratch_title ON scratch;
SELECT id FROM scratch WHERE title = 'five';

-- name: a unique index finds duplicates
-- error: 1062
INSERT INTO scratch (w, title) VALUES (5, 'again');

-- name: create table like and as select
CREATE TABLE scratch2 LIKE scratch;
INSERT INTO scratch2 SELECT * FROM scratch;
SELECT * FROM scratch2 ORDER BY id;
CREATE TABLE scratch3 AS SELECT id, w * 2 AS w2 FROM scratch;
SELECT * FROM scratch3 ORDER BY id;
DROP TABLE scratch2, scratch3;

-- name: rename and drop a table
RENAME TABLE scratch TO scratched;
SELECT count(*) FROM scratched;
DROP TABLE scratched;
DROP TABLE IF EXISTS scratched;

-- name: drop a missing table
-- error: 1051
DROP TABLE scratched;

-- name: temporary table
CREATE TEMPORARY TABLE tmp (id int PRIMARY KEY, v varchar(10));
INSERT INTO tmp VALUES (1, 'a'), (2, 'b');
SELECT t.id, c.name FROM tmp t JOIN category c ON c.id = t.id ORDER BY t.id;
DROP TEMPORARY TABLE tmp;

-- name: count distinct beside count
SELECT count(DISTINCT category_id), count(category_id), count(*) FROM product;

-- name: union with an offset
SELECT id FROM category WHERE id BETWEEN 9 AND 20 UNION SELECT id FROM supplier WHERE id < 12 ORDER BY id LIMIT 4 OFFSET 5;

-- name: join on two aggregates of decimals
WITH x AS (SELECT category_id AS c, sum(price) AS s FROM product GROUP BY category_id), y AS (SELECT max(s) AS m FROM x) SELECT x.c, x.s FROM x, y WHERE x.s = y.m;

-- name: a number compared with text that begins with it
SELECT id FROM product WHERE id = '11abc';

-- name: nth_value and cume_dist
SELECT product_id, warehouse, nth_value(quantity, 2) OVER (PARTITION BY product_id ORDER BY warehouse) AS n, round(cume_dist() OVER (PARTITION BY product_id ORDER BY warehouse), 6) AS c FROM stock WHERE product_id <= 5 ORDER BY product_id, warehouse;

-- name: range frame
SELECT product_id, sum(quantity) OVER (ORDER BY product_id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s FROM stock WHERE warehouse = 1 AND product_id <= 12 ORDER BY product_id;

-- name: years between leap days
SELECT timestampdiff(YEAR, '2000-02-29', '2024-02-28');
SELECT timestampdiff(YEAR, '2000-02-29', '2024-02-29');

-- name: enum, set and numbers become text
CREATE TABLE turned (id int PRIMARY KEY, e enum('x','y','z'), s set('a','b','c'), n int, d decimal(8,2), t date);
INSERT INTO turned VALUES (1, 'z', 'a,c', 12, 1.5, '2024-02-29'), (2, 'x', '', -3, NULL, NULL), (3, NULL, NULL, NULL, 7, '2024-03-01');
ALTER TABLE turned MODIFY e varchar(10), MODIFY s varchar(20), MODIFY n varchar(10), MODIFY d varchar(12), MODIFY t varchar(20);
SELECT * FROM turned ORDER BY id;
ALTER TABLE turned MODIFY e enum('z','y','x'), MODIFY s set('c','b','a'), MODIFY n bigint, MODIFY d decimal(10,3), MODIFY t datetime;
SELECT * FROM turned ORDER BY id;
ALTER TABLE turned MODIFY e enum('new','x','y','z');
SELECT id, e FROM turned ORDER BY id;
DROP TABLE turned;

-- name: a column that does not fit its new type
-- error: 1292 1366
CREATE TABLE narrowed (id int PRIMARY KEY, v varchar(10));
INSERT INTO narrowed VALUES (1, 'text');
ALTER TABLE narrowed MODIFY v int;

-- name: nothing changed by the refused change
SELECT * FROM narrowed;
DROP TABLE narrowed;

-- name: create table with columns and select
CREATE TABLE chosen (id int PRIMARY KEY, name varchar(90), KEY (name)) SELECT id, name FROM supplier WHERE id <= 5;
SELECT * FROM chosen ORDER BY id;
DROP TABLE chosen;

-- name: primary key is moved
CREATE TABLE keyed (id int PRIMARY KEY AUTO_INCREMENT, a int NOT NULL, b int NOT NULL);
INSERT INTO keyed (a, b) VALUES (3, 1), (2, 2), (1, 3);
ALTER TABLE keyed DROP PRIMARY KEY, MODIFY id int NOT NULL, ADD PRIMARY KEY (b, a);
SELECT * FROM keyed ORDER BY b;
DROP TABLE keyed;

-- name: prepared in text
PREPARE s FROM 'SELECT id, price FROM product WHERE id = ? OR price > ? ORDER BY id LIMIT 3';
SET @x = 2, @y = 900;
EXECUTE s USING @x, @y;
DEALLOCATE PREPARE s;

-- name: update through a view
UPDATE active_customer SET credit = 42 WHERE id = 30;
SELECT id, credit FROM customer WHERE id = 30;

-- name: rows that were stamped by on update
SELECT id FROM customer WHERE changed > now() - INTERVAL 1 DAY ORDER BY id;
UPDATE customer SET changed = '2024-01-01 00:00:00' WHERE changed > now() - INTERVAL 1 DAY;
SELECT count(*) FROM customer WHERE changed = '2024-01-01 00:00:00';

-- name: what all that changed
SELECT (SELECT count(*) FROM customer) AS c, (SELECT sum(credit) FROM customer) AS s, (SELECT count(*) FROM price_change) AS p, (SELECT sum(quantity) FROM stock) AS q;
