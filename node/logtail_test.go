package node

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"redoubt/backup/archive"
	"redoubt/scn"
	"redoubt/sql"
)

// tailLine is what a line of a stream may have.
type tailLine struct {
	SCN       uint64          `json:"scn"`
	Heartbeat uint64          `json:"heartbeat_scn"`
	Operation string          `json:"operation"`
	Before    json.RawMessage `json:"before"`
	After     json.RawMessage `json:"after"`
	Last      bool            `json:"last"`
	End       string          `json:"end"`
}

// openTail begins a stream; a status other than 200 is given with its text.
func openTail(t *testing.T, n *Node, user, password, query string) (lines *bufio.Reader, status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+n.Addresses().HTTP+tailPath+"?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	client := &http.Client{Transport: &http.Transport{}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close(); client.CloseIdleConnections() })
	if response.StatusCode == http.StatusOK {
		return bufio.NewReader(response.Body), response.StatusCode, ""
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return nil, response.StatusCode, string(body)
}

func nextLine(t *testing.T, lines *bufio.Reader) (l tailLine) {
	t.Helper()
	text, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("read a line: %q, %v", text, err)
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return l
}

// nextEvent passes heartbeats over.
func nextEvent(t *testing.T, lines *bufio.Reader) tailLine {
	t.Helper()
	for {
		if l := nextLine(t, lines); l.SCN > 0 || l.End != "" {
			return l
		}
	}
}

// TestLogTail follows commits as they come, begins again at each SCN that was reached, across a restart, and ends with a
// last line.
func TestLogTail(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, a INT)", "INSERT INTO app.t VALUES (1, 1), (2, 2)")
	lines, _, _ := openTail(t, n, "root", "", "from=1&heartbeat=20ms")
	for _, want := range []string{"DDL", "DDL", "INSERT", "INSERT"} {
		if l := nextEvent(t, lines); l.Operation != want {
			t.Fatalf("got %+v, want %s", l, want)
		}
	}
	run(t, db, "UPDATE app.t SET a = 5 WHERE id = 2")
	l := nextEvent(t, lines)
	if string(l.Before) != `{"a":2}` || string(l.After) != `{"a":5}` || !l.Last || l.SCN != uint64(n.engine.Applied()) {
		t.Fatalf("the update comes as %+v", l)
	}
	for at := uint64(0); at < l.SCN; { // heartbeats say how far it has come
		if at = nextLine(t, lines).Heartbeat; at > l.SCN {
			t.Fatalf("a heartbeat at SCN %d", at)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if end := nextEvent(t, lines); end.End != "the node stops" || end.Heartbeat < l.SCN {
		t.Fatalf("the last line is %+v", end)
	}
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Fatalf("behind the last line: %v", err)
	}

	n = start(t, f)
	db = connect(t, n)
	run(t, db, "DELETE FROM app.t WHERE id = 1")
	lines, _, _ = openTail(t, n, "root", "", "from="+strconv.FormatUint(l.SCN+1, 10)+"&schema=app&table=t&operation=delete&to="+n.engine.Applied().String())
	if got := nextEvent(t, lines); got.Operation != "DELETE" || string(got.Before) != `{"a":1,"id":1}` && string(got.Before) != `{"id":1,"a":1}` {
		t.Fatalf("after the restart: %+v", got)
	}
	if end := nextEvent(t, lines); end.End != "all that was asked for was given" {
		t.Fatalf("the last line is %+v", end)
	}
	whole := allLines(t, n, "from=1")
	for from := 1; from <= int(n.engine.Applied()); from++ {
		part := allLines(t, n, "from="+strconv.Itoa(from))
		i := slices.IndexFunc(whole, func(l tailLine) bool { return l.SCN >= uint64(from) })
		if i < 0 {
			i = len(whole)
		}
		if !reflect.DeepEqual(part, whole[i:]) && len(part)+len(whole[i:]) > 0 {
			t.Fatalf("from SCN %d: %+v\nwant %+v", from, part, whole[i:])
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// allLines gives the events up to what is committed now.
func allLines(t *testing.T, n *Node, query string) (list []tailLine) {
	t.Helper()
	lines, status, text := openTail(t, n, "root", "", query+"&to="+n.engine.Applied().String())
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", query, status, text)
	}
	for {
		l := nextEvent(t, lines)
		if l.End != "" {
			return list
		}
		list = append(list, l)
	}
}

// TestLogTailRefused: who may not read everything, or asks for what cannot be, is told so by a status.
func TestLogTailRefused(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE USER reader@localhost IDENTIFIED BY 'secret'", "GRANT SELECT ON app.* TO reader@localhost",
		"CREATE USER all_of_it@localhost IDENTIFIED BY 'secret'", "GRANT SELECT ON *.* TO all_of_it@localhost")
	for _, c := range []struct {
		user, password, query string
		status                int
		text                  string
	}{
		{"", "", "", 401, "log in"},
		{"root", "wrong", "", 401, "log in"},
		{"nobody", "", "", 401, "log in"},
		{"reader", "secret", "", 401, "SELECT on everything"},
		{"all_of_it", "", "", 401, "log in"},
		{"all_of_it", "Secret", "", 401, "log in"},
		{"all_of_it", "secret", "from=x", 400, "from=x"},
		{"all_of_it", "secret", "from=0", 400, "1 or more"},
		{"all_of_it", "secret", "from=100000", 400, "the newest SCN is"},
		{"all_of_it", "secret", "from=3&to=2", 400, "the range is empty"},
		{"all_of_it", "secret", "heartbeat=1ms", 400, "heartbeat"},
		{"all_of_it", "secret", "table=t", 400, "needs schema"},
		{"all_of_it", "secret", "operation=merge", 400, "are known"},
		{"all_of_it", "secret", "from=1&to=2", 200, ""},
	} {
		_, status, text := openTail(t, n, c.user, c.password, c.query)
		if status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s %s: %d %s, want %d %s", c.user, c.query, status, text, c.status, c.text)
		}
	}
}

// TestLogTailStuck: a client that takes nothing does not keep the node from stopping.
func TestLogTailStuck(t *testing.T) {
	n := start(t, flags(t, filepath.Join(t.TempDir(), "data")))
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, a LONGTEXT)")
	for i := range 16 {
		run(t, db, "INSERT INTO app.t VALUES ("+strconv.Itoa(i)+", REPEAT('x', 1000000))")
	}
	openTail(t, n, "root", "", "from=1") // whose lines nobody reads
	began := time.Now()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > tailWriteTimeout/2 {
		t.Errorf("the stop took %v", took)
	}
}

