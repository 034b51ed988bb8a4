package redo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redoubt/scn"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sampleValues() []Value {
	return []Value{
		{},
		IntValue(0), IntValue(-1), IntValue(math.MinInt64), IntValue(math.MaxInt64), UintValue(0), UintValue(math.MaxUint64),
		Float32Value(-1.5), Float64Value(math.Inf(-1)), Float64Value(0.1), DecimalValue([]byte("-12.50")),
		StringValue([]byte("it's “quoted”\n")), StringValue([]byte{}), BytesValue([]byte{0, 255, 1}),
		DatetimeValue(1767323045123456), DateValue(-719528), TimeValue(-3020399000000), YearValue(2155),
		JSONValue([]byte(`{"a": [1, null]}`)), GeometryValue([]byte{0, 0, 0, 0, 1}),
	}
}

func TestValuesRoundTrip(t *testing.T) {
	for _, v := range sampleValues() {
		b := AppendValue(nil, v)
		got, n, err := DecodeValue(b)
		if err != nil || n != len(b) || !got.Equal(v) {
			t.Errorf("%v: %v, %d of %d bytes, %v", v, got, n, len(b), err)
		}
		for cut := range len(b) {
			if _, _, err := DecodeValue(b[:cut]); err == nil {
				t.Errorf("%v cut to %d of %d bytes decodes", v, cut, len(b))
			}
		}
		text, _ := v.MarshalText()
		var back Value
		if err := back.UnmarshalText(text); err != nil || !back.Equal(v) {
			t.Errorf("%v as text: %v, %v", v, back, err)
		}
	}
}

// sampleTransaction has one of everything; the golden is made of it.
func sampleTransaction() *Transaction {
	whole := make(Row, 0)
	for i, v := range sampleValues() {
		whole = append(whole, Column{uint32(i + 1), v})
	}
	return &Transaction{
		XID: 0x1234567890, ReadSCN: 41, User: "ann", Host: "10.0.0.7", Program: "shop",
		Statements: []Statement{{0xfeedfacecafebeef, "", 41}, {7, "ALTER TABLE t ADD c INT", 43}},
		Claims: []Claim{
			{Mode: KeyShare, Space: 1001, Since: 40, Low: []byte("parent")},
			{Mode: Exclusive, Space: 1002, Since: 41, Low: []byte("a"), High: []byte("b")},
			{Mode: Share, Space: 1003, Since: 41},
		},
		Changes: []Change{
			{Table: 1001, Op: Insert, Key: []byte("k1"), After: whole},
			{
				Table: 1001, Op: Update, Statement: 1, Key: []byte("k2"), Replaced: 39, Identity: Row{{1, IntValue(2)}},
				Before: Row{{2, IntValue(1)}}, After: Row{{2, IntValue(2)}, {30, Value{}}},
			},
			{Table: 1004, Op: Delete, Key: []byte{0, 1}, Replaced: 5, Before: Row{{0, UintValue(9)}, {1, StringValue([]byte("x"))}}},
		},
	}
}

func TestTransactionRoundTrip(t *testing.T) {
	want := sampleTransaction()
	b := AppendTransaction(nil, want)
	got, err := DecodeTransaction(b)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("\n got %v\nwant %v", got, want)
	}
	if !bytes.Equal(AppendTransaction(nil, got), b) {
		t.Fatal("encoding what was decoded gives other bytes")
	}
	if xid, err := TransactionXID(b); err != nil || xid != want.XID {
		t.Fatalf("transaction id %x, %v", xid, err)
	}
	if tables, err := TransactionTables(b); err != nil || fmt.Sprint(tables) != "[1001 1004]" {
		t.Fatalf("tables %v, %v", tables, err)
	}
	for cut := range len(b) {
		if _, err := TransactionTables(b[:cut]); err == nil {
			t.Fatalf("cut to %d of %d bytes, its tables can be told", cut, len(b))
		}
		if _, err := DecodeTransaction(b[:cut]); err == nil {
			t.Fatalf("cut to %d of %d bytes, it decodes", cut, len(b))
		}
	}
	if _, err := DecodeTransaction(append(b, 0)); !errors.Is(err, ErrMalformed) {
		t.Fatalf("with a byte too many: %v", err)
	}
	b[0] = 9
	if _, err := DecodeTransaction(b); !errors.Is(err, ErrVersion) {
		t.Fatalf("of another version: %v", err)
	}
}

