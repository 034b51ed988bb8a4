package peer

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Waiting is what the other node serves: a call that ends when its channel does.
type Waiting struct {
	entered, leave chan struct{}
}

// Wait waits.
func (w *Waiting) Wait(_ *int, _ *int) error {
	w.entered <- struct{}{}
	<-w.leave
	return nil
}

func listening(t *testing.T, name string) *Hub {
	t.Helper()
	h, err := Listen(Options{Addr: "127.0.0.1:0", Database: [16]byte{1}, Node: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() }) // some are closed already
	return h
}

// TestNotSent: only a call that surely has not reached the other node is not sent, whoever ends the connection.
func TestNotSent(t *testing.T) {
	for name, end := range map[string]func(c *Caller, other *Hub){
		"by the other node": func(_ *Caller, other *Hub) { go other.Close() },
		"here":              func(c *Caller, other *Hub) { c.Forget(other.Addr()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := &Waiting{entered: make(chan struct{}, 1), leave: make(chan struct{})}
			other := listening(t, "b")
			t.Cleanup(func() { close(w.leave) })
			if err := Serve(other, "W", w); err != nil {
				t.Fatal(err)
			}
			c := NewCaller(listening(t, "a"))
			t.Cleanup(func() { _ = c.Close() })
			said := make(chan error, 1)
			go func() { said <- c.Call(context.Background(), other.Addr(), "W.Wait", new(int), new(int)) }()
			<-w.entered
			end(c, other)
			select {
			case err := <-said:
				if err == nil || errors.Is(err, ErrNotSent) {
					t.Errorf("a call that the other node has: %v", err)
				}
			case <-time.After(2 * time.Minute):
				t.Fatal("the call goes on without a connection")
			}
		})
	}
	gone := listening(t, "c")
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	c := NewCaller(listening(t, "a"))
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Call(t.Context(), gone.Addr(), "W.Wait", new(int), new(int)); !errors.Is(err, ErrNotSent) {
		t.Errorf("a call to nobody: %v", err)
	}
}

// TestDialGivenUp: who has no use for a connection any more does not wait for a node that is stopped.
func TestDialGivenUp(t *testing.T) {
	silent := listening(t, "silent")
	entered := make(chan struct{})
	silent.Handle(Calls, nil)
	silent.mu.Lock() // it takes connections, and answers none
	defer silent.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { close(entered); time.Sleep(50 * time.Millisecond); cancel() }()
	<-entered
	begun := time.Now()
	if _, err := Dial(ctx, silent.Addr(), Hello{Service: Calls, Database: [16]byte{1}, Node: "a"}, nil); err == nil {
		t.Error("it answers")
	}
	if took := time.Since(begun); took > helloTimeout/2 {
		t.Errorf("given up after %s", took)
	}
}

// TestLateAnswer: the answer to a call that was given up does not come up where the caller had wanted it.
func TestLateAnswer(t *testing.T) {
	w := &Counting{entered: make(chan struct{}, 2), leave: make(chan struct{})}
	other := listening(t, "b")
	if err := Serve(other, "W", w); err != nil {
		t.Fatal(err)
	}
	c := NewCaller(listening(t, "a"))
	t.Cleanup(func() { _ = c.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-w.entered
		cancel()
	}()
	first, late := 1, 0
	if err := c.Call(ctx, other.Addr(), "W.Count", &first, &late); !errors.Is(err, context.Canceled) {
		t.Fatalf("the call ends with %v", err)
	}
	close(w.leave)
	for want := 2; want < 50; want++ { // the answer to one of them comes after the late one
		got := 0
		if err := c.Call(t.Context(), other.Addr(), "W.Count", &want, &got); err != nil || got != want {
			t.Fatalf("counted %d, want %d: %v", got, want, err)
		}
		<-w.entered
	}
	if late != 0 {
		t.Errorf("an answer %d came after the call was over", late)
	}
}

// Counting answers with what it was asked, when it may.
type Counting struct{ entered, leave chan struct{} }

// Count waits, and gives the number back.
func (w *Counting) Count(n, out *int) error {
	w.entered <- struct{}{}
	<-w.leave
	*out = *n
	return nil
}
