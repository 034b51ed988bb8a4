package replay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"redoubt/engine/catalog"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/sql/redosql"
)

// Name is that of a table or, without Table, of a schema, as at the change.
type Name struct{ Schema, Table string }

// String is the name as one writes it.
func (n Name) String() string {
	if n.Table == "" {
		return n.Schema
	}
	return n.Schema + "." + n.Table
}

// Options of a replay.
type Options struct {
	Log    redolog.Log
	Past   redosql.Past
	Differ Differ
	SCNs   scn.Range // (After, To]
	Only   []Name    // what is wanted; empty: everything
	Except []uint64  // transactions that are left out, by their ids
	Conn   *sql.Conn

	// Speed is how fast time passes between commits: 1 as it did, 10 ten times as fast; 0: as fast as it goes.
	Speed float64
	// Force counts conflicts and goes on.
	Force bool
	// Progress, if it is not nil, hears of each SCN that is done.
	Progress func(at scn.SCN)
}

// Conflict is a row that is not as the log says, or a statement that cannot be done again.
type Conflict struct {
	SCN         scn.SCN
	Transaction uint64
	Table       string
	Key         string // of the row, as JSON
	Reason      string
	Err         error // of the server; may be nil
}

// Error implements error.
func (c *Conflict) Error() string {
	text := fmt.Sprintf("SCN %d, transaction %d", c.SCN, c.Transaction)
	if c.Table != "" {
		text += fmt.Sprintf(", table %s", c.Table)
	}
	if c.Key != "" {
		text += ", key " + c.Key
	}
	text += ": " + c.Reason
	if c.Err != nil {
		text += ": " + c.Err.Error()
	}
	return text
}

// Unwrap gives the server's error.
func (c *Conflict) Unwrap() error { return c.Err }

// Result tells what was done.
type Result struct {
	Transactions uint64 // done on the server
	Rows         uint64
	Definitions  uint64

	Conflicts uint64  // with Force
	Last      scn.SCN // the last that was looked at; all up to it is done
	Took      time.Duration
	Notes     []string
}

// notesMax bounds the notes: of conflicts, the first ones are told.
const notesMax = 20

// replayer is one replay on its way.
type replayer struct {
	Options
	result   Result
	began    time.Time
	first    int64 // commit time of the first transaction
	prepared map[string]*sql.Stmt
	triggers map[object]bool // that the log made
	leftOut  map[uint64]bool
}

// sessionSettings make rows go in as they are.
var sessionSettings = []string{
	"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
	"SET SESSION time_zone = '+00:00'",
	"SET SESSION foreign_key_checks = 0",
	"SET NAMES utf8mb4",
}

// Run replays. The result is true also if there is an error.
func Run(ctx context.Context, o Options) (Result, error) {
	r := &replayer{Options: o, began: time.Now(), prepared: map[string]*sql.Stmt{}, triggers: map[object]bool{}, leftOut: map[uint64]bool{}}
	for _, xid := range o.Except {
		r.leftOut[xid] = true
	}
	r.result.Last = o.SCNs.After
	err := r.run(ctx)
	r.result.Took = time.Since(r.began)
	return r.result, errors.Join(err, r.closePrepared())
}

func (r *replayer) run(ctx context.Context) error {
	for _, s := range sessionSettings {
		if _, err := r.Conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	if err := r.refuseTriggers(ctx); err != nil {
		return err
	}
	var t transaction
	for l, err := range redosql.Scan(ctx, r.Log, r.Past, redolog.Filter{SCNs: r.SCNs}, r.wants) {
		if err != nil {
			return err
		}
		if l.Record.SCN != t.at {
			if err := r.do(ctx, &t); err != nil {
				return err
			}
			t = transaction{at: l.Record.SCN, xid: l.Transaction.XID, micros: l.Record.TimeMicros}
		}
		if err := t.add(l, r.Past); err != nil {
			return fmt.Errorf("SCN %d: %w", l.Record.SCN, err)
		}
	}
	if err := r.do(ctx, &t); err != nil {
		return err
	}
	r.result.Last = r.SCNs.To
	return r.makeTriggers(ctx)
}

// wants tells whether a line is to be done again.
func (r *replayer) wants(l *redosql.Line) (bool, error) {
	if r.leftOut[l.Transaction.XID] {
		return false, nil
	}
	if !l.Defines {
		return !l.Beside && r.wanted(Name{l.Table.Schema, l.Table.Shape.Table.Name}), nil
	}
	if len(r.Only) == 0 {
		return true, nil
	}
	touched, err := touchedBy(l, r.Past)
	return slices.ContainsFunc(touched, r.wanted), err
}

// wanted tells whether a table, or something of a schema, passes.
func (r *replayer) wanted(n Name) bool {
	return len(r.Only) == 0 || slices.ContainsFunc(r.Only, func(o Name) bool {
		return catalog.Fold(o.Schema) == catalog.Fold(n.Schema) && (o.Table == "" || catalog.Fold(o.Table) == catalog.Fold(n.Table))
	})
}

// await waits until a transaction is due.
func (r *replayer) await(ctx context.Context, micros int64) error {
	if r.first == 0 {
		r.first = micros
	}
	if r.Speed == 0 {
		return ctx.Err()
	}
	due := r.began.Add(time.Duration(float64(micros-r.first) / r.Speed * float64(time.Microsecond)))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// conflict ends the replay, or is counted.
func (r *replayer) conflict(c *Conflict) error {
	if !r.Force {
		return c
	}
	r.result.Conflicts++
	if len(r.result.Notes) < notesMax {
		r.result.Notes = append(r.result.Notes, c.Error())
	}
	return nil
}

// preparedMax bounds the statements that are kept prepared.
const preparedMax = 256

// statement gives a prepared statement of a text.
func (r *replayer) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := r.prepared[text]; ok {
		return s, nil
	}
	if len(r.prepared) >= preparedMax {
		if err := r.closePrepared(); err != nil {
			return nil, err
		}
	}
	s, err := r.Conn.PrepareContext(ctx, text)
	if err == nil {
		r.prepared[text] = s
	}
	return s, err
}

func (r *replayer) closePrepared() error {
	var errs []error
	for _, s := range r.prepared {
		errs = append(errs, s.Close())
	}
	r.prepared = map[string]*sql.Stmt{}
	return errors.Join(errs...)
}

func quotedText(text string) string { return string(redosql.AppendString(nil, []byte(text))) }

func quotedName(name string) string { return string(redosql.AppendName(nil, name)) }
