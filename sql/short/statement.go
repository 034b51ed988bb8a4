package short

import (
	"context"
	"errors"

	gsql "github.com/dolthub/go-mysql-server/sql"
	gmsplan "github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/storage"
)

// Statement is one execution of a text.
type Statement struct {
	path      *Path
	template  *template // nil: the text goes the full way
	text      string
	arguments arguments
	rows      int
	learns    *plan // whose columns the full way is to tell
}

// Digest is the digest of the text; 0 if it is not known here.
func (s *Statement) Digest() uint64 {
	if s == nil || s.template == nil {
		return 0
	}
	return s.template.info.Digest
}

// Digested is the text of which Digest is made: of an INSERT it has one row, however many the statement has. It is "" where Digest is 0.
func (s *Statement) Digested() string {
	if s == nil || s.template == nil || s.template.info.Digest == 0 {
		return ""
	}
	return s.template.text
}

// Kind names the statement by its first word: select, begin, commit, rollback, insert, replace, update or delete. It is "" if the text is not
// known here; one that is has no comments.
func (s *Statement) Kind() string {
	if s == nil || s.template == nil {
		return ""
	}
	return s.template.kind
}

// Access tells which table the statement reads, and by which index; not ok if it reads none, or is not known here.
func (s *Statement) Access() (table, index string, ok bool) {
	if s == nil || s.template == nil {
		return "", "", false
	}
	p := s.template.plan.Load()
	if p == nil || p.table == nil {
		return "", "", false
	}
	if _, inserts := p.action.(*insertion); inserts {
		return "", "", false
	}
	if p.where.index == nil {
		return p.table.name, primaryName, true
	}
	return p.table.name, p.where.index.Name, true
}

// primaryName is how MySQL calls the primary key.
const primaryName = "PRIMARY"

// Run runs the statement, if it is one for the short path; done is false if it has to go the full way. send gets the
// result; it may be called once. The rows are its own until it returns: later queries use their memory.
func (s *Statement) Run(ctx context.Context, c *mysql.Conn, session *storage.Session, send func(*sqltypes.Result) error) (done bool, err error) {
	p, why := s.plan(session)
	if why == taken {
		why, err = s.execute(ctx, c, session, p, send)
	}
	if why != taken {
		s.path.refused[why].Inc()
		return false, nil
	}
	s.path.taken.Inc()
	return true, err
}

// Learn takes the columns of a result that the full way gave.
func (s *Statement) Learn(result *sqltypes.Result) {
	if s.learns != nil && len(result.Fields) > 0 {
		fields := make([]*querypb.Field, len(result.Fields))
		for i, f := range result.Fields { // the full way goes on to write to its own
			fields[i] = &querypb.Field{
				Name: f.Name, OrgName: f.OrgName, Table: f.Table, OrgTable: f.OrgTable, Database: f.Database, Type: f.Type,
				ColumnLength: f.ColumnLength, Charset: f.Charset, Decimals: f.Decimals, Flags: f.Flags,
			}
		}
		s.learns.fields.CompareAndSwap(nil, &fields)
	}
	s.learns = nil
}

// plan gives the template's plan, made anew if the dictionary has changed.
func (s *Statement) plan(session *storage.Session) (*plan, refusal) {
	t := s.template
	if t == nil {
		return nil, noTemplate
	}
	if t.parsed == nil {
		return nil, notSimple
	}
	if !session.TakesDirect() {
		return nil, otherSession
	}
	snapshot := s.path.options.Store.Engine().Catalog()
	p := t.plan.Load()
	if p == nil || p.catalog != snapshot {
		made := compile(s.path.options.Store, snapshot, session.GetCurrentDatabase(), t)
		if p != nil && p.table != nil && made.table != nil && p.table.def == made.table.def {
			made.fields.Store(p.fields.Load())
		}
		t.plan.Store(made)
		p = made
	}
	if _, ok := p.action.(*query); ok && p.fields.Load() == nil {
		if s.sees(session, p) {
			s.learns = p
		}
		return nil, unlearned
	}
	return p, p.refused
}

// sees tells whether the full way will read the table by the definition that the plan is made for: a transaction may keep
// an older dictionary, and the past had another.
func (s *Statement) sees(session *storage.Session, p *plan) bool {
	if d := session.Dictionary(); d != nil && d != p.catalog {
		return false
	}
	if p.past == nil {
		return true
	}
	given, _ := s.arguments.of(*p.past)
	at, ok := given.whole()
	if !ok || at < 0 {
		return false
	}
	dictionary, err := s.path.options.Store.Engine().CatalogAt(scn.SCN(at))
	if err != nil {
		return false
	}
	def, ok := dictionary.Table(p.table.database, p.table.name)
	return ok && def == p.table.def
}

