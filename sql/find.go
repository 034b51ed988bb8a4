package sql

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/vt/sqlparser"
	"github.com/shopspring/decimal"

	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
)

// findSCN looks for the SCN that made a predicate true, by halving the range. It assumes that the predicate stays true once
// it is; if it does not, the answer is one of the SCNs at which it became true.
func (c commands) findSCN(ctx *gsql.Context, s *parser.FindSCN) (gsql.RowIter, error) {
	p, err := c.newProbe(ctx, s)
	if err != nil {
		return nil, err
	}
	low, high, err := p.ends(ctx, s)
	if err != nil {
		return nil, err
	}
	at, err := p.first(ctx, low, high)
	if err != nil {
		return nil, err
	}
	row := gsql.Row{uint64(at), nil, nil, nil, p.count}
	if at > 0 {
		commit, err := c.server.options.Engine.CommitOf(at)
		if err != nil {
			return nil, err
		}
		when, err := wallClock(ctx, commit.TimeMicros)
		if err != nil {
			return nil, err
		}
		row[1], row[2], row[3] = when, commit.XID, commit.User
	}
	return gsql.RowsToRowIter(row), nil
}

// probe evaluates a predicate as of an SCN, as the user who asks.
type probe struct {
	server    *Server
	own       *storage.Session
	text      string
	bindings  map[string]sqlparser.Expr
	variables []string
	open      bool // the range begins where history does
	count     uint64
}

func (c commands) newProbe(ctx *gsql.Context, s *parser.FindSCN) (*probe, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	p := &probe{server: c.server, own: own, text: "SELECT (" + s.Predicate + ")", variables: s.Variables, open: s.Low == nil}
	tree, err := c.server.engine.Parser.ParseSimple(p.text)
	if err != nil {
		return nil, err
	}
	if one, ok := tree.(*sqlparser.Select); ok && (len(one.SelectExprs) != 1 || one.Where != nil || one.Limit != nil) {
		return nil, sqlcode.New(sqlcode.IDFindPredicate, "it is not one expression")
	}
	p.bindings, err = bindingsOf(s.Params)
	return p, err
}

// ends gives the range to search.
func (p *probe) ends(ctx *gsql.Context, s *parser.FindSCN) (low, high scn.SCN, err error) {
	low = p.server.options.Engine.Floor(0).SCN
	if s.Low != nil {
		if low, err = p.own.Resolve(ctx, s.Low.At); err != nil {
			return 0, 0, err
		}
	}
	last := parser.AsOf{Kind: parser.Present}
	if s.High != nil {
		last = s.High.At
	}
	if high, err = p.own.Resolve(ctx, last); err == nil && low > high {
		err = sqlcode.New(sqlcode.IDFindRange, fmt.Sprintf("SCN %d is after SCN %d", low, high))
	}
	return low, high, err
}

// first finds the first SCN of a range at which the predicate is true, if it stays true from there on.
func (p *probe) first(ctx *gsql.Context, low, high scn.SCN) (scn.SCN, error) {
	found, err := p.at(ctx, high)
	switch {
	case err != nil:
		return 0, err
	case !found:
		return 0, sqlcode.New(sqlcode.IDFindNever, "SCN "+high.String())
	case low == high:
		return high, nil
	}
	if found, err = p.before(ctx, low); err != nil || found {
		return low, err
	}
	for high-low > 1 { // not true at low, true at high
		middle := low + (high-low)/2
		if found, err = p.before(ctx, middle); err != nil {
			return 0, err
		}
		if found {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}

// before evaluates the predicate before the end of the range: it is not true where a table or column of it did not exist,
// nor, if the range begins where history does, where history is no longer kept.
func (p *probe) before(ctx *gsql.Context, at scn.SCN) (bool, error) {
	found, err := p.at(ctx, at)
	if isMissing(err) || p.open && isBeforeFloor(err) {
		return false, nil
	}
	return found, err
}

// isBeforeFloor tells whether an error says that history is no longer kept.
func isBeforeFloor(err error) bool {
	var floor *txn.FloorError
	return errors.As(err, &floor) || hasID(err, sqlcode.IDAsOfBeforeFloor)
}

// isMissing tells whether an error says that something which a query names does not exist.
func isMissing(err error) bool {
	if err == nil {
		return false
	}
	for _, id := range []string{sqlcode.IDAsOfNoTable, sqlcode.IDUnknownTable, sqlcode.IDUnknownDatabase} {
		if hasID(err, id) {
			return true
		}
	}
	return gsql.ErrTableNotFound.Is(err) || gsql.ErrDatabaseNotFound.Is(err) || gsql.ErrColumnNotFound.Is(err) || gsql.ErrTableColumnNotFound.Is(err)
}

// at evaluates the predicate as of an SCN, in a session of its own that is the user's in everything else.
func (p *probe) at(ctx *gsql.Context, at scn.SCN) (found bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	p.count++
	if at == 0 {
		return false, nil // there was no table
	}
	probe, end, err := p.session(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	own, err := session(probe)
	if err != nil {
		return false, err
	}
	if err := own.StartSnapshot(probe, at, parser.ReadOnly); err != nil {
		return false, err
	}
	schema, rows, _, err := p.server.engine.QueryWithBindings(probe, p.text, nil, p.bindings, nil)
	if err != nil {
		return false, err
	}
	row, err := onlyRow(probe, rows)
	if err != nil {
		return false, err
	}
	return truth(probe, schema[0].Type, row[0])
}

// session makes a session like the one that asks.
func (p *probe) session(ctx *gsql.Context) (probe *gsql.Context, end func(), err error) {
	base := gsql.NewBaseSessionWithClientServer(p.own.Address(), p.own.Client(), p.own.ID())
	own := storage.NewSession(base, p.own.Store(), "find")
	probe = gsql.NewContext(ctx, gsql.WithSession(own))
	probe.SetCurrentDatabase(ctx.GetCurrentDatabase())
	has := base.GetAllSessionVariables()
	for name, value := range p.own.BaseSession.GetAllSessionVariables() { // without those that the session computes
		if reflect.DeepEqual(value, has[name]) {
			continue
		}
		if err := own.SetSessionVariable(probe, name, value); err != nil {
			own.SessionEnd()
			return nil, nil, err
		}
	}
	for _, name := range p.variables {
		name = strings.ToLower(strings.Trim(strings.TrimPrefix(name, "@"), "`'\""))
		kind, value, err := p.own.GetUserVariable(ctx, name)
		if err == nil {
			err = own.SetUserVariable(probe, name, value, kind)
		}
		if err != nil {
			own.SessionEnd()
			return nil, nil, err
		}
	}
	return probe, own.SessionEnd, nil
}

func onlyRow(ctx *gsql.Context, rows gsql.RowIter) (gsql.Row, error) {
	all, err := gsql.RowIterToRows(ctx, rows)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 || len(all[0]) != 1 {
		return nil, sqlcode.New(sqlcode.IDFindPredicate, "it does not give one value")
	}
	return all[0], nil
}

// truth is what a condition's value means; NULL is not true.
func truth(ctx *gsql.Context, t gsql.Type, v any) (bool, error) {
	if !types.IsNumber(t) && t != types.Null {
		return false, sqlcode.New(sqlcode.IDFindPredicate, "it gives a value of type "+t.String())
	}
	switch n := v.(type) {
	case nil:
		return false, nil
	case bool:
		return n, nil
	case decimal.Decimal:
		return !n.IsZero(), nil
	}
	f, _, err := types.Float64.Convert(ctx, v)
	if err != nil {
		return false, err
	}
	return f.(float64) != 0, nil
}
