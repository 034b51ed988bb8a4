package storage

import (
	"context"
	"sync/atomic"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/telemetry"
)

// Session is the state of one client.
type Session struct {
	*gsql.BaseSession
	store     *Store
	program   string
	current   *Transaction
	past      map[scn.SCN]*txn.Txn // views of the past that the running statement has opened
	temporary temporaryTables
	iterators map[*rowIter]struct{}      // that read now
	versions  map[*versionsIter]struct{} // so, of versions
	running   bool                       // a client's statement has begun
	shown     atomic.Pointer[TransactionInfo]
	held      atomic.Int64                 // bytes of rows that the running statement holds in memory
	restart   bool                         // the running statement begins again, in the transaction that is open
	once      bool                         // it cannot: its client has sent what is not sent twice
	beside    beside                       // as it was when the running statement began
	point     *parser.AsOf                 // at which the table is read that the planner looks for; nil for now
	detached  bool                         // and has put its transaction aside, to run statements of a procedure
	direct    *StatementInfo               // the running statement, if it goes past the SQL engine
	set       *settings                    // nil: a variable has changed since they were read
	tables    atomic.Pointer[lockedTables] // by LOCK TABLES; nil: none
	purge     bool                         // what the running statement drops does not go into the recycle bin
	userLocks map[string]int               // how many times each is held, by name
	next      next                         // what the next transaction is to be
	slot      *telemetry.Slot              // where it is shown what the session does; may be nil
	digested  digested                     // of the text of the running statement
	inserts   insertID                     // of the running statement
	plan      gsql.Node                    // by which it runs; nil: none is known
	attached  atomic.Pointer[any]          // by who watches it
	either    bool                         // the running statement has an OR
	dropped   int                          // warnings of the running statement that are not kept
	cleared   bool                         // the warnings of the statement before are
	before    []*gsql.Warning              // these, in their order
	unkept    int                          // and how many there were besides
	runs      string                       // text of the statement that EXECUTE or CALL runs now; "" if the client's is none of these
}

// digested is a text whose digest is known.
type digested struct {
	text   string
	digest uint64
}

// Watch gives the slot in which the session shows what it does.
func (s *Session) Watch(slot *telemetry.Slot) { s.slot = slot }

// Slot is where the session shows what it does; nil if nowhere.
func (s *Session) Slot() *telemetry.Slot { return s.slot }

// Plan is the plan of the running statement, or of the latest; nil if it had none.
func (s *Session) Plan() gsql.Node { return s.plan }

// Planned keeps the plan of the running statement: the first that it runs by, those of procedures and triggers are part of it. It
// tells whether it is the first.
func (s *Session) Planned(n gsql.Node) bool {
	if s.plan != nil {
		return false
	}
	s.plan = n
	return true
}

// Attach keeps something with the running statement, for who watches it. Attached gives it, to any goroutine; nil if there is nothing.
func (s *Session) Attach(v any) { s.attached.Store(&v) }

// Attached gives what was kept with the statement.
func (s *Session) Attached() any {
	if v := s.attached.Load(); v != nil {
		return *v
	}
	return nil
}

// Digested says what the digest of a text is.
func (s *Session) Digested(text string, digest uint64) { s.digested = digested{text, digest} }

// Digest is the digest of a statement's text. That of the latest is remembered: it is asked for more than once.
func (s *Session) Digest(text string) uint64 {
	if s.digested.text != text || text == "" {
		s.digested = digested{text, Digest(text)}
	}
	return s.digested.digest
}

var (
	_ gsql.TransactionSession    = (*Session)(nil)
	_ gsql.LifecycleAwareSession = (*Session)(nil)
	_ gsql.PersistableSession    = (*Session)(nil)
)

// NewSession makes a session. program is what the client says it is, for the redo.
func NewSession(base *gsql.BaseSession, store *Store, program string) *Session {
	return &Session{BaseSession: base, store: store, program: program}
}

// SetPurge says whether what the session drops stays out of the recycle bin.
func (s *Session) SetPurge(on bool) { s.purge = on }

// Lock takes the intent to change a table in a transaction of a statement of ours, and refuses it if the session has locked
// the table with READ.
func (s *Session) Lock(ctx context.Context, t *txn.Txn, def *catalog.Table) error {
	return s.lockFor(ctx, t, def, lock.IntentUpdate)
}

// Program is what the client says it is.
func (s *Session) Program() string { return s.program }

// Store gives the store that the session works on.
func (s *Session) Store() *Store { return s.store }

// StartTransaction implements gsql.TransactionSession. The isolation level is that of the session's variable.
func (s *Session) StartTransaction(ctx *gsql.Context, c gsql.TransactionCharacteristic) (gsql.Transaction, error) {
	if s.current != nil && (s.detached || s.restart) {
		return s.current, nil // a statement of a procedure goes on with the transaction that the CALL is part of
	}
	if t := s.current; t != nil { // START TRANSACTION in a procedure
		s.current = nil
		if _, err := t.commit(background(ctx)); err != nil {
			return nil, err
		}
	}
	options := s.transactionOptions()
	s.next.apply(&options)
	options.ReadOnly = options.ReadOnly || c == gsql.ReadOnly
	return s.begin(options, s.infoOf(ctx))
}

