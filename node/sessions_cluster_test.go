package node

import (
	"database/sql"
	"testing"
)

// TestWaitsOfCluster: a session on a node that does not lead shows that it waits for the one that does, and that one how long it waits for
// the others.
func TestWaitsOfCluster(t *testing.T) {
	c := newTrio(t, nil, "", func(db *sql.DB) {
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)")
	})
	defer c.close()
	follower := (c.leader() + 1) % len(c.nodes)
	s, id := session(t, c.nodes[follower])
	for _, statement := range []string{"INSERT INTO app.t VALUES (1)", "INSERT INTO app.t VALUES (2)", "DELETE FROM app.t WHERE id = 1"} {
		if _, err := s.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	db := c.dbs[follower]
	for event, least := range map[string]string{"commit forwarded to the leader": "3", "read index": "3", "log file sync": "3"} {
		if got := get(t, db, "SELECT total_waits >= "+least+" FROM v$session_event WHERE sid = "+id+" AND event = '"+event+"'"); got != "1" {
			t.Errorf("too few waits for %s", event)
		}
	}

	db = c.dbs[c.leader()]
	const acknowledged = "FROM v$system_event WHERE event = 'quorum acknowledgement' AND timing = 'measured'"
	before := get(t, db, "SELECT COALESCE(SUM(total_waits), 0) "+acknowledged)
	run(t, db, "INSERT INTO app.t VALUES (3)", "INSERT INTO app.t VALUES (4)")
	if got := get(t, db, "SELECT total_waits - "+before+" >= 2 AND time_waited_us > 0 "+acknowledged); got != "1" {
		t.Errorf("after two commits more than %s, the leader has waited for others: %s", before, get(t, db, "SELECT total_waits "+acknowledged))
	}
}
