package storage

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/stats"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Statistics is the gsql.StatsProvider of a store. Row counts are exact and always there; distinct values and
// histograms are what ANALYZE TABLE has found, kept as a control value for each table.
type Statistics struct {
	store *Store
	mu    sync.Mutex
	known map[scn.Space]*TableStatistics // nil values: looked for and not there
	as    uint64                         // changes of control values when known was begun: another node may have measured since
	made  map[*catalog.Table]madeStatistics
	given map[string]gsql.Statistic // set by UPDATE HISTOGRAM, until the next restart
}

// madeStatistics are those of a table in the form of the SQL engine, which asks for them with each query.
type madeStatistics struct {
	of   *TableStatistics
	list []gsql.Statistic
}

var _ gsql.StatsProvider = (*Statistics)(nil)

// TableStatistics is what ANALYZE TABLE found out about a table.
type TableStatistics struct {
	CreatedMicros int64             `json:"created"`
	Rows          uint64            `json:"rows"`
	RowBytes      uint64            `json:"row_bytes"` // average, encoded
	Indexes       []IndexStatistics `json:"indexes"`
}

// IndexStatistics is what is known of one index's keys.
type IndexStatistics struct {
	Name     string   `json:"name"`
	Distinct uint64   `json:"distinct"`
	Nulls    uint64   `json:"nulls"`
	Lowest   redo.Row `json:"lowest"`
	Buckets  []Bucket `json:"buckets"`
}

// Bucket is a run of an index's keys, up to its upper bound, inclusive. All buckets have about as many rows.
type Bucket struct {
	Rows     uint64   `json:"rows"`
	Distinct uint64   `json:"distinct"`
	Nulls    uint64   `json:"nulls"`
	Bound    uint64   `json:"bound"` // rows with the upper bound itself
	Upper    redo.Row `json:"upper"` // the key columns of its last row
}

// histogramBuckets bounds the buckets of an index.
const histogramBuckets = 64

func newStatistics(s *Store) *Statistics {
	return &Statistics{store: s, known: map[scn.Space]*TableStatistics{}, made: map[*catalog.Table]madeStatistics{}, given: map[string]gsql.Statistic{}}
}

func statisticsControl(id scn.Space) string { return fmt.Sprintf("statistics/%d", id) }

// table gives what is known of a table, nil if it was never analyzed.
func (s *Statistics) table(def *catalog.Table) *TableStatistics {
	changes := s.store.engine.ControlChanges()
	s.mu.Lock()
	if s.as != changes {
		clear(s.known)
		s.as = changes
	}
	known, ok := s.known[def.ID]
	s.mu.Unlock()
	if ok {
		return known
	}
	if raw, err := s.store.Control(statisticsControl(def.ID)); err == nil && raw != nil {
		found := &TableStatistics{}
		if json.Unmarshal(raw, found) == nil {
			known = found
		}
	}
	s.mu.Lock()
	if s.as == changes { // else it may be old already
		s.known[def.ID] = known
	}
	s.mu.Unlock()
	return known
}

// storedTable finds our table behind the wrappers of the SQL engine.
func storedTable(t gsql.Table) (*Table, bool) {
	switch t := gsql.GetUnderlyingTable(t).(type) {
	case *Table:
		return t, true
	case *indexedTable:
		return t.Table, true
	}
	return nil, false
}

// GetTableStats implements gsql.StatsProvider.
func (s *Statistics) GetTableStats(ctx *gsql.Context, database string, table gsql.Table) ([]gsql.Statistic, error) {
	t, ok := storedTable(table)
	if !ok {
		return nil, nil
	}
	known := s.table(t.def)
	if known == nil {
		return s.givenFor(database, t.def.Name), nil
	}
	if session, ok := ctx.Session.(*Session); ok && session.either && t.hasCompositeKey() {
		return nil, nil // the SQL engine panics when it adds up the histograms of several columns
	}
	list, err := s.makeFor(ctx, t, known, database)
	if err != nil {
		return nil, err
	}
	return append(slices.Clip(list), s.givenFor(database, t.def.Name)...), nil
}

// hasCompositeKey tells whether a key of the table has several columns.
func (t *Table) hasCompositeKey() bool {
	return len(t.def.PrimaryKey) > 1 || slices.ContainsFunc(t.def.Indexes, func(x catalog.Index) bool { return len(x.Columns) > 1 })
}

// madeMax bounds the tables whose statistics are kept in the form of the SQL engine.
const madeMax = 4096

