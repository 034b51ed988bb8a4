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

// watchClient returns a context that ends when the client of a running statement goes away. Statements that are done
// within the interval cost one timer. stop must be called; behind it nothing of this runs any more.
func watchClient(ctx context.Context, c *mysql.Conn) (context.Context, func()) {
	own := connectionOf(c.Conn)
	if own == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{gone: own.gone, cancel: cancel}
	w.mu.Lock()
	w.timer = time.AfterFunc(watchInterval, w.look)
	w.mu.Unlock()
	return ctx, w.stop
}

type watch struct {
	gone   func() bool
	cancel func()

	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.stopped:
	case w.gone():
		w.cancel()
	default:
		w.timer.Reset(watchInterval)
	}
}

// stop waits for a look that is under way: it must not see a socket whose number has been given to another.
func (w *watch) stop() {
	w.mu.Lock()
	w.stopped = true
	w.timer.Stop()
	w.mu.Unlock()
	w.cancel()
}
