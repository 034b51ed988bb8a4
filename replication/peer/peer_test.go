package peer

import (
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var database = [16]byte{1, 2, 3}

func hub(t *testing.T, node string, id [16]byte, s *Security) *Hub {
	t.Helper()
	h, err := Listen(Options{Addr: "127.0.0.1:0", Database: id, Node: node, Security: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// Echo is a service of tests.
type Echo struct{ entered, release chan struct{} }

// Say gives back what it was given.
func (*Echo) Say(word *string, reply *string) error { *reply = *word; return nil }

// Fail fails.
func (*Echo) Fail(*string, *string) error { return errors.New("it fails") }

// Hang answers late.
func (e *Echo) Hang(*string, *string) error {
	close(e.entered)
	<-e.release
	return nil
}

// TestCalls calls another node, and hears of each way in which a call ends.
func TestCalls(t *testing.T) {
	a, b := hub(t, "a", database, nil), hub(t, "b", database, nil)
	echo := &Echo{entered: make(chan struct{}), release: make(chan struct{})}
	if err := Serve(b, "Echo", echo); err != nil {
		t.Fatal(err)
	}
	caller := NewCaller(a)
	defer caller.Close()
	word, reply := "hello", ""
	if err := caller.Call(t.Context(), b.Addr(), "Echo.Say", &word, &reply); err != nil || reply != word {
		t.Fatalf("%q, %v", reply, err)
	}
	var refused rpc.ServerError
	if err := caller.Call(t.Context(), b.Addr(), "Echo.Fail", &word, &reply); !errors.As(err, &refused) || errors.Is(err, ErrNotSent) {
		t.Errorf("a method that fails: %v", err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	if err := caller.Call(t.Context(), free.Addr().String(), "Echo.Say", &word, &reply); !errors.Is(err, ErrNotSent) {
		t.Errorf("nobody listens: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-echo.entered; cancel() }()
	if err := caller.Call(ctx, b.Addr(), "Echo.Hang", &word, &reply); !errors.Is(err, context.Canceled) || errors.Is(err, ErrNotSent) {
		t.Errorf("a call that was given up: %v", err)
	}
	close(echo.release)
	caller.Forget(b.Addr())
	if err := caller.Call(t.Context(), b.Addr(), "Echo.Say", &word, &reply); err != nil {
		t.Errorf("over a new connection: %v", err)
	}
}

// TestRefused names why a connection is not taken.
func TestRefused(t *testing.T) {
	a, other := hub(t, "a", database, nil), hub(t, "other", [16]byte{9}, nil)
	if err := Serve(a, "Echo", &Echo{}); err != nil {
		t.Fatal(err)
	}
	for _, try := range []struct {
		what, want string
		hello      Hello
	}{
		{"another database", "has another database", Hello{Service: Calls, Database: [16]byte{9}}},
		{"a service that is not served", "does not serve copy", Hello{Service: Copy, Database: database}},
		{"the log without a database", "has another database", Hello{Service: Log}},
	} {
		_, err := Dial(t.Context(), a.Addr(), try.hello, nil)
		var refused *RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), try.want) {
			t.Errorf("%s: %v", try.what, err)
		}
	}
	if _, err := other.Dial(t.Context(), a.Addr(), Calls); err == nil {
		t.Error("a node of another database is let in")
	}
	for _, garbage := range []string{"", "GET / HTTP/1.1\r\n\r\n", strings.Repeat("\x00", 100), magic + "\x09\x02" + strings.Repeat("\x00", 17)} {
		c, err := net.Dial("tcp", a.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, garbage); err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).CloseWrite()
		answer, _ := io.ReadAll(c) // a connection that is reset, now or before, is as good
		if len(answer) > 0 && answer[0] != refused {
			t.Errorf("%q is answered %x", garbage, answer)
		}
		c.Close()
	}
	if _, err := Listen(Options{Addr: "0.0.0.0:0"}); err == nil {
		t.Error("an address that nobody can reach is listened on")
	}
}

func security(t *testing.T, dir, node string) *Security {
	t.Helper()
	cert, key, err := Issue(dir, node, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s, err := LoadSecurity(cert, key, filepath.Join(dir, AuthorityFile))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSecurity lets in who shows a certificate by the cluster's authority in its own name, and nobody else. A new certificate is taken
// without a new hub.
func TestSecurity(t *testing.T) {
	ours, theirs := t.TempDir(), t.TempDir()
	for _, dir := range []string{ours, theirs} {
		if err := CreateAuthority(dir, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := CreateAuthority(ours, time.Hour); err == nil {
		t.Error("an authority is replaced")
	}
	a := hub(t, "a", database, security(t, ours, "a"))
	if err := Serve(a, "Echo", &Echo{}); err != nil {
		t.Fatal(err)
	}
	b := security(t, ours, "b")
	try := func(node string, s *Security) error {
		c, err := Dial(t.Context(), a.Addr(), Hello{Service: Calls, Database: database, Node: node}, s)
		if err == nil {
			c.Close()
		}
		return err
	}
	if err := try("b", b); err != nil {
		t.Errorf("a node of the cluster: %v", err)
	}
	for what, err := range map[string]error{
		"in another's name": try("c", b), "by another authority": try("b", security(t, theirs, "b")), "in the clear": try("b", nil),
	} {
		if err == nil {
			t.Errorf("let in %s", what)
		}
	}
	// The authority is replaced by the other one, in all files: the nodes follow, and those of before are refused.
	before := security(t, ours, "old")
	for _, name := range []string{AuthorityFile, authorityKeyFile} {
		content, err := os.ReadFile(filepath.Join(theirs, name))
		if err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Minute) // as of a file that was written later, whatever the file system's clock
		if err := errors.Join(os.WriteFile(filepath.Join(ours, name), content, 0o600), os.Chtimes(filepath.Join(ours, name), later, later)); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range []string{"a", "b"} {
		if _, _, err := Issue(ours, node, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := try("b", b); err != nil {
		t.Errorf("after new certificates: %v", err)
	}
	if err := try("b", before); err == nil {
		t.Error("a certificate of before is let in")
	}
}

// FuzzHello reads what strangers may say.
func FuzzHello(f *testing.F) {
	f.Add([]byte(magic + "\x01\x02" + strings.Repeat("\x00", 16) + "\x01n"))
	f.Add([]byte("GET / HTTP/1.1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHello(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		var out strings.Builder
		if err := h.write(&out); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(b), out.String()) {
			t.Errorf("%q is read as %+v, which is written %q", b, h, out.String())
		}
	})
}

// TestCloseWithoutRaft closes a hub whose log stream nobody has ever read: raft did not begin, and others have connected meanwhile.
func TestCloseWithoutRaft(t *testing.T) {
	a, b := hub(t, "a", database, nil), hub(t, "b", database, nil)
	a.LogStream()
	c, err := b.Dial(t.Context(), a.Addr(), Log)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	closed := make(chan error)
	go func() { closed <- a.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("the hub waits for raft, which is not there")
	}
}
