"""What an application with PyMySQL does. Argument: port. Prints what it sees, which another server must print, too."""
import datetime
import decimal
import sys
import threading

import pymysql
import pymysql.cursors

PORT = int(sys.argv[1])


def connect(**options):
    return pymysql.connect(host="127.0.0.1", port=PORT, user="root", charset="utf8mb4", **options)


def error(run):
    try:
        run()
    except pymysql.MySQLError as e:
        return type(e).__name__, e.args[0]
    return "no error"


def schema(c):
    c.execute("DROP DATABASE IF EXISTS pyapp")
    c.execute("CREATE DATABASE pyapp CHARACTER SET utf8mb4")
    c.execute("USE pyapp")
    c.execute(
        "CREATE TABLE author (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) NOT NULL, born DATE, UNIQUE KEY (name)) ENGINE=InnoDB"
    )
    c.execute(
        "CREATE TABLE book (id BIGINT AUTO_INCREMENT PRIMARY KEY, author_id INT NOT NULL, title VARCHAR(200), price DECIMAL(8,2),"
        " added DATETIME(6), cover BLOB, rating DOUBLE, flags SET('new','sale'), state ENUM('draft','out') DEFAULT 'draft', data JSON,"
        " lent TIME, year YEAR, ok TINYINT(1), bits BIT(5), CONSTRAINT by_author FOREIGN KEY (author_id) REFERENCES author (id) ON DELETE CASCADE)"
    )


def values(db, c):
    c.executemany("INSERT INTO author (name, born) VALUES (%s, %s)", [("Ann", datetime.date(1970, 2, 28)), ("Böll 🚀", None)])
    print("inserted", c.rowcount, "last id", c.lastrowid, "insert id", db.insert_id())
    row = dict(
        author_id=1, title="It's \"so\" \\ \n\0", price=decimal.Decimal("12.30"), added=datetime.datetime(2024, 2, 29, 1, 2, 3, 456),
        cover=bytes(range(256)), rating=0.1, flags="new,sale", state="out", data='{"a": [1, null]}', lent=datetime.timedelta(hours=-30, seconds=1),
        year=2024, ok=True, bits=b"\x15",
    )
    names = ", ".join(row)
    places = ", ".join("%%(%s)s" % name for name in row)
    c.execute("INSERT INTO book (%s) VALUES (%s)" % (names, places), row)
    c.execute("SELECT %s FROM book" % names)
    got = c.fetchone()
    for name, value in zip(row, got):
        print(name, repr(value), value == row[name] or repr(row[name]))
    print([d[:2] for d in c.description])
    for batch in range(3):
        c.executemany(
            "INSERT INTO book (author_id, title, price) VALUES (%s, %s, %s)", [(1 + i % 2, "b%d" % i, i) for i in range(batch * 100, batch * 100 + 100)]
        )
    c.execute("SELECT count(*), sum(price), avg(price), max(title), min(added) FROM book")
    print(c.fetchall())


def upserts(c):
    print("changed", c.execute("UPDATE author SET born = '1970-02-28' WHERE id = 1"), "same again")
    print("odku", c.execute("INSERT INTO author (name, born) VALUES ('Ann', '1971-01-01') ON DUPLICATE KEY UPDATE born = VALUES(born)"))
    print("odku same", c.execute("INSERT INTO author (name, born) VALUES ('Ann', '1971-01-01') ON DUPLICATE KEY UPDATE born = VALUES(born)"))
    print("ignore", c.execute("INSERT IGNORE INTO author (name) VALUES ('Ann')"))
    print("replace", c.execute("REPLACE INTO author (id, name) VALUES (7, 'Cleo')"), c.execute("REPLACE INTO author (id, name) VALUES (7, 'Cleo2')"))
    c.execute("SELECT * FROM author ORDER BY id")
    print(c.fetchall())


def errors(c):
    for statement in [
        "INSERT INTO author (name) VALUES ('Ann')", "INSERT INTO book (author_id) VALUES (99)", "SELECT * FROM nowhere", "SELECT nothing FROM author",
        "SELEC 1", "INSERT INTO author (name) VALUES (NULL)", "DROP TABLE author", "CREATE TABLE author (id INT)", "USE nowhere",
        "INSERT INTO book (author_id, state) VALUES (1, 'lost')", "INSERT INTO author (name) VALUES (repeat('x', 81))",
        "INSERT INTO book (author_id, added) VALUES (1, '2023-02-29')", "INSERT INTO author VALUES (1)",
    ]:
        print(statement, "->", error(lambda: c.execute(statement)))


