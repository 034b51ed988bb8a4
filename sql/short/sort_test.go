package short

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"

	"redoubt/engine/catalog"
	"redoubt/sql/datatype"
	"redoubt/wal/redo"
)

// TestSorter compares what the sorter says of two rows with their whole keys, of values that often begin alike.
func TestSorter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	text := func() []byte {
		var out []byte
		for range random.IntN(3) {
			out = append(out, "the same to begin"...)
		}
		for range random.IntN(20) {
			out = append(out, []string{"a", "A", "b", "ä", "€", "😀", "\x00", " ", "\xff", "\xe2\x82"}[random.IntN(10)]...)
		}
		return out
	}
	columns := map[string]func() redo.Value{
		"utf8mb4_0900_ai_ci": func() redo.Value { return redo.StringValue(text()) },
		"utf8mb4_0900_bin":   func() redo.Value { return redo.StringValue(text()) },
		"utf8mb4_general_ci": func() redo.Value { return redo.StringValue(text()) },
		"sjis_bin":           func() redo.Value { return redo.StringValue(text()) }, // without weights
		"bytes":              func() redo.Value { return redo.BytesValue(text()) },
		"int":                func() redo.Value { return redo.IntValue(int64(random.IntN(9)) - 4) },
		"decimal":            func() redo.Value { return redo.DecimalValue(fmt.Appendf(nil, "%d.5", random.IntN(3000))) },
	}
	for name, value := range columns {
		for _, descending := range []bool{false, true} {
			sorted := &catalog.Column{ID: 1, Collation: name}
			if name == "bytes" || name == "int" || name == "decimal" {
				sorted.Collation = ""
			}
			other := &catalog.Column{ID: 2}
			shape := &table{columns: []column{{Field: &datatype.Field{Column: sorted}}, {Field: &datatype.Field{Column: other}}}}
			for _, order := range [][]orderColumn{{{0, descending}}, {{1, false}, {0, descending}}} {
				var s sorter
				var whole [][]byte
				for range 60 {
					v := value()
					if random.IntN(10) == 0 {
						v = redo.Value{}
					}
					row := redo.Row{{ID: 1, Value: v}, {ID: 2, Value: redo.IntValue(7)}}
					if err := s.add(shape, order, row); err != nil {
						t.Fatal(err)
					}
					key, err := catalog.AppendKeyPart(nil, sorted, 0, v, collator)
					if err != nil {
						t.Fatal(err)
					}
					whole = append(whole, key)
				}
				for a := range whole {
					for b := range whole {
						want := bytes.Compare(whole[a], whole[b])
						if descending {
							want = -want
						}
						if have := s.compare(s.place(int32(a)), s.place(int32(b))); cmp.Compare(have, 0) != want {
							t.Fatalf("%s, descending %v, by %d columns: %x and %x: %d, want %d", name, descending, len(order), whole[a], whole[b], have, want)
						}
					}
				}
			}
		}
	}
}
