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
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Statistics is the gsql.StatsProvider of a store. Row counts are exact and always there; distinct values and
// histograms are what ANALYZE TABLE has found, kept as a control value for each table.
type Statistics struct {
	store *Store
	mu    sync.Mutex
	known map[scn.Space]*TableStatistics // nil values: looked for and not there
	given map[string]gsql.Statistic      // set by UPDATE HISTOGRAM, until the next restart
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
	return &Statistics{store: s, known: map[scn.Space]*TableStatistics{}, given: map[string]gsql.Statistic{}}
}

func statisticsControl(id scn.Space) string { return fmt.Sprintf("statistics/%d", id) }

// table gives what is known of a table, nil if it was never analyzed.
func (s *Statistics) table(def *catalog.Table) *TableStatistics {
	s.mu.Lock()
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
	s.known[def.ID] = known
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

// AnalyzeTable implements gsql.StatsProvider: it reads the table once by each index.
func (s *Statistics) AnalyzeTable(ctx *gsql.Context, table gsql.Table, _ string) error {
	t, ok := storedTable(table)
	if !ok {
		return nil
	}
	reader, err := t.txn(ctx)
	if err != nil {
		return err
	}
	found := &TableStatistics{CreatedMicros: time.Now().UnixMicro()}
	if err := measureRows(ctx, reader, t.def, found); err != nil {
		return err
	}
	indexes, err := t.GetIndexes(ctx)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		measured, err := measureIndex(ctx, reader, index.(*Index), found.Rows)
		if err != nil {
			return err
		}
		found.Indexes = append(found.Indexes, measured)
	}
	raw, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("statistics of table %s: %w", t.def.Name, err)
	}
	if err := s.store.PutControl(ctx, statisticsControl(t.def.ID), raw); err != nil {
		return err
	}
	s.mu.Lock()
	s.known[t.def.ID] = found
	s.mu.Unlock()
	return nil
}

func measureRows(ctx *gsql.Context, reader *txn.Txn, def *catalog.Table, out *TableStatistics) error {
	rows := reader.Scan(def, txn.Range{})
	defer rows.Close()
	var bytes uint64
	var buf []byte
	for rows.Next() {
		buf = redo.AppendRow(buf[:0], rows.Row())
		bytes += uint64(len(buf))
		if out.Rows++; out.Rows%cancelEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if out.Rows > 0 {
		out.RowBytes = bytes / out.Rows
	}
	return rows.Err()
}

// measureIndex reads an index in its order and cuts it into buckets of about the same number of rows.
func measureIndex(ctx *gsql.Context, reader *txn.Txn, x *Index, total uint64) (IndexStatistics, error) {
	out := IndexStatistics{Name: x.ID()}
	def := x.table.def
	var rows *txn.Rows
	if x.def == nil {
		rows = reader.Scan(def, txn.Range{})
	} else {
		rows = reader.ScanIndex(def, x.def, txn.Range{})
	}
	defer rows.Close()
	size := max(1, (total+histogramBuckets-1)/histogramBuckets)
	var b Bucket
	var last redo.Row
	for n := uint64(1); rows.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return out, ctx.Err()
		}
		key := keyColumns(x, rows.Row())
		isNew := last == nil || !slices.EqualFunc(key, last, func(a, b redo.Column) bool { return a.Value.Equal(b.Value) })
		if isNew && b.Rows >= size {
			out.Buckets, b = append(out.Buckets, b), Bucket{}
		}
		if isNew {
			out.Distinct++
			b.Distinct++
			b.Bound = 0
		}
		if out.Lowest == nil {
			out.Lowest = key
		}
		if key[0].Value.IsNull() {
			out.Nulls++
			b.Nulls++
		}
		b.Rows++
		b.Bound++
		b.Upper, last = key, key
	}
	if b.Rows > 0 {
		out.Buckets = append(out.Buckets, b)
	}
	return out, rows.Err()
}

// keyColumns copies the columns of a key, in the order of the key.
func keyColumns(x *Index, row redo.Row) redo.Row {
	key := make(redo.Row, len(x.columns))
	for i, f := range x.fields[:len(x.columns)] {
		key[i] = redo.Column{ID: f.Column.ID, Value: f.Column.Of(row).Clone()}
	}
	return key
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
	return append(out, s.givenFor(database, t.def.Name)...), nil
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
