package sql

import (
	"context"
	"testing"
	"time"
)

// TestUserLocks: GET_LOCK and its like, between sessions.
func TestUserLocks(t *testing.T) {
	r, a, b := pair(t, readCommitted)
	ids, err := queryRows(a, "SELECT CONNECTION_ID()")
	if err != nil {
		t.Fatal(err)
	}
	a.want("SELECT GET_LOCK('One', 10), GET_LOCK('two', 10), GET_LOCK('ONE', 0)", "1|1|1") // several, and one twice
	b.want("SELECT IS_FREE_LOCK('one'), IS_FREE_LOCK('three'), IS_USED_LOCK('Two') = "+ids[0]+", IS_USED_LOCK('three')", "0|1|1|NULL")
	at := time.Now()
	b.want("SELECT GET_LOCK('one', 0.2), GET_LOCK('one', 0), RELEASE_LOCK('one'), RELEASE_LOCK('three')", "0|0|0|NULL")
	if took := time.Since(at); took < 200*time.Millisecond {
		t.Errorf("it waited for %v", took)
	}
	a.want("SELECT RELEASE_LOCK('one')", "1")
	b.want("SELECT GET_LOCK('one', 0)", "0") // taken twice
	b.want("SELECT GET_LOCK(NULL, 1), RELEASE_LOCK(NULL), IS_FREE_LOCK(NULL)", "NULL|NULL|NULL")
	b.fails("3057", "SELECT GET_LOCK('', 1)")

	got := ask(b, "SELECT GET_LOCK('one', -1)") // for ever
	waitFor(t, r, "SELECT GET_LOCK('one', -1)")
	a.want("SELECT RELEASE_LOCK('one')", "1")
	if answer := <-got; answer != "1" {
		t.Fatalf("GET_LOCK gave %s", answer)
	}

	// A circle is found at once; the one who closed it keeps what it has.
	got = ask(b, "SELECT GET_LOCK('two', -1)")
	waitFor(t, r, "SELECT GET_LOCK('two', -1)")
	a.fails("3058", "SELECT GET_LOCK('one', -1)")
	a.want("SELECT GET_LOCK('two', 0), RELEASE_ALL_LOCKS()", "1|2")
	if answer := <-got; answer != "1" {
		t.Fatalf("GET_LOCK gave %s", answer)
	}

	// Transactions have nothing to do with it; a killed wait ends, and a lost client gives its locks back.
	b.exec("BEGIN", "ROLLBACK")
	got = ask(a, "SELECT GET_LOCK('one', -1)")
	waitFor(t, r, "SELECT GET_LOCK('one', -1)")
	r.exec("KILL QUERY " + ids[0])
	if answer := <-got; answer != "Error 1317 (70100): Query execution was interrupted [RD-2009]" && answer != "NULL" {
		t.Fatalf("killed GET_LOCK gave %s", answer)
	}
	w := r.wired(t)
	w.want("SELECT GET_LOCK('lost', 0)", "1")
	got = ask(a, "SELECT GET_LOCK('lost', -1)")
	waitFor(t, r, "SELECT GET_LOCK('lost', -1)")
	w.socket.Close()
	if answer := <-got; answer != "1" {
		t.Fatalf("GET_LOCK gave %s", answer)
	}
}

// ask sends a query whose answer is one value, and gives it, or the error, as text.
func ask(c on, query string) chan string {
	answer := make(chan string, 1)
	go func() {
		var text *string
		switch err := c.QueryRowContext(context.Background(), query).Scan(&text); {
		case err != nil:
			answer <- err.Error()
		case text == nil:
			answer <- "NULL"
		default:
			answer <- *text
		}
	}()
	return answer
}

// waitFor returns when a statement is running.
func waitFor(t *testing.T, r *running, text string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for len(r.rows("SELECT id FROM information_schema.processlist WHERE info = ?", text)) == 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%s never ran", text)
		}
	}
	for before := time.Now(); time.Since(before) < 20*time.Millisecond; { // it is about to wait
		r.rows("SELECT 1")
	}
}
