package sql

import (
	"context"
	gosql "database/sql"
	"strings"
	"testing"
)

// Each case is what one connection does, a line each: a statement, and behind → what it answers, rows apart by commas, or the number of its error.
// MariaDB 10.11 and MySQL 8 answer alike, but that MariaDB's words for 1568 are others.
var nextTransactionCases = []struct{ name, script string }{
	{"it is about one transaction", `
		SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
		SELECT @@transaction_isolation → READ-COMMITTED
		BEGIN
		SELECT COUNT(*) FROM t → 2
		SELECT isolation FROM V$TRANSACTION WHERE connection_id = CONNECTION_ID() → SERIALIZABLE
		COMMIT
		BEGIN
		SELECT COUNT(*) FROM t → 2
		SELECT isolation FROM V$TRANSACTION WHERE connection_id = CONNECTION_ID() → READ COMMITTED
		ROLLBACK`},
	{"read only, and then not", `
		SET TRANSACTION READ ONLY
		BEGIN
		INSERT INTO t VALUES (3, 3) → 1792
		UPDATE t SET v = 9 WHERE id = 1 → 1792
		DELETE FROM t → 1792
		ROLLBACK
		INSERT INTO t VALUES (3, 3)
		DELETE FROM t WHERE id = 3`},
	{"both, and one said later", `
		SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
		SET TRANSACTION READ WRITE
		START TRANSACTION
		INSERT INTO t VALUES (3, 3)
		SELECT isolation FROM V$TRANSACTION WHERE connection_id = CONNECTION_ID() → REPEATABLE READ
		ROLLBACK`},
	{"a statement that commits by itself is one", `
		SET TRANSACTION READ ONLY
		SET @a = 1
		SELECT @a → 1
		SHOW TABLES → t
		INSERT INTO t VALUES (3, 3) → 1792
		SELECT id FROM t → 1,2
		INSERT INTO t VALUES (3, 3)
		DELETE FROM t WHERE id = 3`},
	{"not while one is open", `
		BEGIN
		SET TRANSACTION READ ONLY → 1568
		SET SESSION TRANSACTION READ ONLY
		INSERT INTO t VALUES (3, 3)
		ROLLBACK
		INSERT INTO t VALUES (3, 3) → 1792
		SET SESSION TRANSACTION READ WRITE`},
	{"START TRANSACTION says more", `
		SET SESSION TRANSACTION READ ONLY
		SELECT @@transaction_read_only, @@tx_read_only → 1|1
		START TRANSACTION READ WRITE
		INSERT INTO t VALUES (3, 3)
		ROLLBACK
		START TRANSACTION WITH CONSISTENT SNAPSHOT
		INSERT INTO t VALUES (3, 3) → 1792
		ROLLBACK
		START TRANSACTION WITH CONSISTENT SNAPSHOT, READ WRITE
		INSERT INTO t VALUES (3, 3)
		ROLLBACK
		INSERT INTO t VALUES (3, 3) → 1792
		CREATE TABLE u (id INT) → 1792
		ALTER TABLE t ADD COLUMN w INT → 1792
		DROP TABLE t → 1792
		TRUNCATE TABLE t → 1792
		FLASHBACK TABLE t TO SCN 1 → 1792
		CREATE RESTORE POINT p → 1792
		SELECT COUNT(*) FROM t → 2
		SET tx_read_only = 0
		SELECT @@transaction_read_only → 0
		INSERT INTO t VALUES (3, 3)
		DELETE FROM t WHERE id = 3`},
	{"definitions in a transaction that reads only", `
		START TRANSACTION READ ONLY
		INSERT INTO t VALUES (3, 3) → 1792
		CREATE TABLE u (id INT)
		INSERT INTO u VALUES (1)
		DROP TABLE u`},
	{"autocommit off", `
		SET autocommit = 0
		SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
		SET @a = 1
		SELECT COUNT(*) FROM t → 2
		SELECT isolation FROM V$TRANSACTION WHERE connection_id = CONNECTION_ID() → SERIALIZABLE
		SET TRANSACTION READ ONLY → 1568
		COMMIT
		SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ
		SELECT COUNT(*) FROM t → 2
		SELECT isolation FROM V$TRANSACTION WHERE connection_id = CONNECTION_ID() → REPEATABLE READ
		ROLLBACK
		SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED
		SET TRANSACTION READ ONLY
		INSERT INTO t VALUES (3, 3) → 1792
		ROLLBACK
		SET autocommit = 1`},
	{"what the session is told is true of the next", `
		SET TRANSACTION READ ONLY
		SET SESSION TRANSACTION READ WRITE
		INSERT INTO t VALUES (3, 3)
		DELETE FROM t WHERE id = 3`},
	{"chains", `
		SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
		BEGIN
		INSERT INTO t VALUES (3, 3)
		COMMIT AND CHAIN
		SELECT isolation FROM V$TRANSACTION WHERE connection_id = CONNECTION_ID() → SERIALIZABLE
		DELETE FROM t WHERE id = 3
		ROLLBACK WORK AND CHAIN NO RELEASE
		SELECT COUNT(*) FROM t → 3
		DELETE FROM t WHERE id = 3
		COMMIT AND NO CHAIN
		ROLLBACK
		SELECT COUNT(*) FROM t → 2
		START TRANSACTION READ ONLY
		COMMIT AND CHAIN
		INSERT INTO t VALUES (3, 3) → 1792
		COMMIT
		COMMIT AND CHAIN
		INSERT INTO t VALUES (3, 3)
		ROLLBACK
		SELECT COUNT(*) FROM t → 2
		COMMIT RELEASE → 1235
		SET TRANSACTION READ → 1064
		SET TRANSACTION ISOLATION LEVEL HIGH → 1064
		START TRANSACTION READ ONLY, READ WRITE → 1064`},
}

func TestNextTransaction(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1,1),(2,2)")
	for _, c := range nextTransactionCases {
		t.Run(c.name, func(t *testing.T) {
			conn := on{r.connection(), t}
			for line := range strings.Lines(strings.TrimSpace(c.script)) {
				statement, answer, _ := strings.Cut(strings.TrimSpace(line), " → ")
				switch {
				case answer == "":
					conn.exec(statement)
				case len(answer) == 4 && answer != "READ":
					conn.fails(answer, statement)
				default:
					conn.want(statement, strings.Split(answer, ",")...)
				}
			}
		})
	}
}

// TestNextTransactionOfDriver has the driver ask for a level, as programs do: the connection is as it was afterwards.
func TestNextTransactionOfDriver(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
	r.db.SetMaxOpenConns(1)
	level := "SELECT isolation FROM V$TRANSACTION WHERE connection_id = CONNECTION_ID()"
	for _, c := range []struct {
		options gosql.TxOptions
		level   string
		refusal string
	}{
		{gosql.TxOptions{Isolation: gosql.LevelSerializable}, "SERIALIZABLE", ""},
		{gosql.TxOptions{}, "READ COMMITTED", ""},
		{gosql.TxOptions{Isolation: gosql.LevelRepeatableRead, ReadOnly: true}, "REPEATABLE READ", "1792"},
		{gosql.TxOptions{}, "READ COMMITTED", ""},
	} {
		tx, err := r.db.BeginTx(context.Background(), &c.options)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := tx.QueryRow(level).Scan(&got); err != nil || got != c.level {
			t.Errorf("%+v runs as %q, %v; want %q", c.options, got, err, c.level)
		}
		if _, err = tx.Exec("INSERT INTO t VALUES (?, 1)", 1); (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%+v: INSERT gives %v; want error %q", c.options, err, c.refusal)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}
