package node

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// browser is a client that keeps cookies.
type browser struct {
	t *testing.T
	*http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t, &http.Client{Transport: &http.Transport{}, Jar: jar}}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

// fetch gives status and body; a body that is sent makes it a POST.
func (b *browser) fetch(n *Node, path string, sent any) (status int, text string) {
	b.t.Helper()
	method, body := http.MethodGet, []byte(nil)
	if sent != nil {
		var err error
		if body, err = json.Marshal(sent); err != nil {
			b.t.Fatal(err)
		}
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+n.Addresses().HTTP+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	response, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// TestPage: users with SELECT on everything log in to the page, see a table as it was, dropped since or not, stay logged in over a
// restart, and are out when they lose the privilege.
func TestPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n := start(t, flags(t, dir))
	defer func() { n.Close() }()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(10), b VARBINARY(4))", "INSERT INTO app.t VALUES (1, 'then', 0xFF00), (2, NULL, NULL)",
		"CREATE USER ann IDENTIFIED BY 'secret'", "GRANT SELECT ON *.* TO ann", "CREATE USER bob IDENTIFIED BY 'secret'", "GRANT SELECT ON app.* TO bob")
	at := get(t, db, "SELECT current_scn()")
	run(t, db, "UPDATE app.t SET v = 'now'", "DROP TABLE app.t")
	b := newBrowser(t)
	login := func(user, password string) int {
		status, _ := b.fetch(n, "/page/login", map[string]string{"user": user, "password": password})
		return status
	}
	for _, who := range [][2]string{{"ann", "wrong"}, {"ann", ""}, {"bob", "secret"}, {"nobody", ""}} {
		if got := login(who[0], who[1]); got != http.StatusUnauthorized {
			t.Errorf("login of %v: %d", who, got)
		}
	}
	rows := "/page/rows?schema=app&table=t&scn=" + at
	if status, _ := b.fetch(n, rows, nil); status != http.StatusUnauthorized {
		t.Errorf("without a login: %d", status)
	}
	if got := login("ann", "secret"); got != http.StatusOK {
		t.Fatalf("login: %d", got)
	}
	want := `"rows":[["1","then","0xff00"],["2",null,null]]`
	for range 2 {
		if status, text := b.fetch(n, rows, nil); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("rows of then: %d %s", status, text)
		}
		if _, text := b.fetch(n, "/page/tables?scn="+at, nil); !strings.Contains(text, `["app","t"]`) {
			t.Errorf("tables of then: %s", text)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n = start(t, flags(t, dir))
	}
	if status, text := b.fetch(n, "/page/rows?schema=app&table=t&scn=99999999", nil); status != http.StatusBadRequest || !strings.Contains(text, "newest") {
		t.Errorf("the future: %d %s", status, text)
	}
	if status, text := b.fetch(n, "/page/scn?scn="+at, nil); status != http.StatusOK || !strings.Contains(text, `"scn":`+at) {
		t.Errorf("time of an SCN: %d %s", status, text)
	}
	if i, err := os.Stat(filepath.Join(dir, pageKeyFile)); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("key: %v, %v", i.Mode(), err)
	}
	if status, text := b.fetch(n, "/livez", nil); status != http.StatusOK || text != "ok\n" {
		t.Errorf("/livez: %d %s", status, text)
	}
	run(t, connect(t, n), "REVOKE SELECT ON *.* FROM ann")
	if status, _ := b.fetch(n, rows, nil); status != http.StatusUnauthorized {
		t.Errorf("after the privilege was revoked: %d", status)
	}
}