// result is what a statement has done.
type result struct {
	rows      [][]sqltypes.Value
	fields    bool // there are rows, or could be
	affected  uint64
	insertID  uint64
	info      string
	foundRows int64 // -1: FOUND_ROWS() stays as it is
	rowCount  int64 // so with ROW_COUNT(), for noRowCount
}

const noRowCount = -2

// execute runs a plan in the session's transaction.
func (s *Statement) execute(ctx context.Context, c *mysql.Conn, session *storage.Session, p *plan, send func(*sqltypes.Result) error) (refusal, error) {
	q, reads := p.action.(*query)
	if (s.template.info.Writes || reads && q.locks()) && !session.MayWriteDirect() {
		return otherSession, nil
	}
	sqlCtx, end, err := s.path.context(ctx, session, s.text, !reads || q.locks())
	if err != nil {
		return taken, err
	}
	defer end()
	if !s.allowed(sqlCtx, p) {
		return noPrivilege, nil
	}
	work, ok := s.prepare(sqlCtx, p, c)
	if !ok {
		return otherValue, nil
	}
	if reading, ok := work.(*reading); ok {
		defer reading.release()
		reading.wait = session.LockWait()
	}
	r, why, err := s.work(sqlCtx, session, p, work)
	if why != taken {
		return why, nil // the full way counts it
	}
	countStatement(sqlCtx, p.action)
	if err != nil {
		return taken, err
	}
	s.note(c, session, &r)
	out := &sqltypes.Result{Rows: r.rows, RowsAffected: r.affected, InsertID: r.insertID, Info: r.info}
	if r.fields {
		out.Fields, out.RowsAffected = *p.fields.Load(), uint64(len(r.rows))
	}
	return taken, send(out)
}

// allowed tells whether the user has the privileges that the statement may need.
func (s *Statement) allowed(ctx *gsql.Context, p *plan) bool {
	for _, privilege := range privileges(p.action) {
		if s.path.options.Require(ctx, p.table.database, p.table.name, privilege) != nil {
			return false
		}
	}
	return true
}

func privileges(a action) []gsql.PrivilegeType {
	switch a := a.(type) {
	case *query:
		if a.lock.set && a.lock.mode == lock.Exclusive { // DELETE or LOCK TABLES would do, too: the full way knows
			return []gsql.PrivilegeType{gsql.PrivilegeType_Select, gsql.PrivilegeType_Update}
		}
		return []gsql.PrivilegeType{gsql.PrivilegeType_Select}
	case *change:
		return []gsql.PrivilegeType{gsql.PrivilegeType_Select, gsql.PrivilegeType_Update}
	case *removal:
		return []gsql.PrivilegeType{gsql.PrivilegeType_Select, gsql.PrivilegeType_Delete}
	case *insertion:
		if a.updates {
			return []gsql.PrivilegeType{gsql.PrivilegeType_Insert, gsql.PrivilegeType_Select, gsql.PrivilegeType_Update}
		}
		return []gsql.PrivilegeType{gsql.PrivilegeType_Insert}
	}
	return nil
}

// prepare gives the plan the values of this execution: a *reading, *changing or *inserting.
func (s *Statement) prepare(ctx *gsql.Context, p *plan, c *mysql.Conn) (work any, ok bool) {
	switch a := p.action.(type) {
	case *query:
		return newReading(ctx, p, a, s.arguments)
	case *change:
		return newChanging(ctx, p, a.set, s.arguments)
	case *removal:
		return newChanging(ctx, p, nil, s.arguments)
	case *insertion:
		i, ok := newInserting(ctx, p, a, s.arguments, s.rows)
		if ok {
			i.engine, i.foundRows = s.path.options.Store.Engine(), c.Capabilities&mysql.CapabilityClientFoundRows != 0
		}
		return i, ok
	}
	return nil, true
}

