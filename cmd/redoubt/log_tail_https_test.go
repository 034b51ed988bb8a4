package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"redoubt/node"
)

// TestTailOverHTTPS follows the log of a node with a certificate of redoubt cert, and of no other authority.
func TestTailOverHTTPS(t *testing.T) {
	dir := t.TempDir()
	redoubt := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if got := run(t.Context(), args, strings.NewReader(""), &out, &out); got != code {
			t.Fatalf("redoubt %v: exit %d\n%s", args, got, &out)
		}
		return out.String()
	}
	redoubt(0, "cert", "authority", "--dir", dir)
	if out := redoubt(0, "cert", "node", "n1", "--host", "127.0.0.1,db.example", "--dir", dir); !strings.Contains(out, "--http-cert "+filepath.Join(dir, "n1.pem")) {
		t.Errorf("cert node says %s", out)
	}
	config, err := node.Load("", map[string]string{
		"data": filepath.Join(t.TempDir(), "data"), "mysql": "127.0.0.1:0", "http": freeAddress(t), "raft": "127.0.0.1:0", "log-file-size": "1MiB",
		"http-cert": filepath.Join(dir, "n1.pem"), "http-key": filepath.Join(dir, "n1-key.pem"),
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(context.Background(), config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	at := []string{"--addr", n.Addresses().MySQL}
	redoubt(0, append([]string{"sql"}, append(at, "-e", "CREATE DATABASE app; CREATE TABLE app.t (id INT PRIMARY KEY); INSERT INTO app.t VALUES (7)")...)...)
	tail := append([]string{"log", "tail"}, append(at, "--from-scn", "1", "--to-scn", n.Engine().Applied().String(), "--table", "app.t")...)
	if out := redoubt(0, append(tail, "--http-ca", filepath.Join(dir, "ca.pem"))...); !strings.Contains(out, `"id":7`) {
		t.Errorf("the stream: %s", out)
	}
	if out := redoubt(1, tail...); !strings.Contains(out, "certificate signed by unknown authority") {
		t.Errorf("without the authority: %s", out)
	}
	if out := redoubt(1, append(tail, "--http-ca", filepath.Join(dir, "n1-key.pem"))...); !strings.Contains(out, "has no certificate") {
		t.Errorf("with a key for an authority: %s", out)
	}
}
