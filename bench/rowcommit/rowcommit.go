package rowcommit

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"redoubt/bench/commit"
	"redoubt/bench/measure"
	"redoubt/bench/server"
	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/node"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Rows commits text as long as the payload in one row of a key and so many further columns.
func Rows(name string, columns int) commit.System {
	return commit.NewSystem(name, func(dir string, nodes int) (commit.Open, error) { return open(dir, nodes, columns) })
}

type system struct {
	nodes   []*node.Node
	engine  *engine.Engine
	table   *catalog.Table
	columns int
	text    measure.Text
	key     atomic.Uint64
	syncs   server.Counter
}

func open(dir string, nodes, columns int) (_ *system, err error) {
	s := &system{columns: columns, text: measure.NewText()}
	if s.nodes, err = server.OpenNodes(context.Background(), dir, nodes); err != nil {
		return nil, err
	}
	first := s.nodes[0]
	s.engine = first.Engine()
	s.syncs = server.Counter{URL: "http://" + first.Addresses().HTTP + "/metrics", Name: "redoubt_log_batches_total"}
	if s.table, err = createTable(s.engine, columns); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// createTable makes a schema and the table in it.
func createTable(e *engine.Engine, columns int) (*catalog.Table, error) {
	t := e.Begin(txn.Options{User: "bench"})
	t.StartStatement(0, "create table")
	var ids [2]scn.Space
	for i := range ids {
		var err error
		if ids[i], err = t.NewSpace(); err != nil {
			return nil, fmt.Errorf("make table: %w", err)
		}
	}
	table := &catalog.Table{
		ID: ids[1], Schema: ids[0], Name: "payload", NextColumnID: uint32(columns) + 2,
		Columns:    []catalog.Column{{ID: 1, Name: "id", Type: "bigint unsigned", Kind: redo.Uint}},
		PrimaryKey: []catalog.IndexColumn{{Column: 1}},
	}
	for i := range uint32(columns) {
		table.Columns = append(table.Columns, catalog.Column{
			ID: i + 2, Name: fmt.Sprintf("c%d", i), Type: "varbinary(1024)", Kind: redo.Bytes,
		})
	}
	err := errors.Join(t.PutSchema(&catalog.Schema{ID: ids[0], Name: "bench"}), t.PutTable(table))
	if err == nil {
		_, err = t.Commit(context.Background())
	}
	if err != nil {
		return nil, fmt.Errorf("make table: %w", err)
	}
	return table, nil
}

// Commit inserts text as long as the payload under the next key.
func (s *system) Commit(ctx context.Context, payload []byte) error {
	row, key := make(redo.Row, 0, s.columns+1), s.key.Add(1)
	payload = s.text.At(key, len(payload))
	row = append(row, redo.Column{ID: 1, Value: redo.UintValue(key)})
	width := len(payload) / s.columns
	for i := range s.columns {
		row = append(row, redo.Column{ID: uint32(i) + 2, Value: redo.BytesValue(payload[i*width : (i+1)*width])})
	}
	t := s.engine.Begin(txn.Options{User: "bench", Host: "localhost", Program: "bench"})
	t.StartStatement(1, "")
	if err := t.Insert(s.table, row); err != nil {
		t.Rollback()
		return err
	}
	_, err := t.Commit(ctx)
	return err
}

// Syncs are the batches of the node's log.
func (s *system) Syncs() uint64 { return s.syncs.Read() }

func (s *system) Close() error {
	return errors.Join(s.syncs.Err, server.CloseNodes(s.nodes))
}
