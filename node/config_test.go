package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "redoubt.toml")
	if err := os.WriteFile(file, []byte("mysql = \"127.0.0.1:1\"\ncache-size = \"2GiB\"\nmax-connections = 7\nrequire-tls = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, map[string]string{"mysql": "127.0.0.1:2", "segment-time": "3s"})
	if err != nil {
		t.Fatal(err)
	}
	if c.MySQL != "127.0.0.1:2" || c.CacheBytes != 2<<30 || c.MaxConnections != 7 || !c.RequireTLS || c.LogFileBytes != 64<<20 {
		t.Fatalf("%+v", c)
	}
	sources := map[string]string{}
	for _, s := range c.Settings() {
		sources[s.Name] = s.Source
	}
	if sources["mysql"] != "flag" || sources["cache-size"] != file || sources["http"] != "default" {
		t.Fatalf("sources %v", sources)
	}
}

func TestLoadErrors(t *testing.T) {
	f := func(file string, flags map[string]string, want string) {
		t.Helper()
		path := ""
		if file != "" {
			path = filepath.Join(t.TempDir(), "c.toml")
			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Load(path, flags); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q, %v: %v, want %q", file, flags, err, want)
		}
	}
	f("no-such = 1", nil, "there is no setting no-such")
	f("mysql = ", nil, "read configuration")
	f("cache-size = \"lots\"", nil, "want a size")
	f("", map[string]string{"mysql": "3307"}, "want HOST:PORT")
	f("", map[string]string{"max-connections": "0"}, "1 or more")
	f("", map[string]string{"segment-time": "soon"}, "want a duration")
	f("", map[string]string{"require-tls": "maybe"}, "want true or false")
	f("", map[string]string{"tls-cert": "x"}, "go together")
	f("", map[string]string{"http-key": "x"}, "http-cert and http-key go together")
	f("", map[string]string{"log-level": "loud"}, "log-level")
	f("", map[string]string{"cache-size": "9999999999GiB"}, "want a size")
}

func TestIdentity(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	made, lock, err := claimDirectory(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if made.NodeID != defaultNodeID || made.Ordinal != firstOrdinal {
		t.Fatalf("%+v", made)
	}
	if _, _, err := claimDirectory(dir, ""); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("claimed twice: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	again, lock, err := claimDirectory(dir, "n1")
	if err != nil || again.DatabaseID != made.DatabaseID {
		t.Fatalf("%+v, %v", again, err)
	}
	lock.Close()
	refused := func(nodeID, want string) {
		t.Helper()
		if _, _, err := claimDirectory(dir, nodeID); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("as %s: %v, want %q", nodeID, err, want)
		}
	}
	refused("n2", "belongs to node n1")
	path := filepath.Join(dir, identityFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) {
		t.Helper()
		changed := strings.Replace(string(good), from, to, 1)
		if changed == string(good) {
			t.Fatalf("no %s in %s", from, good)
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change(`"format": 1`, `"format": 99`)
	refused("", "has format 99, this version reads 1")
	change(`"database_id": "`, `"database_id": "xyz`)
	refused("", "is not 32 hexadecimal digits")
	change(`{`, ``)
	refused("", "is damaged")
	strange := t.TempDir()
	if err := os.WriteFile(filepath.Join(strange, "letters.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := claimDirectory(strange, ""); err == nil || !strings.Contains(err.Error(), "neither empty nor a data directory") {
		t.Errorf("somebody else's directory: %v", err)
	}
}
