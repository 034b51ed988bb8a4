package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redoubt/wal/redo"
)

// lower is a collation that ignores case and has zero bytes in its sort keys.
type lower struct{}

func (lower) SortKey(dst []byte, _ string, text []byte) []byte {
	for _, r := range strings.ToLower(string(text)) {
		dst = append(dst, byte(r>>16), byte(r>>8), byte(r))
	}
	return dst
}

// drawPair gives two values of one kind, and how they compare.
func drawPair(t *rapid.T) (c Column, a, b redo.Value, order int) {
	switch kind := rapid.SampledFrom([]redo.Kind{redo.Int, redo.Uint, redo.Float64, redo.Decimal, redo.String, redo.Bytes, redo.Date}).Draw(t, "kind"); kind {
	case redo.Int:
		x, y := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		return c, redo.IntValue(x), redo.IntValue(y), cmp.Compare(x, y)
	case redo.Date:
		x, y := rapid.Int64Range(-800000, 800000).Draw(t, "a"), rapid.Int64Range(-800000, 800000).Draw(t, "b")
		return c, redo.DateValue(x), redo.DateValue(y), cmp.Compare(x, y)
	case redo.Uint:
		x, y := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		return c, redo.UintValue(x), redo.UintValue(y), cmp.Compare(x, y)
	case redo.Float64:
		x, y := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
		return c, redo.Float64Value(x), redo.Float64Value(y), cmp.Compare(x, y)
	case redo.Decimal:
		x, y := drawDecimal(t, "a"), drawDecimal(t, "b")
		rx, _ := new(big.Rat).SetString(x)
		ry, _ := new(big.Rat).SetString(y)
		return c, redo.DecimalValue([]byte(x)), redo.DecimalValue([]byte(y)), rx.Cmp(ry)
	case redo.Bytes:
		x, y := rapid.SliceOf(rapid.Byte()).Draw(t, "a"), rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		return c, redo.BytesValue(x), redo.BytesValue(y), bytes.Compare(x, y)
	default:
		x, y := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if rapid.Bool().Draw(t, "collated") {
			c.Collation = "lower"
			order = bytes.Compare(lower{}.SortKey(nil, "", []byte(x)), lower{}.SortKey(nil, "", []byte(y)))
		} else {
			order = cmp.Compare(x, y)
		}
		return c, redo.StringValue([]byte(x)), redo.StringValue([]byte(y)), order
	}
}

func drawDecimal(t *rapid.T, name string) string {
	return rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,6})?`).Draw(t, name)
}

// TestKeyOrder compares the order of keys with the order of values, with a second part behind that must not matter
// unless the first is equal.
func TestKeyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, a, b, order := drawPair(t)
		tailA, tailB := rapid.SliceOf(rapid.Byte()).Draw(t, "tail a"), rapid.SliceOf(rapid.Byte()).Draw(t, "tail b")
		key := func(v redo.Value, tail []byte) []byte {
			k, err := AppendKeyPart(nil, &c, 0, v, lower{})
			if err != nil {
				t.Fatal(err)
			}
			k, err = AppendKeyPart(k, &Column{}, 0, redo.BytesValue(tail), nil)
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		if order == 0 {
			order = bytes.Compare(tailA, tailB)
		}
		if got := bytes.Compare(key(a, tailA), key(b, tailB)); got != order {
			t.Fatalf("keys of %v and %v compare %d, values %d", a, b, got, order)
		}
		null, _ := AppendKeyPart(nil, &c, 0, redo.Value{}, nil)
		if bytes.Compare(null, key(a, nil)) >= 0 {
			t.Fatalf("NULL does not sort before %v", a)
		}
	})
}

// TestNoKeyIsAPrefix: the state store needs it.
func TestNoKeyIsAPrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, a, b, _ := drawPair(t)
		x, _ := AppendKeyPart(nil, &c, 0, a, lower{})
		y, _ := AppendKeyPart(nil, &c, 0, b, lower{})
		if !bytes.Equal(x, y) && (bytes.HasPrefix(x, y) || bytes.HasPrefix(y, x)) {
			t.Fatalf("of the keys of %v and %v one starts with the other", a, b)
		}
	})
}

func TestKeyEdges(t *testing.T) {
	key := func(v redo.Value, prefix int) []byte {
		k, err := AppendKeyPart(nil, &Column{}, prefix, v, nil)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	same := func(a, b []byte) {
		t.Helper()
		if !bytes.Equal(a, b) {
			t.Errorf("%x and %x differ", a, b)
		}
	}
	same(key(redo.Float64Value(0), 0), key(redo.Float64Value(math.Copysign(0, -1)), 0))
	same(key(redo.DecimalValue([]byte("1.50")), 0), key(redo.DecimalValue([]byte("01.5")), 0))
	same(key(redo.DecimalValue([]byte("-0.00")), 0), key(redo.DecimalValue([]byte("0")), 0))
	same(key(redo.StringValue([]byte("äöü")), 2), key(redo.StringValue([]byte("äö")), 0))
	same(key(redo.BytesValue([]byte("abc")), 2), key(redo.BytesValue([]byte("ab")), 0))
	same(KeySuccessor([]byte{1, 0xFF, 0xFF}), []byte{2})
	same(KeySuccessor([]byte{0xFF}), nil)
	if _, err := AppendKeyPart(nil, &Column{}, 0, redo.JSONValue([]byte("{}")), nil); !errors.Is(err, ErrNotSortable) {
		t.Errorf("JSON in a key: %v", err)
	}
	if _, err := AppendKeyPart(nil, &Column{}, 0, redo.DecimalValue([]byte("1e5")), nil); err == nil {
		t.Error("a decimal with an exponent is taken")
	}
}

func TestSnapshotIsImmutable(t *testing.T) {
	schema, _ := SchemaRow(&Schema{ID: 1000, Name: "App"})
	table := &Table{ID: 1001, Schema: 1000, Name: "T"}
	first, _ := TableRow(table)
	one, err := Empty().With(1, []RowChange{{Table: SchemasSpace, After: schema}, {Table: TablesSpace, After: first}})
	if err != nil {
		t.Fatal(err)
	}
	table.Name = "Renamed"
	second, _ := TableRow(table)
	two, err := one.With(2, []RowChange{{Table: TablesSpace, Before: first, After: second}})
	if err != nil {
		t.Fatal(err)
	}
	three, err := two.With(3, []RowChange{{Table: TablesSpace, Before: second}})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		s          *Snapshot
		t, renamed bool
	}{{one, true, false}, {two, false, true}, {three, false, false}} {
		if _, ok := c.s.Table("app", "t"); ok != c.t {
			t.Errorf("snapshot %d: table t: %v", i+1, ok)
		}
		if _, ok := c.s.Table("APP", "renamed"); ok != c.renamed {
			t.Errorf("snapshot %d: table renamed: %v", i+1, ok)
		}
	}
}

// TestFirstRunes counts the characters of a text one by one.
func TestFirstRunes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text []byte
		for range rapid.IntRange(0, 30).Draw(t, "pieces") {
			text = append(text, rapid.SampledFrom([]string{"a", "bcdefghi", "ä", "€", "😀", "\xff", "\x00"}).Draw(t, "piece")...)
		}
		n := rapid.IntRange(0, 40).Draw(t, "n")
		end, count := len(text), 0
		for i := range string(text) {
			if count == n {
				end = i
				break
			}
			count++
		}
		if got := FirstRunes(text, n); !bytes.Equal(got, text[:end]) {
			t.Errorf("the first %d of %q: %q, want %q", n, text, got, text[:end])
		}
	})
}
