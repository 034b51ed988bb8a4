//go:build unix

package wire

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// TestTurn: who waits for something that is ready has run by the time that another has given way, though there is one processor, which
// always has something to run.
func TestTurn(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer in.Close()
	for turn := range 1000 {
		var woken atomic.Bool
		waiting := make(chan struct{})
		go func() {
			close(waiting)
			var b [1]byte
			_, err := out.Read(b[:])
			woken.Store(err == nil)
		}()
		<-waiting
		runtime.Gosched() // it waits for the pipe now
		if _, err := in.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // of those that are ready at once the one that came last may be first
			if err := passTurnstile(); err != nil {
				t.Fatal(err)
			}
		}
		if !woken.Load() {
			t.Fatalf("turn %d: it has not run", turn)
		}
	}
}

// TestTurns: many may give way at once, with more turnstiles than are kept.
func TestTurns(t *testing.T) {
	var all sync.WaitGroup
	for range 4 * turnstilesKept {
		all.Go(func() {
			for range 200 {
				if err := passTurnstile(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
