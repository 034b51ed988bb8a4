package segments

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/internal/crashfs"
	"redoubt/scn"
)

func readFile(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	must(t, err)
	defer f.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(f)
	must(t, err)
	return b.Bytes()
}

func writeFile(t *testing.T, fs vfs.FS, path string, data []byte) {
	t.Helper()
	f, err := fs.Create(path, writeCategory)
	must(t, err)
	_, err = f.Write(bytes.Clone(data))
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

// judge opens and reads a damaged catalog: it gives all records, right, or a typed error
// before the first wrong one. Verify then agrees.
func judge(fs vfs.FS, records []Record) (string, error) {
	typed := func(err error) bool {
		var corruption *CorruptionError
		return errors.As(err, &corruption) || errors.Is(err, ErrVersion) || errors.Is(err, ErrOtherDatabase)
	}
	c, err := OpenCatalog(testCatalogOptions(fs, nil))
	if err != nil {
		if !typed(err) {
			return "", fmt.Errorf("an error that is not typed: %w", err)
		}
		return "refused", nil
	}
	defer c.Close()
	it := c.Scan(Filter{})
	defer it.Close()
	n := 0
	for it.Next() {
		if n == len(records) || !same(it.Record(), normalised(records[n])) {
			return "", fmt.Errorf("record %d is wrong: %v", n, it.Record().SCN)
		}
		n++
	}
	verified := c.Verify()
	if err := it.Err(); err != nil {
		if !typed(err) {
			return "", fmt.Errorf("an error that is not typed: %w", err)
		}
		if verified == nil {
			return "", fmt.Errorf("the scan failed and Verify did not: %w", err)
		}
		return "reported by the scan", nil
	}
	if n != len(records) {
		return "", fmt.Errorf("%d records of %d and no error", n, len(records))
	}
	if verified != nil {
		return "reported by Verify", nil
	}
	return "harmless", nil
}

func eachDamage(t *testing.T, base *crashfs.FS, try func(kind, name string, damage func(*crashfs.FS) bool)) {
	rng := rand.New(rand.NewPCG(5, 5))
	names, err := base.List("seg")
	must(t, err)
	for i, name := range names {
		path, other := "seg/"+name, "seg/"+names[(i+1)%len(names)]
		data := readFile(t, base, path)
		write := func(fs *crashfs.FS, b []byte) bool {
			writeFile(t, fs, path, b)
			return !bytes.Equal(b, data)
		}
		for offset := 0; offset < len(data); offset += 1 + len(data)/1500 {
			try("bit flip", name, func(fs *crashfs.FS) bool {
				b := bytes.Clone(data)
				b[offset] ^= 1 << rng.IntN(8)
				return write(fs, b)
			})
		}
		for offset := 0; offset < len(data); offset += 512 {
			try("zero sector", name, func(fs *crashfs.FS) bool {
				b := bytes.Clone(data)
				clear(b[offset:min(offset+512, len(b))])
				return write(fs, b)
			})
			try("truncation", name, func(fs *crashfs.FS) bool { return write(fs, data[:offset]) })
		}
		try("growth", name, func(fs *crashfs.FS) bool { return write(fs, append(bytes.Clone(data), 0)) })
		try("loss", name, func(fs *crashfs.FS) bool { return fs.Remove(path) == nil })
		try("foreign copy", name, func(fs *crashfs.FS) bool { return write(fs, readFile(t, base, other)) })
		try("swap", name, func(fs *crashfs.FS) bool {
			writeFile(t, fs, other, data)
			return write(fs, readFile(t, base, other))
		})
		try("foreign sector", name, func(fs *crashfs.FS) bool {
			b, from := bytes.Clone(data), readFile(t, base, other)
			at := 512 * rng.IntN(max(1, min(len(b), len(from))/512))
			copy(b[at:min(at+512, len(b))], from[at:])
			return write(fs, b)
		})
	}
}

// TestDamage damages every file of a catalog in every way.
func TestDamage(t *testing.T) {
	fs := crashfs.New()
	c, records := newChain(t, fs, nil, 4)
	must(t, c.Close())
	base := fs.Clone()
	if what, err := judge(base.Clone(), records); what != "harmless" {
		t.Fatal(what, err)
	}
	table := map[string]map[string]int{}
	eachDamage(t, base, func(kind, name string, damage func(*crashfs.FS) bool) {
		fs := base.Clone()
		if !damage(fs) {
			return
		}
		what, err := judge(fs, records)
		if err != nil {
			t.Errorf("%s of %s: %v", kind, name, err)
		}
		if what == "harmless" && name != manifestName {
			t.Errorf("%s of %s was not noticed, not even by Verify", kind, name)
		}
		row := kind + " of a segment"
		if name == manifestName {
			row = kind + " of the manifest"
		}
		if table[row] == nil {
			table[row] = map[string]int{}
		}
		table[row][what]++
	})
	for _, row := range slices.Sorted(maps.Keys(table)) {
		t.Logf("%-32s %v", row, table[row])
	}
}

// TestStale puts older states of the manifest and of the last segment back.
func TestStale(t *testing.T) {
	fs := crashfs.New()
	holds := &Holds{}
	c, records := newChain(t, fs, holds, 4)
	old := fs.Clone()
	holds.Set(Hold{Name: "h", SCN: 400})
	_, err := c.Remove(200)
	must(t, err)
	more := someRecords(rand.New(rand.NewPCG(9, 9)), 401, 50)
	must(t, sealNext(c, fs, more))
	must(t, c.Close())

	stale := fs.Clone()
	writeFile(t, stale, "seg/"+manifestName, readFile(t, old, "seg/"+manifestName))
	if what, err := judge(stale, records); what != "refused" {
		t.Errorf("an old manifest: %s %v", what, err)
	}

	// Another history of the same SCNs.
	other := vfs.NewMem()
	must(t, other.MkdirAll("seg", 0o755))
	info := mustSeal(t, other, Header{DatabaseID: testDatabase, Incarnation: 1, PrevHash: Hash{1}}, someRecords(rand.New(rand.NewPCG(10, 10)), 301, 100))
	forged := fs.Clone()
	writeFile(t, forged, info.Path, readFile(t, other, info.Path))
	_, err = OpenCatalog(testCatalogOptions(forged, nil))
	if !errors.Is(err, ErrBrokenChain) {
		t.Errorf("another history: %v", err)
	}

	// The last segment, rewritten with its chain intact: the manifest knows its hash.
	last := c.Segments()[len(c.Segments())-1]
	altered := slices.Clone(more)
	altered[7].Payload = []byte("nothing happened")
	info = mustSeal(t, other, Header{DatabaseID: testDatabase, Incarnation: 1, PrevHash: last.PrevHash}, altered)
	forged = fs.Clone()
	writeFile(t, forged, last.Path, readFile(t, other, info.Path))
	_, err = OpenCatalog(testCatalogOptions(forged, nil))
	if !errors.Is(err, ErrBrokenChain) {
		t.Errorf("a rewritten last segment: %v", err)
	}
}

// TestHeaderErrors: each failure is its own error.
func TestHeaderErrors(t *testing.T) {
	fs := crashfs.New()
	c, _ := newChain(t, fs, nil, 1)
	must(t, c.Close())
	path := c.Segments()[0].Path
	edit := func(path string, f func(b []byte) []byte) *crashfs.FS {
		fs := fs.Clone()
		writeFile(t, fs, path, f(readFile(t, fs, path)))
		return fs
	}
	other := testCatalogOptions(nil, nil)
	other.DatabaseID[0]++
	moved := fs.Clone()
	must(t, moved.Rename(path, strings.Replace(path, "00100", "00101", 1)))
	for _, x := range []struct {
		name    string
		fs      *crashfs.FS
		options CatalogOptions
		want    error
		corrupt bool
	}{
		{"magic", edit(path, func(b []byte) []byte { b[0] ^= 1; return b }), testCatalogOptions(nil, nil), ErrBadMagic, true},
		{"checksum", edit(path, func(b []byte) []byte { b[41] ^= 1; return b }), testCatalogOptions(nil, nil), ErrChecksum, true},
		{"version", edit(path, func(b []byte) []byte { b[8] = 2; putChecksum(b[:headerBytes]); return b }), testCatalogOptions(nil, nil), ErrVersion, false},
		{"flip in version", edit(path, func(b []byte) []byte { b[8] = 2; return b }), testCatalogOptions(nil, nil), ErrChecksum, true},
		{"length", edit(path, func(b []byte) []byte { return b[:len(b)-1] }), testCatalogOptions(nil, nil), ErrLength, true},
		{"trailer", edit(path, func(b []byte) []byte { b[len(b)-trailerBytes] ^= 1; return b }), testCatalogOptions(nil, nil), ErrBadMagic, true},
		{"index", edit(path, func(b []byte) []byte { b[len(b)-trailerBytes-1] ^= 1; return b }), testCatalogOptions(nil, nil), ErrChecksum, true},
		{"name", moved, testCatalogOptions(nil, nil), ErrMisplaced, true},
		{"database", fs.Clone(), other, ErrOtherDatabase, false},
		{"manifest", edit("seg/"+manifestName, func(b []byte) []byte { b[33] ^= 1; return b }), testCatalogOptions(nil, nil), ErrChecksum, true},
	} {
		x.options.FS = x.fs
		_, err := OpenCatalog(x.options)
		var corruption *CorruptionError
		if !errors.Is(err, x.want) || errors.As(err, &corruption) != x.corrupt {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

// TestForged: a payload that was changed with all checksums made right again can be read,
// but Verify finds that the content has another hash.
func TestForged(t *testing.T) {
	fs := crashfs.New()
	c := fixtureChain(t, fs, "seg")
	info := c.Segments()[0]
	b := readFile(t, fs, info.Path)
	i := bytes.Index(b, []byte("the first transaction"))
	copy(b[i:], "the forged")
	mendChecksums(b)
	writeFile(t, fs, info.Path, b)
	r, err := Open(fs, info.Path)
	must(t, err)
	defer r.Close()
	it := r.Scan(Filter{})
	if !it.Next() || !bytes.HasPrefix(it.Record().Payload, []byte("the forged")) {
		t.Fatalf("the forgery does not read: %v", it.Err())
	}
	if err := r.Verify(); !errors.Is(err, ErrContent) {
		t.Errorf("Verify: %v", err)
	}
}

// TestCorruptionSays where the damage is, and Inspect reads past it.
func TestCorruptionSays(t *testing.T) {
	fs := crashfs.New()
	must(t, fs.MkdirAll("seg", 0o755))
	records := someRecords(rand.New(rand.NewPCG(3, 3)), 1, 2000)
	info := mustSeal(t, fs, testHeader(), records)
	r, err := Open(fs, info.Path)
	must(t, err)
	third := r.blocks[2]
	must(t, r.Close())
	b := readFile(t, fs, info.Path)
	b[third.offset+100] ^= 4
	writeFile(t, fs, info.Path, b)

	r, err = Open(fs, info.Path)
	must(t, err)
	defer r.Close()
	it := r.Scan(Filter{})
	n := scn.SCN(0)
	for it.Next() {
		n++
	}
	var corruption *CorruptionError
	if !errors.As(it.Err(), &corruption) || corruption.Offset != third.offset || corruption.SCN != third.first || n != third.first-1 {
		t.Errorf("after %d records: %v", n, it.Err())
	}
	// Blocks that need not be read do no harm.
	f := Filter{SCNs: scn.Range{After: third.last(), To: info.LastSCN}}
	must(t, differs(r.Scan(f), records, f))

	var out bytes.Buffer
	err = Inspect(fs, info.Path, &out)
	if !errors.As(err, &corruption) || corruption.Offset != third.offset {
		t.Errorf("Inspect: %v", err)
	}
	if got := strings.Count(out.String(), "block: SCN"); got != info.Blocks-1 || !strings.Contains(out.String(), "DAMAGED") {
		t.Errorf("Inspect shows %d blocks of %d:\n%s", got, info.Blocks, out.String())
	}
}

// TestInspectNeverFails on what damage leaves of a file, and reports most of it.
func TestInspectNeverFails(t *testing.T) {
	fs := crashfs.New()
	c, _ := newChain(t, fs, nil, 2)
	must(t, c.Close())
	base := fs.Clone()
	tried, reported := 0, 0
	eachDamage(t, base, func(kind, name string, damage func(*crashfs.FS) bool) {
		fs := base.Clone()
		if !damage(fs) || kind == "loss" {
			return
		}
		tried++
		var corruption *CorruptionError
		err := Inspect(fs, "seg/"+name, io.Discard)
		if err != nil && !errors.As(err, &corruption) {
			t.Fatalf("%s of %s: %v", kind, name, err)
		}
		if err != nil {
			reported++
		}
	})
	if reported < tried*9/10 {
		t.Errorf("Inspect reported %d of %d damages", reported, tried)
	}
}
