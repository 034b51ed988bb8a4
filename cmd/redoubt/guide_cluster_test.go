package main

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/node"
)

// guideRaft is the address of the page's first node for other nodes.
const guideRaft = "127.0.0.1:7307"

// join runs redoubt serve --join of a page: a node in this process, on addresses and in a directory of its own.
func (n *guideNode) join(t *testing.T, args []string) string {
	t.Helper()
	if n.places == nil {
		n.places = map[string]string{guideRaft: n.Addresses().Raft}
	}
	flags := map[string]string{}
	for i := 0; i < len(args) && args[i] != "&"; i++ {
		name := strings.TrimPrefix(args[i], "--")
		if i+1 == len(args) || strings.HasPrefix(args[i+1], "--") || args[i+1] == "&" {
			flags[name] = "true"
			continue
		}
		i++
		flags[name] = args[i]
		switch name {
		case "data":
			flags[name] = filepath.Join(t.TempDir(), "data")
		case "mysql", "http", "raft":
			flags[name] = freeAddress(t)
			n.places[args[i]] = flags[name]
		case "archive":
			flags[name] = strings.ReplaceAll(args[i], "/var/backups/redoubt", guidePath(t, "/var/backups/redoubt"))
		case "join":
			if real, ok := n.places[args[i]]; ok {
				flags[name] = real
			}
		}
	}
	config, err := node.Load("", flags)
	if err != nil {
		t.Fatal(err)
	}
	other, err := node.Open(t.Context(), config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Kill(); err != nil {
			t.Error(err)
		}
	})
	n.joined = append(n.joined, other)
	return readyLine(other)
}

// awaitCluster waits until all nodes of the page follow, and those that are to vote do.
func (n *guideNode) awaitCluster(t *testing.T) {
	t.Helper()
	if len(n.joined) == 0 {
		return
	}
	const query = "SELECT count(*) FROM redoubt.V$NODE WHERE raft_address <> '' AND (NOT up OR lag_scn > 0 OR role = 'FOLLOWER' AND NOT voter OR role = 'JOINING')"
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var out bytes.Buffer
		run(context.Background(), []string{"sql", "--addr", n.Addresses().MySQL, "--format", "csv", "-e", query}, strings.NewReader(""), &out, &out)
		if strings.HasSuffix(strings.TrimSpace(out.String()), "\n0") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the nodes do not follow: %s", out.String())
		}
	}
}

// awaitDrill waits until there was a drill.
func awaitDrill(t *testing.T, address string) {
	t.Helper()
	const query = "SELECT count(*) > 0 FROM V$DRILL"
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var out bytes.Buffer
		run(context.Background(), []string{"sql", "--addr", address, "--format", "csv", "-e", query}, strings.NewReader(""), &out, &out)
		if strings.HasSuffix(strings.TrimSpace(out.String()), "\n1") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no drill: %s", out.String())
		}
	}
}

// someSwitch is how long a switchover took, and someLag how far a node is behind, which no two runs have in common.
var (
	someSwitch = regexp.MustCompile(`(?m)^(n\d+,n\d+),[\d.]+$`)
	someLag    = regexp.MustCompile(`(,1,1,127[^,]*,127[^,]*,\d+,0),\d+,`)
)

// shown puts what the page calls it for addresses of this test.
func (n *guideNode) shown(text string) string {
	for page, real := range n.places {
		text = strings.ReplaceAll(text, real, page)
	}
	text = someSwitch.ReplaceAllString(text, "$1,17.121")
	return someLag.ReplaceAllString(text, "$1,0,")
}
