package vview

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/scn"
)

// Transaction is an open transaction of a client.
type Transaction struct {
	XID          uint64
	ConnectionID uint32
	User, Host   string
	Isolation    string
	ReadOnly     bool
	Started      time.Time
	Snapshot     scn.SCN
	Changes      int
	Bytes        int64
}

// Transactions is V$TRANSACTION: the open transactions of this node's clients. list may be called from any goroutine.
func Transactions(e *engine.Engine, list func() []Transaction) *View {
	columns := []Column{
		{"xid", numberType, "id of the transaction"},
		{"connection_id", numberType, "number of the connection, as in SHOW PROCESSLIST"},
		{"user", textType, "user of the database"},
		{"host", textType, "address of the client"},
		{"isolation", textType, "its isolation level"},
		{"read_only", boolType, "1 if it can change nothing"},
		{"started", timeType, "when it began, UTC"},
		{"snapshot_scn", numberType, "SCN that the running or latest statement reads"},
		{"changes", numberType, "rows and index entries that it has changed"},
		{"bytes", numberType, "memory that its changes and locks take"},
		{"locks", numberType, "locks that it holds; NULL if none"},
		{"waits_for", textType, "transactions that are in the way, by id, with commas between; NULL if none is"},
	}
	return New("V$TRANSACTION", "open transactions", columns, func(*gsql.Context) ([]gsql.Row, error) {
		held, blockers := map[uint64]uint64{}, map[uint64]any{}
		for _, l := range e.Locks() {
			if l.Granted {
				held[l.Owner]++
			} else {
				blockers[l.Owner] = xids(l.Blockers)
			}
		}
		var rows []gsql.Row
		for _, t := range list() {
			rows = append(rows, gsql.Row{
				t.XID, uint64(t.ConnectionID), t.User, t.Host, t.Isolation, yesNo(t.ReadOnly), t.Started.UTC(), uint64(t.Snapshot),
				uint64(t.Changes), uint64(t.Bytes), held[t.XID], blockers[t.XID],
			})
		}
		slices.SortFunc(rows, func(a, b gsql.Row) int { return cmp.Compare(a[0].(uint64), b[0].(uint64)) })
		return rows, nil
	})
}

// Locks is V$LOCK: what transactions hold and what they wait for. list is as for Transactions; sessions gives the
// connections that have locked tables, by the owner of those locks.
func Locks(e *engine.Engine, list func() []Transaction, sessions func() map[uint64]uint32) *View {
	columns := []Column{
		{"xid", numberType, "transaction, or session with LOCK TABLES, that has the lock or waits for it"},
		{"connection_id", numberType, "number of the connection, as in SHOW PROCESSLIST"},
		{"schema_name", textType, "database of the table"},
		{"table_name", textType, "the table"},
		{"index_name", textType, "the unique index, if the lock is on one of its values"},
		{"lock_key", textType, "key of the row, in hexadecimal; empty if the table is locked"},
		{"mode", textType, "what the holder may do, and who must wait"},
		{"status", textType, "GRANTED or WAITING"},
		{"waiting_since", timeType, "when the wait began, UTC"},
		{"waits_for", textType, "transactions that are in the way, by id, with commas between; NULL if none is"},
	}
	return New("V$LOCK", "locks on rows and tables, held and waited for", columns, func(*gsql.Context) ([]gsql.Row, error) {
		connections := map[uint64]any{}
		for _, t := range list() {
			connections[t.XID] = uint64(t.ConnectionID)
		}
		for owner, id := range sessions() {
			connections[owner] = uint64(id)
		}
		dictionary := e.Catalog()
		var rows []gsql.Row
		for _, l := range e.Locks() {
			schema, table, index := locked(dictionary, l.Space)
			row := gsql.Row{l.Owner, connections[l.Owner], schema, table, index, hex.EncodeToString(l.Key), l.Mode.String(), "GRANTED", nil, nil}
			if !l.Granted {
				row[7], row[8], row[9] = "WAITING", l.Since.UTC(), xids(l.Blockers)
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}

// locked names what a lock's space is: a table, or an index of one.
func locked(dictionary *catalog.Snapshot, space scn.Space) (schema, table, index any) {
	for _, t := range dictionary.AllTables() {
		x, isIndex := t.IndexByID(space)
		if t.ID != space && !isIndex {
			continue
		}
		if s, ok := dictionary.SchemaByID(t.Schema); ok {
			schema = s.Name
		}
		if isIndex {
			index = x.Name
		}
		return schema, t.Name, index
	}
	return nil, nil, nil
}

func xids(list []uint64) string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = fmt.Sprint(x)
	}
	return strings.Join(texts, ",")
}
