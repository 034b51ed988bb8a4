package tap

import (
	"context"
	"errors"
	"sync"
	"time"

	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

const (
	period      = time.Second
	minutes     = 10
	ratesKept   = minutes * 60
	tablesKept  = 128 // of a minute
	keysKept    = 512
	writersKept = 128
	keyBytesMax = 64 // of a key, in a top; longer ones are cut

	// budgetDefault is how long a round may read: 1.5 % of a processor.
	budgetDefault = 15 * time.Millisecond
)

// Options of a Tap.
type Options struct {
	Log     redolog.Log
	Applied func() scn.SCN // the newest commit
	Slot    *telemetry.Slot
	// Budget is how long a round may read; 0 is 15 ms.
	Budget time.Duration
	Now    func() time.Time // nil: time.Now
}

// Rate is what was committed in a second.
type Rate struct {
	Time         time.Time // its end
	SCN          scn.SCN   // of its last commit
	Transactions uint64    // exact
	Read         uint64    // of these, that were read: the rest of the figures is of them
	Changes      uint64
	Bytes        uint64
	Largest      uint64  // bytes of the largest of them
	LargestSCN   scn.SCN // that it is
}

// Key is a row.
type Key struct {
	Table scn.Space
	Key   string // its bytes, cut at 64
}

// Writer is who commits.
type Writer struct{ User, Program string }

// minute is what was counted in one.
type minute struct {
	began   time.Time
	tables  *top[scn.Space]
	keys    *top[Key]
	writers *top[Writer]
}

// Tap follows the log.
type Tap struct {
	options Options

	mu      sync.Mutex
	at      scn.SCN // everything up to it was read or passed over
	rates   []Rate  // a ring
	next    int
	minutes []*minute // the newest last
	skipped uint64
	failure error
}

// New makes a Tap that begins at the newest commit. Run follows the log.
func New(o Options) *Tap {
	if o.Budget == 0 {
		o.Budget = budgetDefault
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Tap{options: o, at: o.Applied()}
}

// Run follows the log until the context ends.
func (t *Tap) Run(ctx context.Context) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			t.options.Slot.Call(0, nil, t.options.Now().UnixMicro())
			t.Round(ctx)
			t.options.Slot.Done()
		case <-ctx.Done():
			return
		}
	}
}

// Round reads what was committed since the last one, as far as the budget reaches. Run calls it each second.
func (t *Tap) Round(ctx context.Context) {
	to := t.options.Applied()
	now := t.options.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if to < t.at { // a new incarnation
		t.at = to
	}
	rate := Rate{Time: now, SCN: to, Transactions: uint64(to - t.at)}
	m := t.minute(now)
	deadline := now.Add(t.options.Budget)
	t.failure = nil
	for record, err := range t.options.Log.Scan(ctx, redolog.Filter{SCNs: scn.Range{After: t.at, To: to}}) {
		if err == nil {
			err = t.take(&rate, m, &record)
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.failure = err
			}
			break
		}
		if t.options.Now().After(deadline) {
			break
		}
	}
	t.skipped += rate.Transactions - rate.Read
	t.at = to
	t.keep(rate)
}

// take adds a commit.
func (t *Tap) take(rate *Rate, m *minute, record *redolog.Record) error {
	transaction, err := record.Decode()
	if err != nil {
		return err
	}
	size := uint64(len(record.Body))
	rate.Read++
	rate.Changes += uint64(len(transaction.Changes))
	rate.Bytes += size
	if size > rate.Largest {
		rate.Largest, rate.LargestSCN = size, record.SCN
	}
	whole := Amounts{Transactions: 1, Bytes: size}
	share := size / uint64(max(len(transaction.Changes), 1))
	last := scn.Space(0)
	for i := range transaction.Changes {
		c := &transaction.Changes[i]
		a := Amounts{Bytes: share}
		switch c.Op {
		case redo.Insert:
			a.Inserts = 1
		case redo.Update:
			a.Updates = 1
		case redo.Delete:
			a.Deletes = 1
		}
		whole.Inserts, whole.Updates, whole.Deletes = whole.Inserts+a.Inserts, whole.Updates+a.Updates, whole.Deletes+a.Deletes
		if c.Table != last { // changes are sorted by table
			a.Transactions, last = 1, c.Table
		}
		m.tables.add(c.Table, 1, a)
		a.Transactions = 1
		m.keys.add(Key{c.Table, string(c.Key[:min(len(c.Key), keyBytesMax)])}, 1, a)
	}
	m.writers.add(Writer{transaction.User, transaction.Program}, uint64(max(len(transaction.Changes), 1)), whole)
	return nil
}

// minute gives the one of a moment, and forgets those that are too old.
func (t *Tap) minute(now time.Time) *minute {
	n := len(t.minutes)
	if n == 0 || now.Sub(t.minutes[n-1].began) >= time.Minute {
		t.minutes = append(t.minutes, &minute{now, newTop[scn.Space](tablesKept), newTop[Key](keysKept), newTop[Writer](writersKept)})
	}
	for len(t.minutes) > minutes || now.Sub(t.minutes[0].began) > (minutes+1)*time.Minute {
		t.minutes = t.minutes[1:]
	}
	return t.minutes[len(t.minutes)-1]
}

func (t *Tap) keep(r Rate) {
	if len(t.rates) < ratesKept {
		t.rates = append(t.rates, r)
		return
	}
	t.rates[t.next] = r
	t.next = (t.next + 1) % ratesKept
}

// Rates gives the seconds of the last ten minutes, the newest first.
func (t *Tap) Rates() []Rate {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Rate, 0, len(t.rates))
	for i := range t.rates {
		out = append(out, t.rates[(t.next+len(t.rates)-1-i)%len(t.rates)])
	}
	return out
}

// Tables gives the tables with most changes in the last ten minutes.
func (t *Tap) Tables() []Counted[scn.Space] {
	t.mu.Lock()
	defer t.mu.Unlock()
	var tops []*top[scn.Space]
	for _, m := range t.minutes {
		tops = append(tops, m.tables)
	}
	return merged(tops)
}

// Keys gives the rows with most changes.
func (t *Tap) Keys() []Counted[Key] {
	t.mu.Lock()
	defer t.mu.Unlock()
	var tops []*top[Key]
	for _, m := range t.minutes {
		tops = append(tops, m.keys)
	}
	return merged(tops)
}

// Writers gives those who change most.
func (t *Tap) Writers() []Counted[Writer] {
	t.mu.Lock()
	defer t.mu.Unlock()
	var tops []*top[Writer]
	for _, m := range t.minutes {
		tops = append(tops, m.writers)
	}
	return merged(tops)
}

// Position is up to where the tap is, how many commits it has passed over, and what went wrong in the last round.
func (t *Tap) Position() (at scn.SCN, skipped uint64, failure error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at, t.skipped, t.failure
}
