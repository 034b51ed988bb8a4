package sql

import "testing"

// TestAsksViews: only the name of a view makes a query one of what this node knows.
func TestAsksViews(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT * FROM redoubt.`V$NODE`":                            true,
		"select role from redoubt.v$node where self":                true,
		"SELECT role FROM redoubt.V$NODE WHERE node = 'n1'":         true,
		"SELECT balance FROM account":                               false,
		"SELECT balance FROM account WHERE name = 'rev$'":           false,
		`SELECT balance FROM account WHERE name = "V$NODE"`:         false,
		`SELECT balance FROM account WHERE name = 'it\'s a V$NODE'`: false,
		"SELECT 'it''s V$', a FROM b":                               false,
	} {
		if got := asksViews(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// TestShowsNode: SHOW of settings and figures is answered by a node that is cut off; that of tables is not.
func TestShowsNode(t *testing.T) {
	for text, want := range map[string]bool{
		"SHOW VARIABLES LIKE 'version%'": true,
		"show global status":             true,
		"SHOW FULL PROCESSLIST":          true,
		"SHOW WARNINGS":                  true,
		"SHOW TABLES":                    false,
		"SHOW FULL TABLES":               false,
		"SHOW CREATE TABLE t":            false,
		"SHOW STATUS WHERE Variable_name = (SELECT a FROM app.t)": false,
	} {
		if got := showsNode(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

// TestAsksSession: what drivers ask when they connect is answered by a node that is cut off; what others may have changed is not.
func TestAsksSession(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT CONNECTION_ID()":      true,
		"select @@max_allowed_packet": true,
		"SELECT 1":                    true,
		"/* mysql-connector-j-8 */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS c;": true,
		"SELECT @@version_comment LIMIT 1":     true,
		"SELECT DATABASE(), USER()":            true,
		"SELECT CURRENT_SCN()":                 false,
		"SELECT 1, CURRENT_SCN()":              false,
		"SELECT CONNECTION_ID() FROM t":        false,
		"SELECT 1 UNION SELECT a FROM t":       false,
		"SELECT @@version, (SELECT a FROM t)":  false,
		"SELECT 1 /* */ a, b FROM t":           false,
		"SELECT NEXT_NUMBER()":                 false,
		"SELECT @@version INTO OUTFILE '/x'":   false,
		"SELECT 1 FROM t":                      false,
		"SELECT version() AS v, 2 two FROM t2": false,
	} {
		if got := asksSession(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