def transactions(db, c):
    db.begin()
    c.execute("DELETE FROM author WHERE id = 2")
    c.execute("SELECT count(*) FROM book")
    print("in it", c.fetchone())
    db.rollback()
    c.execute("SELECT count(*) FROM book")
    print("after rollback", c.fetchone())
    other = connect(database="pyapp", autocommit=True)
    with other.cursor() as o:
        db.begin()
        c.execute("SELECT name FROM author WHERE id = 1 FOR UPDATE")
        print("locked", c.fetchone())
        o.execute("SET innodb_lock_wait_timeout = 1")
        print("waits", error(lambda: o.execute("UPDATE author SET name = 'x' WHERE id = 1")))
        print("nowait", error(lambda: o.execute("SELECT * FROM author WHERE id = 1 FOR UPDATE NOWAIT"))[0])
        o.execute("SELECT id FROM author ORDER BY id FOR UPDATE SKIP LOCKED")
        print("skips", o.fetchall())
        c.execute("UPDATE author SET name = 'Anna' WHERE id = 1")
        db.commit()
        o.execute("SELECT name FROM author WHERE id = 1")
        print("after commit", o.fetchone())
    other.close()


def cursors():
    db = connect(database="pyapp", cursorclass=pymysql.cursors.SSDictCursor)
    with db.cursor() as c:
        c.execute("SELECT id, title FROM book ORDER BY id")
        n = 0
        for row in c:
            n += 1
            last = row
        print("streamed", n, last)
    with db.cursor(pymysql.cursors.DictCursor) as c:
        c.execute("SELECT a.name, b.title AS name, count(*) AS n FROM author a JOIN book b ON b.author_id = a.id WHERE b.id = 2 GROUP BY a.name, b.title")
        print(c.fetchall())
        c.execute("SHOW WARNINGS")
        print(c.fetchall())
    db.close()


def several():
    from pymysql.constants import CLIENT

    db = connect(database="pyapp", client_flag=CLIENT.MULTI_STATEMENTS)
    with db.cursor() as c:
        c.execute("SELECT 1; SELECT 2, 3; UPDATE author SET born = NULL WHERE id = 1")
        results = [c.fetchall()]
        while c.nextset():
            results.append(c.fetchall() if c.description else c.rowcount)
        print(results)
    with db.cursor() as c:
        c.execute("DROP PROCEDURE IF EXISTS books_of")
        c.execute("CREATE PROCEDURE books_of(IN who INT, IN most INT) BEGIN SELECT title FROM book WHERE author_id = who ORDER BY id LIMIT most; SELECT most + 1; END")
        c.callproc("books_of", (2, 2))
        results = [c.fetchall()]
        while c.nextset():
            results.append(c.fetchall())
        print("procedure", results)
    db.close()


def counter():
    """Eight clients add to one row, each by a statement of its own."""
    with connect(database="pyapp", autocommit=True) as db:
        with db.cursor() as c:
            c.execute("CREATE TABLE counter (n INT)")
            c.execute("INSERT INTO counter VALUES (0)")

    def add():
        with connect(database="pyapp", autocommit=True) as own:
            with own.cursor() as o:
                for _ in range(25):
                    o.execute("UPDATE counter SET n = n + 1")

    threads = [threading.Thread(target=add) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with connect(database="pyapp") as db:
        with db.cursor() as c:
            c.execute("SELECT n FROM counter")
            print("counted", c.fetchone())


def main():
    db = connect()
    with db.cursor() as c:
        schema(c)
        values(db, c)
        db.commit()
        upserts(c)
        db.commit()
        errors(c)
        db.rollback()
        transactions(db, c)
    print("ping", db.ping(reconnect=False), "open", db.open, "autocommit", db.get_autocommit())
    db.select_db("pyapp")
    db.close()
    cursors()
    several()
    counter()
    print("all well")


main()
