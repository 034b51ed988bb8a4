package flashback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
)

// Options say what a Manager needs of its surroundings.
type Options struct {
	Engine *engine.Engine
	// TriggerTable gives the table that the definition of a trigger names. Called from many goroutines.
	TriggerTable func(definition string) (table string, err error)
}

// Manager takes things back.
type Manager struct {
	engine  *engine.Engine
	options Options
	taken   atomic.Pointer[history]
}

// history is everything that was taken back, as of the last time that changed.
type history struct {
	at  scn.SCN
	all []catalog.Flashback
}

// Flashbacks lists everything that was taken back, truncated or cloned. It is not to be changed.
func (m *Manager) Flashbacks() ([]catalog.Flashback, error) {
	at, err := m.engine.LastChange(catalog.FlashbacksSpace)
	if err != nil {
		return nil, err
	}
	if h := m.taken.Load(); h != nil && h.at == at {
		return h.all, nil
	}
	t := m.engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	if at, err = m.engine.LastChange(catalog.FlashbacksSpace); err != nil {
		return nil, err
	}
	all, err := t.Flashbacks()
	if err == nil && at <= t.Snapshot() {
		m.taken.Store(&history{at, all})
	}
	return all, err
}

// New makes a Manager.
func New(o Options) *Manager { return &Manager{engine: o.Engine, options: o} }

// Name names a table, or a schema if Table is empty.
type Name struct{ Schema, Table string }

// String is the name in SQL.
func (n Name) String() string { return catalog.Scope{Schema: n.Schema, Table: n.Table}.String() }

// Check says what happens to foreign keys between what goes back and what stays.
type Check int

// Kinds of Check.
const (
	Validate          Check = iota // a row whose parent would be missing refuses the flashback
	NoValidate                     // nothing is looked at
	IncludeDependents              // tables that foreign keys link to one in scope go back with it
)

// Author is who asks, for the redo.
type Author struct {
	User, Host, Program string
	Digest              uint64 // of the statement
	Text                string
}

// Request is one flashback.
type Request struct {
	Kind   catalog.FlashbackKind // FlashbackTable, FlashbackSchema, FlashbackDatabase or FlashbackDrop
	Names  []Name                // tables, or one schema; none for the database
	To     scn.SCN               // not used by FlashbackDrop
	Check  Check
	Rename string // of the only table or schema; empty: it keeps its name
	// AutoIncrement says that the next value of an auto-increment column is the one behind those that the table has then.
	// Without it the column goes on where it is, so that no value is given twice.
	AutoIncrement bool
	// Control takes users, grants, persisted variables and restore points back, too; for the database only.
	Control bool
	// Undo says that what was not there at To goes: the flashback undoes one that brought it.
	Undo bool
	By   Author
	// Lock is asked before a table is changed, and may wait for those who have locked it. nil: nobody has.
	Lock func(t *txn.Txn, table *catalog.Table) error
}

// Result tells what was done.
type Result struct {
	Operation   string // e.g. FLASHBACK TABLE
	Object      string
	At          scn.SCN // the commit that did it
	To          scn.SCN
	ToMicros    int64 // its time; 0 for the time before the first commit
	Tables      int   // that changed
	RowsBefore  uint64
	RowsAfter   uint64
	Taken       Taken
	Incarnation uint64 // that is current now
	Undo        string // the statement that takes it back
	Note        string // what else should be known
}

// attemptsMax bounds how often a flashback begins again because definitions changed under it.
const attemptsMax = 100

// lockAfter is how many attempts are made without locking the tables that foreign keys link to those that go back.
const lockAfter = 3

