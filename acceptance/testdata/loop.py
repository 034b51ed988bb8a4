"""A client of a cluster that inserts rows while nodes are lost. Arguments: ports with commas between, name, rows. Prints "all well"."""
import sys
import time

import pymysql

PORTS, NAME, ROWS = sys.argv[1].split(","), sys.argv[2], int(sys.argv[3])


def connect(node):
    return pymysql.connect(host="127.0.0.1", port=int(node), user="root", connect_timeout=2, read_timeout=5)


# retry
AGAIN = {1213, 1205, 1290, 1053, 2003, 2006, 2013, 0}  # a conflict, no leader, a node that stops or is gone


def retry(nodes, run):
    while True:
        for node in nodes:
            try:
                with connect(node) as db:
                    result = run(db)  # what it does again does no harm
                    db.commit()
                    return result
            except (pymysql.err.OperationalError, pymysql.err.InternalError, pymysql.err.InterfaceError) as e:
                if e.args[0] not in AGAIN:
                    raise
        time.sleep(0.02)
# end


def insert(i):
    def run(db):
        with db.cursor() as c:
            c.execute("INSERT INTO app.row_of (name, i) VALUES (%s, %s) ON DUPLICATE KEY UPDATE i = i", (NAME, i))
    return run


for i in range(ROWS):
    retry(PORTS, insert(i))
    print("row", i, flush=True)
print("all well")