// TestLogTailGone recovers a database from a backup, without the log before it: who wants to follow it from there hears that it is gone,
// and from where it is there.
func TestLogTailGone(t *testing.T) {
	ctx := t.Context()
	for _, sealed := range []bool{false, true} {
		f, s := archived(t)
		n := start(t, f)
		db := connect(t, n)
		run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, a INT)", "INSERT INTO app.t VALUES (1, 1)")
		if _, err := n.Backup(ctx, sql.BackupRequest{}); err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		pieces, err := archive.Pieces(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			if err := s.Delete(ctx, p.Name); err != nil {
				t.Fatal(err)
			}
		}
		f = flags(t, filepath.Join(t.TempDir(), "again"))
		if !sealed {
			f["segment-size"], f["segment-time"] = "64MiB", "1h"
		}
		r, err := Recover(ctx, RecoverOptions{Repository: s, Data: f["data"]})
		if err != nil || r.LogAfter == 0 {
			t.Fatalf("recovered %+v, %v", r, err)
		}
		n = start(t, f)
		db = connect(t, n)
		run(t, db, "INSERT INTO app.t VALUES (2, 2)")
		if sealed {
			waitFor(t, "the log is sealed", func() bool { return n.segments.Range().To >= r.LogAfter+1 })
		}
		for _, from := range []scn.SCN{1, r.LogAfter} {
			if _, status, text := openTail(t, n, "root", "", "from="+from.String()); status != http.StatusGone || !strings.Contains(text, "no longer kept") || !strings.Contains(text, "begin later") {
				t.Errorf("sealed %v, from SCN %d: %d %s", sealed, from, status, text)
			}
		}
		list := allLines(t, n, "from="+(r.LogAfter+1).String())
		if len(list) == 0 || list[len(list)-1].Operation != "INSERT" {
			t.Errorf("sealed %v, from SCN %d: %+v", sealed, r.LogAfter+1, list)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
