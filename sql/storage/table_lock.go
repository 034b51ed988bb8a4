package storage

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/sqlcode"
)

// TableLock is one table of LOCK TABLES.
type TableLock struct {
	Table *Table
	Write bool
}

// lockedTables are what a session has locked with LOCK TABLES.
type lockedTables struct {
	owner  uint64
	writes map[scn.Space]bool // by table: whether the lock is WRITE
}

// tableLockWaitVariable is how long LOCK TABLES waits, in seconds.
const tableLockWaitVariable = "lock_wait_timeout"

// LockTables lets go of the tables that the session has locked, and locks others, once nobody else uses them in a way
// that does not go with it. It takes them in the order of their ids, so that sessions do not wait for each other in a
// circle.
func (s *Session) LockTables(ctx *gsql.Context, tables []TableLock) error {
	writes := map[scn.Space]bool{}
	for _, t := range tables {
		writes[t.Table.def.ID] = writes[t.Table.def.ID] || t.Write
	}
	return s.lockTables(ctx, writes)
}

// LockAllTables locks all tables that there are with READ: FLUSH TABLES WITH READ LOCK.
func (s *Session) LockAllTables(ctx *gsql.Context) error {
	writes := map[scn.Space]bool{}
	for _, t := range s.store.engine.Catalog().AllTables() {
		if t.ID >= catalog.FirstUserSpace {
			writes[t.ID] = false
		}
	}
	return s.lockTables(ctx, writes)
}

func (s *Session) lockTables(ctx *gsql.Context, writes map[scn.Space]bool) error {
	s.releaseTables()
	locked := &lockedTables{owner: s.store.engine.NewOwner(), writes: writes}
	for _, table := range slices.Sorted(maps.Keys(writes)) {
		mode := lock.TableShare
		if writes[table] {
			mode = lock.TableExclusive
		}
		if err := s.store.engine.LockTable(ctx, locked.owner, table, mode, s.tableLockWait(), s.slot); err != nil {
			s.store.engine.ReleaseLocks(locked.owner)
			return engineError(err)
		}
	}
	s.tables.Store(locked)
	s.slot.Owns(locked.owner)
	if s.current != nil { // that of this statement, which goes on without autocommit
		s.current.inner.SetSession(locked.owner)
	}
	return nil
}

func (s *Session) tableLockWait() time.Duration {
	seconds, err := strconv.ParseInt(s.text(tableLockWaitVariable), 10, 64)
	if err != nil {
		return txn.LockWaitDefault
	}
	return time.Duration(min(seconds, maxLockWaitSeconds)) * time.Second
}

// UnlockTables lets go of locked tables, and commits what is open, if there are any.
func (s *Session) UnlockTables(ctx *gsql.Context) error {
	if s.tables.Load() == nil {
		return nil
	}
	err := s.Commit(ctx)
	s.releaseTables()
	return err
}

// ReleaseTables lets go of locked tables: START TRANSACTION does so.
func (s *Session) ReleaseTables() { s.releaseTables() }

func (s *Session) releaseTables() {
	if locked := s.tables.Swap(nil); locked != nil {
		s.store.engine.ReleaseLocks(locked.owner)
		s.slot.Owns(0)
	}
}

// LockOwner is the owner of the tables that the session has locked; 0 if there are none. It may be called from any
// goroutine.
func (s *Session) LockOwner() uint64 {
	if locked := s.tables.Load(); locked != nil {
		return locked.owner
	}
	return 0
}

// checkLocked refuses a table that a session does not have among those that it has locked, if the statement names it.
// What comes through views, triggers and foreign keys is let through, as MySQL does, which locks it with the others.
func (s *Session) checkLocked(ctx *gsql.Context, def *catalog.Table) error {
	locked := s.tables.Load()
	if locked == nil {
		return nil
	}
	text := ctx.Query()
	if s.runs != "" {
		text = s.runs
	}
	if _, ok := locked.writes[def.ID]; ok || !names(text, def.Name) {
		return nil
	}
	first, _ := nextWord(text)
	switch first {
	case "lock", "unlock", "show", "desc", "describe", "explain", "flush":
		return nil
	}
	return sqlcode.New(sqlcode.IDTableNotLocked, def.Name)
}

// Runs tells the session the text of the statement that the client's runs, as EXECUTE and CALL do, and gives what it was
// told before; "" is the client's own.
func (s *Session) Runs(text string) (before string) {
	before, s.runs = s.runs, text
	return before
}

// names tells whether a name stands in a text as a word of its own, outside of literals.
func names(text, name string) bool {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'' || c == '"':
			i = literalEnd(text, i)
		case isWordByte(c):
			from := i
			for i < len(text) && isWordByte(text[i]) {
				i++
			}
			if strings.EqualFold(text[from:i], name) {
				return true
			}
		case c == '`':
			end := strings.IndexByte(text[i+1:], '`')
			if end >= 0 && strings.EqualFold(text[i+1:i+1+end], name) {
				return true
			}
			i += max(end, 0) + 2
		default:
			i++
		}
	}
	return false
}

// literalEnd is the place behind the literal that begins with the quote at i.
func literalEnd(text string, i int) int {
	quote := text[i]
	for i++; i < len(text) && text[i] != quote; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func isWordByte(b byte) bool {
	return b == '_' || b == '$' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// lockFor takes the intent to use a table, and refuses to change one that the session has locked with READ.
func (s *Session) lockFor(ctx context.Context, t *txn.Txn, def *catalog.Table, mode lock.Mode) error {
	if locked := s.tables.Load(); locked != nil && mode == lock.IntentUpdate {
		if write, ok := locked.writes[def.ID]; ok && !write {
			return sqlcode.New(sqlcode.IDTableReadLocked, def.Name)
		}
	}
	if !s.store.engine.TablesLocked() {
		return nil
	}
	return engineError(t.LockTable(ctx, def, mode, s.settings().lockWait))
}
