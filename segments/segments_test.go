package segments

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"redoubt/scn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var testDatabase = [16]byte{'t', 'e', 's', 't'}

func testHeader() Header { return Header{DatabaseID: testDatabase, Incarnation: 1} }

// seal writes records as one segment.
func seal(fs vfs.FS, dir string, h Header, records []Record, c Compression) (Info, error) {
	w, err := Create(fs, dir, h, c)
	if err != nil {
		return Info{}, err
	}
	defer w.Close()
	for _, r := range records {
		if err := w.Append(r); err != nil {
			return Info{}, err
		}
	}
	return w.Finish()
}

func mustSeal(t *testing.T, fs vfs.FS, h Header, records []Record) Info {
	t.Helper()
	info, err := seal(fs, "seg", h, records, S2)
	must(t, err)
	return info
}

// someRecords makes n records that look like redo: growing times, few tables each.
func someRecords(rng *rand.Rand, first scn.SCN, n int) []Record {
	records := make([]Record, n)
	time := int64(first) * 1000
	for i := range records {
		time += rng.Int64N(900)
		records[i] = Record{
			SCN: first + scn.SCN(i), TimeMicros: time,
			Payload: []byte(fmt.Sprintf("transaction %d %s", uint64(first)+uint64(i), strings.Repeat("redo ", rng.IntN(60)))),
		}
		for range rng.IntN(3) {
			records[i].Tables = append(records[i].Tables, 10+uint64(i)/500*10+rng.Uint64N(4))
		}
	}
	return records
}

func normalised(r Record) Record {
	r.Tables = slices.Clone(r.Tables)
	slices.Sort(r.Tables)
	r.Tables = slices.Compact(r.Tables)
	r.Payload = bytes.Clone(r.Payload)
	return r
}

func same(a, b Record) bool {
	return a.SCN == b.SCN && a.TimeMicros == b.TimeMicros && slices.Equal(a.Tables, b.Tables) && bytes.Equal(a.Payload, b.Payload)
}

// passes is the filter, naively.
func passes(f Filter, r Record) bool {
	if f.SCNs != (scn.Range{}) && !f.SCNs.Contains(r.SCN) || r.TimeMicros < f.FromMicros || f.ToMicros != 0 && r.TimeMicros > f.ToMicros {
		return false
	}
	return len(f.Tables) == 0 || slices.ContainsFunc(f.Tables, func(id uint64) bool { return slices.Contains(r.Tables, id) })
}

type iterator interface {
	Next() bool
	Record() Record
	Err() error
}

// differs compares what a scan gives with what it should.
func differs(it iterator, records []Record, f Filter) error {
	for _, want := range records {
		if !passes(f, want) {
			continue
		}
		if !it.Next() {
			return fmt.Errorf("the scan ends before %d: %w", want.SCN, it.Err())
		}
		if got := it.Record(); !same(got, normalised(want)) {
			return fmt.Errorf("got %d at %d tables %v, want %d at %d tables %v", got.SCN, got.TimeMicros, got.Tables, want.SCN, want.TimeMicros, want.Tables)
		}
	}
	if it.Next() {
		return fmt.Errorf("%d passed and should not", it.Record().SCN)
	}
	return it.Err()
}

// TestModel seals random records and compares random scans with a loop over a slice.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewMem()
		if err := fs.MkdirAll("seg", 0o755); err != nil {
			t.Fatal(err)
		}
		first := scn.SCN(rapid.Uint64Range(1, 1<<50).Draw(t, "first"))
		n := rapid.IntRange(1, 400).Draw(t, "n")
		size := rapid.SampledFrom([]int{10, 300, 5000}).Draw(t, "size")
		tablesMax := rapid.SampledFrom([]int{0, 3, 100}).Draw(t, "tables")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		records := make([]Record, n)
		for i := range records {
			r := Record{SCN: first + scn.SCN(i), TimeMicros: rng.Int64N(1 << 40), Payload: make([]byte, rng.IntN(size))}
			if rng.IntN(2) == 0 {
				for j := range r.Payload {
					r.Payload[j] = byte(rng.Uint64())
				}
			}
			for range rng.IntN(tablesMax + 1) {
				r.Tables = append(r.Tables, rng.Uint64N(200))
			}
			records[i] = r
		}
		info, err := seal(fs, "seg", testHeader(), records, rapid.SampledFrom([]Compression{S2, Zstd}).Draw(t, "compression"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Open(fs, info.Path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if r.Info() != info || info.Count != uint64(n) || info.LastSCN != first+scn.SCN(n)-1 {
			t.Fatalf("%+v, the writer said %+v", r.Info(), info)
		}
		if err := r.Verify(); err != nil {
			t.Fatal(err)
		}
		if err := differs(r.Scan(Filter{}), records, Filter{}); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			f := Filter{}
			if rapid.Bool().Draw(t, "by SCN") {
				f.SCNs.After = first - 1 + scn.SCN(rng.IntN(n+1))
				f.SCNs.To = f.SCNs.After + 1 + scn.SCN(rng.IntN(n))
			}
			if rapid.Bool().Draw(t, "by time") {
				f.FromMicros = rng.Int64N(1 << 40)
				f.ToMicros = f.FromMicros + rng.Int64N(1<<38) + 1
			}
			for range rapid.IntRange(0, 3).Draw(t, "by table") {
				f.Tables = append(f.Tables, rng.Uint64N(200))
			}
			if err := differs(r.Scan(f), records, f); err != nil {
				t.Fatalf("%+v: %v", f, err)
			}
		}
	})
}

