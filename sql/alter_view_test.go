package sql

import "testing"

// TestAlterView: ALTER VIEW is CREATE OR REPLACE VIEW of a view that is there.
func TestAlterView(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)", "CREATE VIEW v AS SELECT id FROM t", "CREATE VIEW w AS SELECT * FROM v")
	before := r.rows("SELECT CURRENT_SCN()")[0]
	r.exec("ALTER VIEW v AS SELECT id + 1 AS id FROM t")
	r.want("SELECT * FROM v", "2")
	r.want("SELECT * FROM w", "2")
	r.want("SELECT * FROM v AS OF SCN "+before, "1")
	r.want("SELECT * FROM w AS OF SCN "+before, "1")
	r.exec("alter algorithm = merge definer = root@localhost sql security invoker view `v` (y) as select id from t with check option")
	r.want("SELECT y FROM v", "1")
	r.exec("/* a comment */ ALTER VIEW test.v AS SELECT id, N'x' AS x FROM t")
	r.want("SHOW CREATE VIEW v", "v|CREATE VIEW `v` AS SELECT id, N'x' AS x FROM t|utf8mb4|utf8mb4_0900_ai_ci")
	r.want("SELECT view_definition FROM information_schema.views WHERE table_name = 'v'", "SELECT id, N'x' AS x FROM t")
	r.restart()
	r.want("SELECT * FROM v", "1|x")

	r.fails(1146, "ALTER VIEW gone AS SELECT 1")
	r.fails(1146, "SELECT * FROM gone")
	r.fails(1347, "ALTER VIEW t AS SELECT 1")
	r.fails(1146, "ALTER VIEW v AS SELECT 1 FROM gone")
	r.fails(1064, "ALTER VIEW v")
	r.want("SELECT * FROM v", "1|x")
}

// TestAlterViewPrivileges: who replaces a view needs what dropping it and creating it needs.
func TestAlterViewPrivileges(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY)", "CREATE VIEW v AS SELECT id FROM t", "CREATE USER maker@localhost", "GRANT CREATE VIEW, SELECT ON test.* TO maker@localhost")
	maker := &running{t: t, db: r.connectAs("maker", "test")}
	defer maker.db.Close()
	for _, statement := range []string{"ALTER VIEW v AS SELECT 1 AS one", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one"} {
		maker.fails(1142, statement)
	}
	maker.exec("CREATE OR REPLACE VIEW own AS SELECT 1 AS one")
	r.exec("GRANT DROP ON test.v TO maker@localhost")
	maker.exec("ALTER VIEW v AS SELECT 1 AS one", "CREATE OR REPLACE VIEW v AS SELECT 2 AS one")
	r.exec("REVOKE CREATE VIEW ON test.* FROM maker@localhost")
	maker.fails(1142, "ALTER VIEW v AS SELECT 3 AS one")
	r.want("SELECT * FROM v", "2")
}