// work does what the plan says, and commits it if it stands alone.
func (s *Statement) work(ctx *gsql.Context, session *storage.Session, p *plan, work any) (r result, why refusal, err error) {
	if t, ok := p.action.(storage.Transition); ok {
		return result{foundRows: -1, rowCount: noRowCount}, taken, session.TransitDirect(ctx, s.template.info, t)
	}
	t, err := session.BeginDirect(ctx, s.template.info)
	if err != nil {
		return r, taken, err
	}
	if t.Catalog() != p.catalog {
		return r, otherSchema, nil
	}
	if p.past != nil {
		if t, why = s.pastOf(ctx, session, p); why != taken {
			return r, why, nil
		}
	}
	switch w := work.(type) {
	case *reading:
		r, err = w.result(t)
	case *changing:
		r, err = w.result(t, ctx)
	case *inserting:
		r, err = w.result(t, ctx)
	}
	switch {
	case errors.Is(err, errTooMany):
		return r, tooMany, nil
	case errors.Is(err, errOtherValue), errors.Is(err, errExhausted):
		session.UndoDirect() // of an INSERT, whose first rows may be there
		return r, otherValue, nil
	case err != nil:
		session.UndoDirect() // as the SQL engine does, so that no transaction counts as rolled back that changed nothing
		return r, taken, s.explain(p, err)
	}
	return r, taken, session.EndDirect(ctx)
}

// pastOf gives the past that the statement reads.
func (s *Statement) pastOf(ctx *gsql.Context, session *storage.Session, p *plan) (*txn.Txn, refusal) {
	given, _ := s.arguments.of(*p.past)
	at, ok := given.whole()
	if !ok || at < 0 {
		return nil, otherValue
	}
	t, err := session.PastDirect(ctx, uint64(at))
	if err != nil {
		return nil, otherValue
	}
	if def, ok := t.Catalog().Table(p.table.database, p.table.name); !ok || def != p.table.def {
		return nil, otherSchema
	}
	return t, taken
}

// explain gives an error the number by which MySQL clients know it.
func (s *Statement) explain(p *plan, err error) error {
	var duplicate *txn.DuplicateKeyError
	if errors.As(err, &duplicate) {
		return mysql.NewSQLError(mysql.ERDupEntry, mysql.SSDupKey, "%s", storage.DuplicateText(p.table.def, duplicate))
	}
	return storage.EngineError(err)
}

func (r *reading) result(t *txn.Txn) (result, error) {
	rows, err := r.run(t)
	return result{rows: rows, fields: true, foundRows: int64(len(rows)), rowCount: -1}, err
}

func (c *changing) result(t *txn.Txn, ctx *gsql.Context) (result, error) {
	update, _ := c.plan.action.(*change)
	if err := c.find(t, update); err != nil {
		return result{}, err
	}
	changed, err := c.apply(t)
	if err != nil {
		return result{}, err
	}
	r := result{affected: uint64(changed), foundRows: -1, rowCount: int64(changed)}
	if update != nil {
		info := gmsplan.UpdateInfo{Matched: len(c.pairs), Updated: changed}
		r.info, r.foundRows = info.String(), int64(len(c.pairs))
		if ctx.Client().Capabilities&mysql.CapabilityClientFoundRows != 0 {
			r.affected, r.rowCount = uint64(len(c.pairs)), int64(len(c.pairs))
		}
	}
	return r, nil
}

func (i *inserting) result(t *txn.Txn, ctx *gsql.Context) (result, error) {
	if err := i.run(t); err != nil {
		return result{}, err
	}
	r := result{affected: i.affected, insertID: i.last, foundRows: -1, rowCount: int64(i.affected)}
	if i.generated != 0 {
		r.insertID = i.generated
		ctx.SetLastQueryInfoInt(gsql.LastInsertId, int64(i.generated))
	}
	return r, nil
}

// countStatement counts a statement in the status variables, as the SQL engine does: also one that fails.
func countStatement(ctx *gsql.Context, a action) {
	gsql.IncrementStatusVariable(ctx, "Questions", 1)
	switch a.(type) {
	case *query:
		gsql.IncrementStatusVariable(ctx, "Com_select", 1)
	case *change:
		gsql.IncrementStatusVariable(ctx, "Com_update", 1)
	case *removal:
		gsql.IncrementStatusVariable(ctx, "Com_delete", 1)
	case *insertion:
		gsql.IncrementStatusVariable(ctx, "Com_insert", 1)
	}
}

// note leaves behind in the session what the SQL engine leaves behind of a statement that succeeded.
func (s *Statement) note(c *mysql.Conn, session *storage.Session, r *result) {
	if r.foundRows >= 0 {
		session.SetLastQueryInfoInt(gsql.FoundRows, r.foundRows)
	}
	if r.rowCount != noRowCount {
		session.SetLastQueryInfoInt(gsql.RowCount, r.rowCount)
	}
	c.StatusFlags &^= uint16(mysql.ServerStatusAutocommit | mysql.ServerInTransaction)
	if session.Autocommits() {
		c.StatusFlags |= uint16(mysql.ServerStatusAutocommit)
	}
	if session.GetTransaction() != nil {
		c.StatusFlags |= uint16(mysql.ServerInTransaction)
	}
}
