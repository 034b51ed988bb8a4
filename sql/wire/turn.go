package wire

import (
	"runtime"
	"time"

	"github.com/dolthub/vitess/go/mysql"
)

// The runtime asks which sockets are ready only when a processor has nothing else to run. A client that answers at once, from another
// processor, has its next statement there before its connection has to wait for it; so that connection would keep its processor until the
// runtime takes it away, 10 ms later, while the others wait. Each gives way to them after turnTime, then, which is long against what
// that costs and short against what somebody notices; and, between two transactions, after transactionTurnTime: to be interrupted there
// makes no transaction longer. Measured with sysbench's oltp_read_only, 8 threads on two cores: docs/decisions/0014.
const (
	turnTime            = 2 * time.Millisecond
	transactionTurnTime = 600 * time.Microsecond
)

// turn is the time for which a connection has kept a processor.
type turn struct {
	began         time.Time
	inTransaction bool
}

// over tells, between two statements, whether the turn is over; then the next one begins.
func (t *turn) over(now time.Time, inTransaction bool) bool {
	limit := turnTime
	if t.inTransaction && !inTransaction {
		limit = transactionTurnTime
	}
	t.inTransaction = inTransaction
	if now.Sub(t.began) < limit {
		return false
	}
	t.began = now
	return true
}

// turnstilesKept bounds the turnstiles that are kept for the next who need one.
const turnstilesKept = 64

var turnstiles = make(chan *turnstile, turnstilesKept)

// giveWay lets other connections run if this one has run for its time, and there are more than processors. If that fails, as for want of
// file descriptors, they wait longer, which is no reason to end this one.
func (c *connection) giveWay() {
	if int(c.l.open.Load()) <= runtime.GOMAXPROCS(0) {
		return
	}
	inTransaction := c.library != nil && c.library.StatusFlags&mysql.ServerInTransaction != 0
	if c.turn.over(time.Now(), inTransaction) {
		_ = passTurnstile()
	}
}

func passTurnstile() error {
	var t *turnstile
	select {
	case t = <-turnstiles:
	default:
		var err error
		if t, err = newTurnstile(); err != nil {
			return err
		}
	}
	if err := t.pass(); err != nil {
		t.close()
		return err
	}
	select {
	case turnstiles <- t:
	default:
		t.close()
	}
	return nil
}