// infoOf tells of the running statement.
func (s *Session) infoOf(ctx *gsql.Context) StatementInfo {
	if s.direct != nil {
		return *s.direct
	}
	return s.describe(ctx.Query())
}

// StartSnapshot begins an explicit transaction that reads one snapshot: the present one, or at a past SCN.
func (s *Session) StartSnapshot(ctx *gsql.Context, at scn.SCN, access parser.Access) error {
	if s.current != nil {
		if err := s.CommitTransaction(ctx, s.current); err != nil {
			return err
		}
	}
	s.next.allow(access)
	options := s.transactionOptions()
	s.next.apply(&options)
	options.Isolation, options.ReadOnly, options.At = max(options.Isolation, txn.RepeatableRead), options.ReadOnly || at != 0, at
	t, err := s.begin(options, s.infoOf(ctx))
	if err != nil {
		return err
	}
	t.inner.Pin()
	ctx.SetTransaction(t)
	ctx.SetIgnoreAutoCommit(true)
	return nil
}

func (s *Session) begin(o txn.Options, info StatementInfo) (*Transaction, error) {
	s.abandon()
	t := &Transaction{session: s, options: o, started: time.Now(), first: true, outside: info.Outside}
	if err := t.open(); err != nil {
		return nil, err
	}
	s.current = t
	t.startStatement(info)
	return t, nil
}

// TransactionOptions are those of a transaction of the session's that a statement of ours begins.
func (s *Session) TransactionOptions() txn.Options { return s.transactionOptions() }

// transactionOptions reads the session's variables.
func (s *Session) transactionOptions() txn.Options {
	client := s.Client()
	return txn.Options{
		Isolation: s.settings().isolation, ReadOnly: s.settings().readOnly, User: client.User, Host: client.Address, Program: s.program, BytesMax: s.store.bytesMax,
		Session: s.LockOwner(), Slot: s.slot,
	}
}

// ValidateSession is called by the SQL engine before each statement: it gets its snapshot here. Statements inside of
// one, those of procedures and triggers, are part of it.
func (s *Session) ValidateSession(ctx *gsql.Context) error {
	if s.current != nil && !s.running {
		s.current.startStatement(s.infoOf(ctx))
	}
	s.running = true
	return nil
}

// StatementBegin is called when a client has sent a statement, before the SQL engine sees it; StatementDone when it is
// over.
func (s *Session) StatementBegin() {
	s.held.Store(0)
	if s.current != nil {
		s.current.keyless = nil // of the statement before: they count no more
	}
	s.plan = nil
	s.inserts = insertID{}
	s.attached.Store(nil)
	s.running, s.detached, s.once, s.either, s.cleared = false, false, false, false, false
	s.remember()
}

// RunOnce says that the running statement has read what its client does not send again.
func (s *Session) RunOnce() { s.once = true }

// HasEither says that the running statement has an OR.
func (s *Session) HasEither() { s.either = true }

// Stale tells whether the running statement has met a row that has changed since, and must be run again, even if a
// handler of a procedure has passed over the error.
func (s *Session) Stale() bool { return s.current != nil && s.current.inner.Stale() }

// RestartStatement takes back what the running statement did, before it is run again on a newer snapshot. It tells
// whether that can be done; the statement's transaction, with its locks, stays open for it.
func (s *Session) RestartStatement() bool {
	if s.current == nil || s.once {
		return false
	}
	s.closePast()
	s.current.forgetAllKeyless()
	err := s.current.inner.Restart()
	s.current.forgetSavepoints()
	if err != nil || s.Recall() != nil {
		return false
	}
	s.restart = true
	return true
}

// PointEvaluated implements parser.PointSession: the planner has read the AS OF of a table and looks for the table next.
func (s *Session) PointEvaluated(point parser.AsOf) { s.point = &point }

// isLeftover tells whether the open transaction belonged to one autocommitted statement that has failed.
func (s *Session) isLeftover() bool { return !s.GetIgnoreAutoCommit() && s.settings().autocommit }

// SetTransaction implements gsql.Session. The SQL engine sets none after a commit, when a statement has failed, which
// StatementDone then ends, and while it runs a procedure's statements.
func (s *Session) SetTransaction(t gsql.Transaction) {
	own, ok := t.(*Transaction)
	s.detached = t == nil && s.current != nil
	if ok && own != s.current {
		t = nil // it has ended inside of a procedure
	}
	s.BaseSession.SetTransaction(t)
}

// abandon rolls the open transaction back, if it is still open.
func (s *Session) abandon() {
	s.closePast()
	if s.current != nil {
		s.current.finish()
		s.current = nil
		s.show()
	}
}

