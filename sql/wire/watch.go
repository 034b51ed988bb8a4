package wire

import (
	"context"
	"sync"
	"time"

	"github.com/dolthub/vitess/go/mysql"
)

// watchInterval is how often a running statement looks whether its client is still there. The engine's own look reads
// a file of the kernel with all sockets in it, and knows nothing of TLS; it finds our connection to be none of its
// kind, and leaves it alone.
const watchInterval = time.Second

// watchClient returns a context that ends when the client of a running statement goes away. stop must be called; behind it nothing of
// this has to do with the statement any more.
func watchClient(ctx context.Context, c *mysql.Conn) (running context.Context, stop func()) {
	own := connectionOf(c.Conn)
	if own == nil {
		return ctx, func() {}
	}
	return own.watch.begin(ctx, own)
}

// watch looks after a connection's statements. Its timer goes on from one to the next, since most are done long before it fires.
type watch struct {
	mu     sync.Mutex
	cancel func() // of the running statement
	timer  *time.Timer
	set    bool // the timer will fire
}

func (w *watch) begin(ctx context.Context, c *connection) (running context.Context, stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil { // a statement whose client has a cursor is about to end, in a goroutine of its own
		return new(watch).begin(ctx, c)
	}
	running, cancel := context.WithCancel(ctx)
	w.cancel = cancel
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(watchInterval, func() { w.look(c) })
	case !w.set:
		w.timer.Reset(watchInterval)
	}
	w.set = true
	return running, func() {
		w.end()
		cancel()
	}
}

// look sees nothing of a socket whose number has been given to another: while a statement runs, the connection is not let go.
func (w *watch) look(c *connection) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.set = w.cancel != nil; !w.set {
		return
	}
	if c.gone() {
		w.cancel()
	}
	w.timer.Reset(watchInterval)
}

// end waits for a look that is under way.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cancel = nil
}
