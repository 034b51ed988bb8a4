package logmine

import (
	"bytes"
	"encoding/json"
	"time"

	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// Event is one change of a row, or one statement that changed definitions. As JSON it is one line; what is not known, or
// does not apply, is not there.
type Event struct {
	SCN       uint64          `json:"scn"`
	StartSCN  uint64          `json:"start_scn"` // the snapshot that the transaction read
	Time      time.Time       `json:"time"`      // of the commit, UTC
	XID       uint64          `json:"xid,string"`
	Operation string          `json:"operation"`
	Schema    string          `json:"schema,omitempty"`
	Table     string          `json:"table,omitempty"`
	Key       json.RawMessage `json:"key,omitempty"`
	User      string          `json:"user,omitempty"`
	Host      string          `json:"host,omitempty"`
	Program   string          `json:"program,omitempty"`
	Before    json.RawMessage `json:"before,omitempty"` // of an update: the columns that changed
	After     json.RawMessage `json:"after,omitempty"`
	Redo      string          `json:"redo_sql,omitempty"`
	Undo      string          `json:"undo_sql,omitempty"`
	Last      bool            `json:"last,omitempty"` // of its transaction, among those that were asked for

	// RedoBytes is the redo of its transaction; 0 if it is not known.
	RedoBytes int `json:"-"`
}

// eventOf makes an Event of a line; a bare one has no SQL and no images.
func eventOf(l *redosql.Line, bare bool) (*Event, error) {
	t := l.Transaction
	e := &Event{
		SCN: uint64(l.Record.SCN), StartSCN: uint64(t.ReadSCN), Time: time.UnixMicro(l.Record.TimeMicros).UTC(), XID: t.XID,
		Operation: l.Operation(), User: t.User, Host: t.Host, Program: t.Program,
		RedoBytes: len(l.Record.Body),
	}
	if !l.Defines {
		e.Schema, e.Table = l.Table.Schema, l.Table.Shape.Table.Name
	}
	if bare {
		return e, nil
	}
	var err error
	if e.Redo, _, err = l.Redo(); err != nil {
		return nil, err
	}
	if e.Undo, _, err = l.Undo(); err != nil || l.Defines {
		return e, err
	}
	if e.Key, err = l.Table.Key(&l.Change, l.Key); err != nil {
		return nil, err
	}
	if e.Before, err = values(l, l.Change.Before); err != nil {
		return nil, err
	}
	e.After, err = values(l, l.Change.After)
	return e, err
}

func values(l *redosql.Line, row redo.Row) (json.RawMessage, error) {
	if row == nil {
		return nil, nil
	}
	return l.Table.Values(row)
}

// sameJSON tells whether two JSON texts are the same but for blanks.
func sameJSON(a []byte, b string) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, []byte(b)) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// JSON is the event as one line, which ends with a newline. SQL stands in it as it is.
func (e *Event) JSON() ([]byte, error) { return line(e) }