// CommitTransaction implements gsql.TransactionSession. After an error nothing is open.
func (s *Session) CommitTransaction(ctx *gsql.Context, transaction gsql.Transaction) error {
	t, ok := transaction.(*Transaction)
	if !ok || t != s.current {
		return nil
	}
	if s.running && ctx.Query() == "" && !s.GetIgnoreAutoCommit() {
		return nil // a statement of a procedure: the CALL, or what fired its trigger, is committed as a whole
	}
	if t.inner.Stale() && s.running {
		return sqlcode.New(sqlcode.IDStale) // it stays open, for the statement to be run again
	}
	s.current = nil
	_, err := t.commit(background(ctx))
	if err == nil || s.GetIgnoreAutoCommit() { // else the statement may be run again
		s.over(t)
	}
	s.show()
	if err != nil {
		s.BaseSession.SetTransaction(nil)
		s.SetIgnoreAutoCommit(false)
	}
	return err
}

// Rollback implements gsql.TransactionSession.
func (s *Session) Rollback(_ *gsql.Context, transaction gsql.Transaction) error {
	if t, ok := transaction.(*Transaction); ok && t == s.current {
		s.over(t)
		s.abandon()
	}
	return nil
}

// Commit commits what is open, explicit or not; statements that change the dictionary begin with it.
func (s *Session) Commit(ctx *gsql.Context) error {
	if s.current == nil {
		return nil
	}
	err := s.CommitTransaction(ctx, s.current)
	s.BaseSession.SetTransaction(nil)
	s.SetIgnoreAutoCommit(false)
	return err
}

// CommandBegin implements gsql.LifecycleAwareSession.
func (s *Session) CommandBegin() error {
	s.cleared = false
	return nil
}

// CommandEnd implements gsql.LifecycleAwareSession: views of the past live as long as the command.
func (s *Session) CommandEnd() { s.closePast() }

// SessionEnd implements gsql.LifecycleAwareSession: what a lost client left open is rolled back.
func (s *Session) SessionEnd() {
	s.closePast()
	s.abandon()
	s.releaseTables()
	s.UserUnlockAll()
}

// StatementDone is called when a statement sent by the client is over. A failed statement is taken back; one that
// ran alone takes its transaction with it.
func (s *Session) StatementDone(failure error) {
	s.running, s.detached, s.restart, s.direct = false, false, false, nil
	s.closePast()
	if s.current == nil {
		return
	}
	if s.isLeftover() || s.current.isIdle() || endsTransaction(failure) {
		s.abandon()
		s.BaseSession.SetTransaction(nil)
		s.SetIgnoreAutoCommit(false)
		return
	}
	if failure != nil {
		s.current.rollbackStatement()
	}
	s.current.endStatement()
}

// endsTransaction tells whether an error takes back the whole transaction, as clients expect of 1213: they begin again
// with its first statement.
func endsTransaction(failure error) bool {
	code, ok := sqlcode.Of(failure)
	return ok && code.Errno == 1213
}

// txn gives the engine transaction of the running statement, beginning one if there is none.
func (s *Session) txn(ctx *gsql.Context) (*txn.Txn, error) {
	if s.current == nil {
		t, err := s.StartTransaction(ctx, gsql.ReadWrite)
		if err != nil {
			return nil, err
		}
		ctx.SetTransaction(t)
	}
	return s.current.inner, nil
}

// pastTxn gives a view of the database at an SCN, for the length of the statement.
func (s *Session) pastTxn(at scn.SCN) (*txn.Txn, error) {
	if t, ok := s.past[at]; ok {
		return t, nil
	}
	t, err := s.store.engine.View(at)
	if err != nil {
		return nil, pastError(s.store, at, err)
	}
	t.Watch(s.slot)
	if s.past == nil {
		s.past = map[scn.SCN]*txn.Txn{}
	}
	s.past[at] = t
	return t, nil
}

func (s *Session) opened(i *rowIter) {
	if s.iterators == nil {
		s.iterators = map[*rowIter]struct{}{}
	}
	s.iterators[i] = struct{}{}
}

func (s *Session) closed(i *rowIter) { delete(s.iterators, i) }

// writes tells whether the running statement may change rows that it also reads.
func (s *Session) writes() bool { return s.current != nil && s.current.writes }

// closePast ends what lives as long as a statement: iterators that were forgotten and views of the past.
func (s *Session) closePast() {
	for i := range s.iterators {
		_ = i.closeRange()
	}
	for i := range s.versions {
		_ = i.close()
	}
	for at, t := range s.past {
		t.Rollback()
		delete(s.past, at)
	}
}

// InTransaction tells whether a statement that begins now would be part of an open transaction of its client's.
func (s *Session) InTransaction() bool {
	if s.GetIgnoreAutoCommit() {
		return true
	}
	return s.current != nil && !s.isLeftover()
}