// Run takes back what a request says.
func (m *Manager) Run(ctx context.Context, r Request) (Result, error) {
	var owner uint64
	defer func() {
		if owner != 0 {
			m.engine.ReleaseLocks(owner)
		}
	}()
	for attempt := 1; ; attempt++ {
		result, p, err := m.attempt(ctx, r)
		if err == nil || !errors.Is(err, txn.ErrConflict) || attempt == attemptsMax || ctx.Err() != nil {
			return result, err
		}
		if attempt >= lockAfter && owner == 0 && p != nil {
			if owner, err = m.lockLinked(ctx, p); err != nil {
				return Result{}, err
			}
		}
		select { // those in the way are about to be applied
		case <-ctx.Done():
		case <-time.After(time.Duration(attempt) * time.Millisecond):
		}
	}
}

// lockLinked keeps others from writing to the tables whose content a plan relied on, so that the next attempt succeeds.
func (m *Manager) lockLinked(ctx context.Context, p *plan) (owner uint64, err error) {
	owner = m.engine.NewOwner()
	slices.Sort(p.linked)
	for _, table := range slices.Compact(p.linked) {
		if err := m.engine.LockTable(ctx, owner, table, lock.TableShare, txn.LockWaitDefault, nil); err != nil {
			m.engine.ReleaseLocks(owner)
			return 0, err
		}
	}
	return owner, nil
}

func (m *Manager) begin(by Author) *txn.Txn {
	t := m.engine.Begin(txn.Options{Isolation: txn.RepeatableRead, User: by.User, Host: by.Host, Program: by.Program})
	t.StartStatement(by.Digest, by.Text)
	t.Pin()
	return t
}

func (m *Manager) attempt(ctx context.Context, r Request) (Result, *plan, error) {
	t := m.begin(r.By)
	defer t.Rollback()
	p, err := m.plan(t, r)
	if err != nil {
		return Result{}, nil, err
	}
	if err := errors.Join(p.lock(t, r.Lock), p.write(t)); err != nil {
		return Result{}, nil, err
	}
	if err := m.checkConstraints(t, p); err != nil {
		return Result{}, nil, err
	}
	incarnation, err := m.record(t, p)
	if err != nil {
		return Result{}, nil, err
	}
	at, err := t.Commit(ctx)
	if err != nil {
		return Result{}, p, err
	}
	if r.AutoIncrement {
		if err := m.rewindAutoIncrement(ctx, p, at); err != nil {
			return Result{}, nil, fmt.Errorf("it went back, but not its auto-increment: %w", err)
		}
	}
	result, err := m.result(p, at, incarnation)
	return result, nil, err
}

// record notes the flashback among its like, and what it does to the recycle bin.
func (m *Manager) record(t *txn.Txn, p *plan) (incarnation uint64, err error) {
	all, err := m.Flashbacks()
	if err != nil {
		return 0, err
	}
	f := catalog.Flashback{Kind: p.request.Kind, Scope: p.scope(), To: p.to}
	incarnation = Current(all)
	if f.Kind == catalog.FlashbackDatabase {
		f.Parent = At(all, p.to)
		incarnation = highest(all) + 1
		f.Incarnation = incarnation
	}
	if err := p.emptyBin(t); err != nil {
		return 0, err
	}
	return incarnation, t.PutFlashback(f)
}

func (m *Manager) result(p *plan, at scn.SCN, incarnation uint64) (Result, error) {
	micros, err := m.engine.SCNToTime(p.to)
	if err != nil {
		return Result{}, err
	}
	r := Result{
		Operation: p.operation(), Object: p.object(), At: at, To: p.to, ToMicros: micros,
		Incarnation: incarnation, Undo: p.undo(at), Note: strings.Join(p.notes, "; "),
	}
	for _, c := range p.tables {
		if !c.changes() {
			continue
		}
		r.Tables++
		if c.now != nil {
			s, err := m.engine.TableStateAt(c.now.ID, at-1)
			if err != nil {
				return r, err
			}
			r.RowsBefore += s.Rows
		}
		if c.result != nil {
			s, err := m.engine.TableStateAt(c.result.ID, at)
			if err != nil {
				return r, err
			}
			r.RowsAfter += s.Rows
		}
	}
	r.Taken, err = m.countTaken(p, at)
	return r, err
}
