package rowcommit

import (
	"bytes"
	"testing"

	"redoubt/engine/txn"
)

// What was committed is in the table, in the columns it was divided between.
func TestRowsAreThere(t *testing.T) {
	s, err := open(t.TempDir(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Commit(t.Context(), make([]byte, 256)); err != nil {
			t.Fatal(err)
		}
	}
	rows := s.engine.Begin(txn.Options{}).Scan(s.table, txn.Range{})
	n := 0
	for rows.Next() {
		n++
		var got []byte
		for _, c := range rows.Row()[1:] {
			got = append(got, c.Value.Data()...)
		}
		if want := s.text.At(uint64(n), 256)[:250]; !bytes.Equal(got, want) {
			t.Errorf("row %d is %q, want %q", n, got, want)
		}
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
	if s.Syncs() < 3 {
		t.Errorf("%d syncs for 3 commits, one after the other", s.Syncs())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
