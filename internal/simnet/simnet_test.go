package simnet

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// joined makes two hosts and a connection between them.
func joined(t *testing.T) (n *Network, a, b *Host, from, to net.Conn) {
	t.Helper()
	n = New(1)
	a, b = n.Host("a"), n.Host("b")
	l, err := b.Listen("b")
	if err != nil {
		t.Fatal(err)
	}
	if from, err = a.Dial(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if to, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return n, a, b, from, to
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// hears tells whether a text comes within a time.
func hears(t *testing.T, c net.Conn, text string, within time.Duration) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len(text))
	n, err := io.ReadFull(c, b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read: %v", err)
	}
	if err == nil && string(b) != text || err != nil && n > 0 {
		t.Fatalf("heard %q, want %q", b[:n], text)
	}
	return err == nil
}

// TestStreams: what is written comes in its order, over a link that is slow and lossy, too, and then the end.
func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, from, to := joined(t)
		n.Slow("a", "b", 50*time.Millisecond, 30)
		var want bytes.Buffer
		for i := range 200 {
			b := bytes.Repeat([]byte{byte(i)}, 1+i%7)
			want.Write(b)
			send(t, from, string(b))
		}
		began := time.Now()
		if err := from.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(to)
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%d bytes came, %v; %d were sent", len(got), err, want.Len())
		}
		if took := time.Since(began); took < resendAfter {
			t.Errorf("it took %s on a slow link", took)
		}
	})
}

// TestCuts: nothing comes over a way that is cut, until it is healed, and the other way is left alone.
func TestCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, from, to := joined(t)
		n.Cut("a", "b")
		send(t, from, "there")
		send(t, to, "back")
		if hears(t, to, "there", time.Second) || !hears(t, from, "back", time.Second) {
			t.Error("a cut one way is none, or one both ways")
		}
		n.Heal("a", "b")
		if !hears(t, to, "there", time.Second) {
			t.Error("what was sent during a cut is lost")
		}
		n.Cut("a", "b")
		time.Sleep(aliveFor + time.Second)
		n.Heal("a", "b")
		if _, err := from.Read(make([]byte, 1)); !errors.Is(err, ErrTimeout) {
			t.Errorf("after a long cut: %v", err)
		}
	})
}

// TestPause: who is paused hears and says nothing, and all of it after.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, _, from, to := joined(t)
		a.Pause()
		send(t, from, "there")
		send(t, to, "back")
		if hears(t, to, "there", time.Second) || hears(t, from, "back", time.Second) {
			t.Error("a host that is paused goes on")
		}
		a.Resume()
		if !hears(t, to, "there", time.Second) || !hears(t, from, "back", time.Second) {
			t.Error("a pause lost something")
		}
	})
}

// TestCrashes: the others hear of a crash at once, or, if the machine is gone, late; and a new life takes the address.
func TestCrashes(t *testing.T) {
	for _, silent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n, a, b, from, to := joined(t)
			began := time.Now()
			b.Crash(silent)
			if _, err := to.Write([]byte("x")); err == nil {
				t.Error("a host that has crashed writes")
			}
			_, err := from.Read(make([]byte, 1))
			if took := time.Since(began); err == nil || silent != (took >= aliveFor) {
				t.Errorf("silent %v: %v after %s", silent, err, took)
			}
			l, err := n.Host("b").Listen("b")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Dial(t.Context(), "b"); err != nil {
				t.Error(err)
			}
			if _, err := l.Accept(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEcho: what a connection began with comes again on another.
func TestEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, b, from, to := joined(t)
		send(t, from, "hello ")
		send(t, from, "you")
		if !hears(t, to, "hello you", time.Second) {
			t.Fatal("nothing came")
		}
		if n.Echo(func(first []byte) bool { return string(first) == "other" }) {
			t.Error("something was echoed that was not wanted")
		}
		if !n.Echo(func(first []byte) bool { return string(first) == "hello " }) {
			t.Fatal("nothing was echoed")
		}
		again, err := b.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if !hears(t, again, "hello you", time.Second) {
			t.Error("the echo is silent")
		}
		n.Close()
	})
}
