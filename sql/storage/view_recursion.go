package storage

import (
	"strings"
	"sync"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/engine/catalog"
	"redoubt/sql/parser"
)

// errViewRecursion is MySQL's number for a view that is defined by itself, by way of others or not.
const errViewRecursion = 1462

// viewName is a view, in lower case.
type viewName struct{ database, name string }

// soundViews are the views of one dictionary that are known to lead to no recursion, which the SQL engine would follow without end.
type soundViews struct {
	mu       sync.Mutex
	snapshot *catalog.Snapshot
	known    map[viewName]bool
}

// check refuses a view that is defined by itself.
func (s *soundViews) check(snapshot *catalog.Snapshot, database, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot != snapshot {
		s.snapshot, s.known = snapshot, map[viewName]bool{}
	}
	return s.follow(viewName{strings.ToLower(database), strings.ToLower(name)}, map[viewName]bool{})
}

// follow goes through what a view reads; open are the views on the way to it.
func (s *soundViews) follow(view viewName, open map[viewName]bool) error {
	if s.known[view] {
		return nil
	}
	o, ok := s.snapshot.Object(catalog.View, view.database, view.name)
	if !ok {
		return nil // a table, or nothing
	}
	if open[view] {
		return mysql.NewSQLError(errViewRecursion, "HY000", "`%s`.`%s` contains view recursion", view.database, view.name)
	}
	var v gsql.ViewDefinition
	if err := decodeObject(o, &v); err != nil {
		return err
	}
	open[view] = true
	for _, read := range parser.TablesOfView(v.CreateViewStatement, gsql.NewSqlModeFromString(v.SqlMode).ParserOptions()) {
		next := viewName{strings.ToLower(read.Database), strings.ToLower(read.Table)}
		if next.database == "" {
			next.database = view.database
		}
		if err := s.follow(next, open); err != nil {
			return err
		}
	}
	delete(open, view)
	s.known[view] = true
	return nil
}