// makeFor gives statistics in the form of the SQL engine, made once.
func (s *Statistics) makeFor(ctx *gsql.Context, t *Table, known *TableStatistics, database string) ([]gsql.Statistic, error) {
	s.mu.Lock()
	made, ok := s.made[t.def]
	s.mu.Unlock()
	if ok && made.of == known {
		return made.list, nil
	}
	indexes, err := t.GetIndexes(ctx)
	if err != nil {
		return nil, err
	}
	var out []gsql.Statistic
	for _, index := range indexes {
		x := index.(*Index)
		for i := range known.Indexes {
			if !strings.EqualFold(known.Indexes[i].Name, x.ID()) {
				continue
			}
			statistic, err := x.statistic(known, &known.Indexes[i], database)
			if err != nil {
				return nil, err
			}
			if statistic != nil {
				out = append(out, statistic)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.made) >= madeMax {
		clear(s.made)
	}
	s.made[t.def] = madeStatistics{known, out}
	return out, nil
}

func (s *Statistics) givenFor(database, table string) (out []gsql.Statistic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.given {
		if q := g.Qualifier(); strings.EqualFold(q.Db(), database) && strings.EqualFold(q.Table(), table) {
			out = append(out, g)
		}
	}
	return out
}

// statistic gives what is known of an index in the form of the SQL engine; nil if the index has changed since.
func (x *Index) statistic(t *TableStatistics, known *IndexStatistics, database string) (gsql.Statistic, error) {
	columns, kinds := make([]string, len(x.columns)), make([]gsql.Type, len(x.columns))
	for i, f := range x.fields[:len(x.columns)] {
		columns[i], kinds[i] = strings.ToLower(f.Column.Name), f.Type
	}
	lowest, ok := x.keyRow(known.Lowest)
	if !ok {
		return nil, nil
	}
	buckets := make([]gsql.HistogramBucket, len(known.Buckets))
	for i, b := range known.Buckets {
		upper, ok := x.keyRow(b.Upper)
		if !ok {
			return nil, nil
		}
		buckets[i] = stats.NewHistogramBucket(b.Rows, b.Distinct, b.Nulls, b.Bound, upper, nil, nil)
	}
	qualifier := gsql.NewStatQualifier(database, "", x.table.def.Name, x.ID())
	created := time.UnixMicro(t.CreatedMicros)
	s := stats.NewStatistic(t.Rows, known.Distinct, known.Nulls, t.RowBytes, created, qualifier, columns, kinds, buckets, gsql.IndexClassDefault, lowest)
	dependencies, set, err := stats.IndexFds(strings.ToLower(x.table.def.Name), x.table.schema.Schema, x)
	if err != nil {
		return nil, err
	}
	return s.WithFuncDeps(dependencies).WithColSet(set), nil
}

func (x *Index) keyRow(key redo.Row) (gsql.Row, bool) {
	if len(key) == 0 {
		return nil, true
	}
	if len(key) != len(x.columns) {
		return nil, false
	}
	row := make(gsql.Row, len(key))
	for i, f := range x.fields[:len(x.columns)] {
		v, err := f.Decode(key[i].Value)
		if err != nil || key[i].ID != f.Column.ID {
			return nil, false
		}
		row[i] = v
	}
	return row, true
}

// RowCount implements gsql.StatsProvider: the exact number of rows.
func (s *Statistics) RowCount(ctx *gsql.Context, _ string, table gsql.Table) (uint64, error) {
	if counted, ok := gsql.GetUnderlyingTable(table).(gsql.StatisticsTable); ok {
		n, _, err := counted.RowCount(ctx)
		return n, err
	}
	return 0, nil
}

// DataLength implements gsql.StatsProvider.
func (s *Statistics) DataLength(ctx *gsql.Context, _ string, table gsql.Table) (uint64, error) {
	if counted, ok := gsql.GetUnderlyingTable(table).(gsql.StatisticsTable); ok {
		return counted.DataLength(ctx)
	}
	return 0, nil
}

func givenKey(q gsql.StatQualifier, columns []string) string {
	return q.String() + "(" + strings.ToLower(strings.Join(columns, ",")) + ")"
}

// SetStats implements gsql.StatsProvider.
func (s *Statistics) SetStats(_ *gsql.Context, g gsql.Statistic) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given[givenKey(g.Qualifier(), g.Columns())] = g
	return nil
}

// GetStats implements gsql.StatsProvider.
func (s *Statistics) GetStats(_ *gsql.Context, q gsql.StatQualifier, columns []string) (gsql.Statistic, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.given[givenKey(q, columns)]
	return g, ok
}

// DropStats implements gsql.StatsProvider.
func (s *Statistics) DropStats(_ *gsql.Context, q gsql.StatQualifier, columns []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.given, givenKey(q, columns))
	return nil
}

// DropDbStats implements gsql.StatsProvider.
func (s *Statistics) DropDbStats(_ *gsql.Context, database string, _ bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, g := range s.given {
		if strings.EqualFold(g.Qualifier().Db(), database) {
			delete(s.given, key)
		}
	}
	return nil
}
