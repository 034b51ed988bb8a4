package sql

import (
	"bytes"

	"github.com/dolthub/vitess/go/sqltypes"
)

// cursor takes the result of a statement whose client fetches the rows by and by. The protocol library keeps what it is given until then, while
// other statements run, of this connection too. So the statement is over before anything is given, and the rows have memory of their own,
// which counts as what the statement holds.
type cursor struct {
	client *client
	result *sqltypes.Result
}

// valueBytes is what a value takes beside its text.
const valueBytes = 32

// take adds to the result. Error: the rows are too large to be held.
func (k *cursor) take(r *sqltypes.Result) error {
	size := 0
	for _, row := range r.Rows {
		for _, v := range row {
			size += valueBytes + len(v.Raw())
		}
	}
	if session := k.client.sessionNow(); session != nil {
		if err := session.Hold(int64(size)); err != nil {
			return err
		}
	}
	if k.result == nil {
		first := *r
		first.Rows = nil
		k.result = &first
	}
	for _, row := range r.Rows {
		own := make([]sqltypes.Value, len(row))
		for i, v := range row {
			if !v.IsNull() {
				own[i] = sqltypes.MakeTrusted(v.Type(), bytes.Clone(v.Raw()))
			}
		}
		k.result.Rows = append(k.result.Rows, own)
	}
	return nil
}

// give hands the result on, if there is one.
func (k *cursor) give(rows func(*sqltypes.Result) error) error {
	if k.result == nil {
		return nil
	}
	return rows(k.result)
}
