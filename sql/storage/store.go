package storage

import (
	"context"
	"fmt"
	"sync"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/sql/datatype"
)

// SystemTables are tables that are not stored, such as V$PARAMETER. They are found in every database.
type SystemTables interface {
	// Table finds a table by its name, whatever its case.
	Table(name string) (gsql.Table, bool)
	// Names lists the tables.
	Names() []string
}

// Store is what all sessions of a server share.
type Store struct {
	engine   *engine.Engine
	system   SystemTables
	stats    *Statistics
	bytesMax int64
	heldMax  int64

	userLocks *lock.Manager // of GET_LOCK

	mu     sync.Mutex
	shapes map[*catalog.Table]*datatype.Shape
	links  foreignKeyLinks

	views soundViews
}

// Limits bound the memory that one client takes, in bytes; 0 is a default.
type Limits struct {
	TransactionBytes int64 // what a transaction may change, by the size of its rows in memory
	StatementBytes   int64 // what a statement may hold of its rows, to sort, to group, to join or for a cursor
}

// statementBytesDefault bounds what a statement holds unless Limits say otherwise.
const statementBytesDefault = 256 << 20

// NewStore makes a store over an open engine. system may be nil.
func NewStore(e *engine.Engine, system SystemTables, limits Limits) *Store {
	if limits.StatementBytes == 0 {
		limits.StatementBytes = statementBytesDefault
	}
	s := &Store{engine: e, system: system, bytesMax: limits.TransactionBytes, heldMax: limits.StatementBytes, userLocks: lock.New(), shapes: map[*catalog.Table]*datatype.Shape{}}
	s.stats = newStatistics(s)
	return s
}

// Engine gives the engine.
func (s *Store) Engine() *engine.Engine { return s.engine }

// Statistics gives the provider of statistics for the SQL engine's catalog.
func (s *Store) Statistics() *Statistics { return s.stats }

// shapesMax bounds the shapes kept. Definitions are few; only readers of many past definitions come near it.
const shapesMax = 4096

// shape gives the shape of a table definition. Definitions never change once they are in a catalog, so it is kept.
func (s *Store) shape(t *catalog.Table) (*datatype.Shape, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shape, ok := s.shapes[t]; ok {
		return shape, nil
	}
	shape, err := datatype.NewShape(t)
	if err != nil {
		return nil, err
	}
	if len(s.shapes) >= shapesMax {
		clear(s.shapes)
	}
	s.shapes[t] = shape
	return shape, nil
}

// sessionOf gives the session of a context.
func sessionOf(ctx *gsql.Context) (*Session, error) {
	s, ok := ctx.Session.(*Session)
	if !ok {
		return nil, fmt.Errorf("storage: session is a %T, not one of ours", ctx.Session)
	}
	return s, nil
}

// catalogOf gives the dictionary that the context's statement sees: its transaction's, or the newest one outside of
// a transaction.
func (s *Store) catalogOf(ctx *gsql.Context) (*catalog.Snapshot, error) {
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	if session.current == nil {
		return s.engine.Catalog(), nil
	}
	return session.current.inner.Catalog(), nil
}

// SystemDatabaseOf gives the database of a table that is not stored and found in every database; "" for all others.
func (s *Store) SystemDatabaseOf(table string) string {
	if _, ok := s.systemTable(table); ok {
		return SystemSchema
	}
	return ""
}

// systemTable finds a table that is not stored.
func (s *Store) systemTable(name string) (gsql.Table, bool) {
	if s.system == nil {
		return nil, false
	}
	return s.system.Table(name)
}

// background is the context of engine calls that have none of their own: those that only reserve numbers.
func background(ctx *gsql.Context) context.Context {
	if ctx == nil || ctx.Context == nil {
		return context.Background()
	}
	return ctx.Context
}

// Precision gives the digits of the seconds' fraction of a stored DATETIME or TIMESTAMP column; -1 if there is no such
// column now.
func (s *Store) Precision(database, table, column string) int {
	if d, ok := s.storedType(database, table, column).(gsql.DatetimeType); ok {
		return d.Precision()
	}
	return -1
}

// IsFlag tells whether a stored column is a TINYINT(1), which clients take for a boolean.
func (s *Store) IsFlag(database, table, column string) bool {
	n, ok := s.storedType(database, table, column).(gsql.NumberType)
	return ok && n.DisplayWidth() == 1
}

// storedType is the type of a column as it is now; nil if there is no such column.
func (s *Store) storedType(database, table, column string) gsql.Type {
	if database == "" {
		return nil
	}
	def, ok := s.engine.Catalog().Table(database, table)
	if !ok {
		return nil
	}
	c, ok := def.Column(column)
	if !ok {
		return nil
	}
	t, err := s.columnType(def, c)
	if err != nil {
		return nil
	}
	return t
}

func (s *Store) columnType(def *catalog.Table, c *catalog.Column) (gsql.Type, error) {
	shape, err := s.shape(def)
	if err != nil {
		return nil, err
	}
	return shape.Fields[shape.IndexOfID(c.ID)].Type, nil
}
