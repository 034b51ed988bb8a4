package sql

import (
	"strings"
	"testing"
)

// TestOwnConnections: users see and end their own connections without a privilege, those of others only with one.
func TestOwnConnections(t *testing.T) {
	r := start(t)
	r.exec("CREATE USER low@localhost", "GRANT SELECT ON test.* TO low@localhost", "CREATE USER seer@localhost", "GRANT PROCESS ON *.* TO seer@localhost",
		"CREATE USER killer@localhost", "GRANT SUPER ON *.* TO killer@localhost")
	as := func(user string) on {
		db := r.connectAs(user, "")
		t.Cleanup(func() { db.Close() })
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return on{conn, t}
	}
	id := func(c on) string {
		got, err := queryRows(c, "SELECT CONNECTION_ID()")
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	seen := func(c on, how string) string {
		got, err := queryRows(c, how)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(got, "\n")
	}
	first, second, seer, killer, root := as("low"), as("low"), as("seer"), as("killer"), on{r.connection(), t}
	own, other := id(second), id(root)
	for _, how := range []string{"SHOW PROCESSLIST", "SELECT * FROM information_schema.processlist"} {
		if got := seen(first, how); !strings.Contains(got, own+"|low") || strings.Contains(got, "root") {
			t.Errorf("%s: low sees %s", how, got)
		}
		if got := seen(seer, how); !strings.Contains(got, "|low") || !strings.Contains(got, "root") {
			t.Errorf("%s: a user with PROCESS sees %s", how, got)
		}
	}
	for _, kill := range []string{"KILL ", "KILL QUERY ", "KILL CONNECTION "} {
		first.fails("1095", kill+other)
		seer.fails("1095", kill+other)
	}
	first.fails("1094", "KILL 4000000000")
	first.exec("KILL " + own)
	if _, err := queryRows(second, "SELECT 1"); err == nil {
		t.Error("low's own connection lives on")
	}
	killer.exec("KILL " + other)
}