// TestSkips: a narrow scan reads few blocks, and says so.
func TestSkips(t *testing.T) {
	fs := vfs.NewMem()
	must(t, fs.MkdirAll("seg", 0o755))
	records := someRecords(rand.New(rand.NewPCG(1, 1)), 1, 20000)
	info := mustSeal(t, fs, testHeader(), records)
	r, err := Open(fs, info.Path)
	must(t, err)
	defer r.Close()
	if info.Blocks < 50 || info.Bytes > int64(info.RawBytes)/3 {
		t.Errorf("%d blocks, %d bytes of %d", info.Blocks, info.Bytes, info.RawBytes)
	}
	for _, c := range []struct {
		name       string
		f          Filter
		mostBlocks int
	}{
		{"everything", Filter{}, info.Blocks},
		{"one SCN", Filter{SCNs: scn.Range{After: 9999, To: 10000}}, 1},
		{"a hundred SCNs", Filter{SCNs: scn.Range{After: 9950, To: 10050}}, 2},
		{"a short time", Filter{FromMicros: records[5000].TimeMicros, ToMicros: records[5010].TimeMicros}, 2},
		{"one table", Filter{Tables: []uint64{212}}, 8},
		{"a table that nobody touched", Filter{Tables: []uint64{5}}, 0},
		{"before all", Filter{ToMicros: 1}, 0},
		{"after all", Filter{SCNs: scn.Range{After: 20000, To: 30000}}, 0},
	} {
		it := r.Scan(c.f)
		if err := differs(it, records, c.f); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		s := it.Stats()
		if s.BlocksRead > c.mostBlocks || s.BlocksRead+s.BlocksSkipped != info.Blocks {
			t.Errorf("%s: %+v of %d blocks, at most %d should be read", c.name, s, info.Blocks, c.mostBlocks)
		}
	}
}

// TestWriterRefuses what would not be a segment, and leaves nothing behind.
func TestWriterRefuses(t *testing.T) {
	fs := vfs.NewMem()
	must(t, fs.MkdirAll("seg", 0o755))
	w, err := Create(fs, "seg", testHeader(), S2)
	must(t, err)
	if _, err := w.Finish(); !errors.Is(err, ErrEmpty) {
		t.Errorf("no records: %v", err)
	}
	if err := w.Append(Record{SCN: 0}); !errors.Is(err, ErrOutOfOrder) {
		t.Errorf("SCN 0: %v", err)
	}
	must(t, w.Append(Record{SCN: 7}))
	for _, s := range []scn.SCN{0, 6, 7, 9} {
		if err := w.Append(Record{SCN: s}); !errors.Is(err, ErrOutOfOrder) {
			t.Errorf("SCN %d after 7: %v", s, err)
		}
	}
	if err := w.Append(Record{SCN: 8, Payload: make([]byte, PayloadBytesMax+1)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("payload: %v", err)
	}
	if err := w.Append(Record{SCN: 8, Tables: make([]uint64, TablesMax+1)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("tables: %v", err)
	}
	must(t, w.Close())
	must(t, w.Close())
	if err := w.Append(Record{SCN: 8}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	names, err := fs.List("seg")
	must(t, err)
	if len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestLargeRecord: one record may be much larger than a block.
func TestLargeRecord(t *testing.T) {
	fs := vfs.NewMem()
	must(t, fs.MkdirAll("seg", 0o755))
	records := []Record{
		{SCN: 1, Payload: []byte("small")},
		{SCN: 2, Payload: bytes.Repeat([]byte("0123456789"), 1<<20), Tables: []uint64{1 << 63, 1}},
		{SCN: 3, TimeMicros: -5},
	}
	info := mustSeal(t, fs, testHeader(), records)
	r, err := Open(fs, info.Path)
	must(t, err)
	defer r.Close()
	must(t, r.Verify())
	must(t, differs(r.Scan(Filter{FromMicros: -10}), records, Filter{FromMicros: -10}))
}

// TestHashIsOfContent: the same records have the same hash, whatever a Writer does with
// them; one byte less, and it differs.
func TestHashIsOfContent(t *testing.T) {
	fs := vfs.NewMem()
	must(t, fs.MkdirAll("seg", 0o755))
	records := someRecords(rand.New(rand.NewPCG(2, 2)), 50, 300)
	base := mustSeal(t, fs, testHeader(), records)
	shuffled := slices.Clone(records)
	for i := range shuffled {
		shuffled[i].Tables = slices.Clone(records[i].Tables)
		slices.Reverse(shuffled[i].Tables)
	}
	if again := mustSeal(t, fs, testHeader(), shuffled); again.Hash != base.Hash {
		t.Error("the order of tables changed the hash")
	}
	for name, change := range map[string]func(h *Header, r []Record){
		"database":    func(h *Header, _ []Record) { h.DatabaseID[3]++ },
		"incarnation": func(h *Header, _ []Record) { h.Incarnation++ },
		"previous":    func(h *Header, _ []Record) { h.PrevHash[31]++ },
		"key":         func(h *Header, _ []Record) { h.KeyID++ },
		"time":        func(_ *Header, r []Record) { r[7].TimeMicros++ },
		"tables":      func(_ *Header, r []Record) { r[7].Tables = []uint64{99} },
		"payload":     func(_ *Header, r []Record) { r[7].Payload = r[7].Payload[1:] },
		"boundary": func(_ *Header, r []Record) {
			r[7].Payload, r[8].Payload = append(bytes.Clone(r[7].Payload), r[8].Payload[0]), r[8].Payload[1:]
		},
	} {
		h, changed := testHeader(), slices.Clone(records)
		change(&h, changed)
		if info := mustSeal(t, fs, h, changed); info.Hash == base.Hash {
			t.Errorf("%s does not count for the hash", name)
		}
	}
}
