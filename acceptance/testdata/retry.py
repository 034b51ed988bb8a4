"""A client whose transactions meet conflicts. Arguments: port, id of its row. It prints what retry, the loop of the guide, made of them."""
import random
import sys
import time

import pymysql


def connect():
    return pymysql.connect(host="127.0.0.1", port=int(sys.argv[1]), user="root", autocommit=True)


# the loop


DB, OTHER, ID = connect(), connect(), sys.argv[2]
TRIES = 0


def ask(db, text, *args):
    with db.cursor() as c:
        c.execute(text, args)
        return c.fetchall()


def conflicting(count):
    """A transaction whose row another one changes in its first count tries."""
    def run():
        global TRIES
        TRIES += 1
        ask(DB, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        ask(DB, "BEGIN")
        n = ask(DB, "SELECT n FROM app.counter WHERE id = %s", ID)[0][0]
        if TRIES <= count:
            ask(OTHER, "UPDATE app.counter SET n = n + 1 WHERE id = %s", ID)
        ask(DB, "UPDATE app.counter SET n = %s WHERE id = %s", n + 100, ID)
        ask(DB, "COMMIT")
    return run


def mistaken():
    global TRIES
    TRIES += 1
    ask(DB, "SELECT * FROM app.nowhere")


for run in [conflicting(0), conflicting(2), conflicting(100), mistaken]:
    TRIES, code = 0, 0
    try:
        retry(run)
    except pymysql.err.MySQLError as e:
        code = e.args[0]
    print(TRIES, "tries, error", code)