func TestGroupErrors(t *testing.T) {
	good := AppendGroup(nil, &Group{FirstSCN: 42, Txns: []GroupTxn{{1000, []byte("one")}, {1003, nil}}})
	g, err := DecodeGroup(good)
	if err != nil || g.FirstSCN != 42 || g.LastSCN() != 43 || g.Txns[1].TimeMicros != 1003 || string(g.Txns[0].Body) != "one" {
		t.Fatalf("%+v, %v", g, err)
	}
	damage := func(name string, want error, f func(b []byte) []byte) {
		t.Helper()
		if _, err := DecodeGroup(f(bytes.Clone(good))); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	damage("nothing", ErrTruncated, func([]byte) []byte { return nil })
	damage("magic", ErrMagic, func(b []byte) []byte { b[0] = 'x'; return b })
	damage("version", ErrVersion, func(b []byte) []byte { b[3] = 9; return b })
	for i := 8; i < len(good); i++ {
		damage("bit flip", ErrChecksum, func(b []byte) []byte { b[i] ^= 4; return b })
	}
	for _, g := range []Group{
		{FirstSCN: 0, Txns: []GroupTxn{{1, nil}}},
		{FirstSCN: scn.Max, Txns: []GroupTxn{{1, nil}}},
	} {
		if _, err := DecodeGroup(AppendGroup(nil, &g)); !errors.Is(err, ErrMalformed) {
			t.Errorf("group at SCN %d: %v", g.FirstSCN, err)
		}
	}
}

func TestDiffAndMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (row Row) {
			for id := range uint32(6) {
				if rapid.Bool().Draw(t, name) {
					row = append(row, Column{id, IntValue(rapid.Int64Range(0, 2).Draw(t, name))})
				}
			}
			return row
		}
		before, after := draw("before"), draw("after")
		old, changed := Diff(before, after)
		for _, c := range changed {
			if v, ok := before.Get(c.ID); ok && v.Equal(c.Value) {
				t.Fatalf("column %d did not change", c.ID)
			}
		}
		for _, c := range old {
			if v, _ := before.Get(c.ID); !v.Equal(c.Value) {
				t.Fatalf("old value of column %d is %v, was %v", c.ID, c.Value, v)
			}
		}
		merged := Merge(before, changed)
		for _, c := range after {
			if v, ok := merged.Get(c.ID); !ok || !v.Equal(c.Value) {
				t.Fatalf("merged %v lacks %v of %v", merged, c, after)
			}
		}
	})
}

// TestDecodeColumns checks that a choice of columns is the whole row without the others, for rows of all kinds of values.
func TestDecodeColumns(t *testing.T) {
	values := sampleValues()
	rapid.Check(t, func(t *rapid.T) {
		var row, want Row
		var ids []uint32
		for id := range uint32(200) {
			stored, asked := rapid.Bool().Draw(t, "stored"), rapid.Bool().Draw(t, "asked")
			if stored {
				row = append(row, Column{id, values[rapid.IntRange(0, len(values)-1).Draw(t, "value")]})
			}
			if asked {
				ids = append(ids, id)
			}
			if stored && asked {
				want = append(want, row[len(row)-1])
			}
		}
		b := AppendRow(nil, row)
		got, err := DecodeColumns(b, ids, nil)
		if err != nil || len(got) != len(want) {
			t.Fatalf("columns %v: %d, %v, want %d", ids, len(got), err, len(want))
		}
		for i := range want {
			if got[i].ID != want[i].ID || !got[i].Value.Equal(want[i].Value) {
				t.Errorf("column %d: %v, want %v", want[i].ID, got[i], want[i])
			}
		}
	})
	whole := AppendRow(nil, Row{{1, IntValue(5)}, {2, StringValue([]byte("text"))}, {3, IntValue(7)}})
	for end := range len(whole) {
		if got, err := DecodeColumns(whole[:end], []uint32{3}, nil); err == nil {
			t.Errorf("%d of %d bytes decode to %v", end, len(whole), got)
		}
	}
}

// TestGolden keeps the format: these bytes must decode for ever. The page in docs/formats is made of the same.
func TestGolden(t *testing.T) {
	b := AppendGroup(nil, &Group{FirstSCN: 42, Txns: []GroupTxn{
		{TimeMicros: 1767323045123456, Body: AppendTransaction(nil, sampleTransaction())},
		{TimeMicros: 1767323045123460, Body: AppendTransaction(nil, &Transaction{XID: 1})},
	}})
	path := filepath.Join("testdata", "group.hex")
	if *update {
		if err := os.WriteFile(path, []byte(hex.Dump(b)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if hex.Dump(b) != string(golden) {
		t.Fatalf("the encoding has changed; a new version of the format is needed, not new bytes under the old one:\n%s", hex.Dump(b))
	}
	g, err := DecodeGroup(undump(t, string(golden)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeTransaction(g.Txns[0].Body)
	if err != nil || !reflect.DeepEqual(got.Statements, sampleTransaction().Statements) || len(got.Changes) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func undump(t *testing.T, dump string) (out []byte) {
	for line := range strings.Lines(dump) {
		if len(line) < 59 {
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(strings.ReplaceAll(line[10:58], " ", ""), "|", ""))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

func FuzzDecodeTransaction(f *testing.F) {
	f.Add(AppendTransaction(nil, sampleTransaction()))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := DecodeTransaction(b)
		if err != nil {
			var e *DecodeError
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(b) {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		again, err := DecodeTransaction(AppendTransaction(nil, got))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
			t.Fatalf("does not survive a round trip: %v\n%v\n%v", err, got, again)
		}
	})
}

func FuzzDecodeGroup(f *testing.F) {
	f.Add(AppendGroup(nil, &Group{FirstSCN: 42, Txns: []GroupTxn{{1000, []byte("one")}, {1003, nil}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := DecodeGroup(b)
		if err == nil && !bytes.Equal(AppendGroup(nil, &g), b) {
			again, err := DecodeGroup(AppendGroup(nil, &g))
			if err != nil || fmt.Sprint(again) != fmt.Sprint(g) {
				t.Fatalf("does not survive a round trip: %v", err)
			}
		}
	})
}
