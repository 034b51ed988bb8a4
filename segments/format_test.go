package segments

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/scn"
)

var (
	update      = flag.Bool("update", false, "write testdata/golden and docs/formats/segments.md anew")
	makeFixture = flag.Bool("make-fixture", false, "make testdata/fixture-v1 if it is not there")
)

var fixtureDatabase = [16]byte{'r', 'e', 'd', 'o', 'u', 'b', 't', '-', 'f', 'i', 'x', 't', 'u', 'r', 'e', '1'}

// fixtureRecords are the records of the first fixture segment; fixtureMore, generated, of
// those that are compressed.
var fixtureRecords = []Record{
	{SCN: 1, TimeMicros: 1_800_000_000_000_000, Tables: []uint64{7}, Payload: []byte("the first transaction")},
	{SCN: 2, TimeMicros: 1_800_000_000_000_150, Tables: []uint64{7, 300}, Payload: []byte("the second, of two tables")},
	{SCN: 3, TimeMicros: 1_800_000_000_000_151, Payload: nil},
}

func fixtureMore(first scn.SCN) []Record {
	return someRecords(rand.New(rand.NewPCG(1, 2)), first, 500)
}

// fixtureChain makes the catalog that the format's documentation shows.
func fixtureChain(t *testing.T, fs vfs.FS, dir string) *Catalog {
	t.Helper()
	c, err := OpenCatalog(CatalogOptions{FS: fs, Dir: dir, DatabaseID: fixtureDatabase})
	must(t, err)
	add := func(records []Record, compression Compression) {
		h, _ := c.Next(1, 0)
		info, err := seal(fs, dir, h, records, compression)
		must(t, err)
		must(t, c.Add(info))
	}
	add(fixtureRecords, S2)
	add(fixtureMore(4), Zstd)
	add(fixtureMore(504), S2)
	must(t, c.Close())
	return c
}

// TestGolden holds the bytes of the format, and the documentation printed from them. The
// records of the segment are too few to be compressed, so that the bytes do not depend
// on the compressor.
func TestGolden(t *testing.T) {
	fs := vfs.NewMem()
	c := fixtureChain(t, fs, "seg")
	path := c.Segments()[0].Path
	segment := annotate(t, readFile(t, fs, path))
	manifest := annotateManifest(readFile(t, fs, "seg/"+manifestName))
	compare(t, filepath.Join("testdata", "golden", "segment.txt"), segment)
	compare(t, filepath.Join("testdata", "golden", "manifest.txt"), manifest)
	var inspected bytes.Buffer
	must(t, Inspect(fs, "seg/"+manifestName, &inspected))
	must(t, Inspect(fs, path, &inspected))
	doc := "# Segments\n\n" +
		"Printed by `go test ./segments -run TestGolden -update` from the comment of segments/format.go and from real bytes.\n\n" +
		"```\n" + formatComment(t) + "```\n\n## A segment, byte by byte\n\n```\n" + segment +
		"```\n\n## The manifest\n\n```\n" + manifest + "```\n\n## What Inspect prints\n\n```\n" + inspected.String() + "```\n"
	compare(t, filepath.Join("..", "docs", "formats", "segments.md"), doc)
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if string(want) != got {
		t.Errorf("%s differs from what is written now; if the format was meant to change, it needs a new version. Got:\n%s", path, got)
	}
}

func formatComment(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "format.go", nil, parser.ParseComments)
	must(t, err)
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			return strings.ReplaceAll(g.Doc.Text(), "\t", "    ")
		}
	}
	t.Fatal("format.go has no comment on its constants")
	return ""
}

// annotator prints bytes with what they are.
type annotator struct {
	b   []byte
	at  int
	out strings.Builder
}

func (a *annotator) field(n int, what string, args ...any) {
	shown, dots := a.b[a.at:a.at+n], ""
	if len(shown) > 24 {
		shown, dots = shown[:24], "…"
	}
	fmt.Fprintf(&a.out, "%6d %4d  %-50s %s\n", a.at, n, fmt.Sprintf("%x%s", shown, dots), fmt.Sprintf(what, args...))
	a.at += n
}

func (a *annotator) u32() uint32 { return binary.LittleEndian.Uint32(a.b[a.at:]) }
func (a *annotator) u64() uint64 { return binary.LittleEndian.Uint64(a.b[a.at:]) }

func (a *annotator) uvarint(what string) uint64 {
	v, n := binary.Uvarint(a.b[a.at:])
	a.field(n, what, v)
	return v
}

func (a *annotator) varint(what string) {
	v, n := binary.Varint(a.b[a.at:])
	a.field(n, what, v)
}

func (a *annotator) tables(n uint64) {
	for range n {
		a.uvarint("table, %d above the one before")
	}
}

func (a *annotator) preamble() {
	a.field(8, "magic %q", a.b[a.at:a.at+8])
	a.field(4, "version %d", a.u32())
	a.field(4, "checksum")
	a.field(16, "database id %q", a.b[a.at:a.at+16])
}

func annotateManifest(b []byte) string {
	a := &annotator{b: b}
	a.preamble()
	a.field(8, "first SCN %d", a.u64())
	a.field(8, "last SCN %d", a.u64())
	a.field(8, "incarnation %d", a.u64())
	a.field(8, "zeros")
	a.field(4, "key id %d", a.u32())
	a.field(4, "zeros")
	a.field(32, "hash before the first segment")
	a.field(32, "hash of the last segment")
	a.field(len(b)-a.at, "zeros")
	return a.out.String()
}

func annotate(t *testing.T, b []byte) string {
	a := &annotator{b: b}
	a.preamble()
	a.field(8, "incarnation %d", a.u64())
	a.field(8, "first SCN %d", a.u64())
	a.field(8, "last SCN %d", a.u64())
	a.field(8, "length %d", a.u64())
	a.field(4, "key id %d", a.u32())
	a.field(4, "zeros")
	a.field(32, "hash of the segment before")
	a.field(headerBytes-a.at, "zeros")
	h, err := decodeHeader(b)
	must(t, err)
	tr, err := decodeTrailer(b[len(b)-trailerBytes:], &h)
	must(t, err)
	for int64(a.at) < tr.indexOffset {
		a.block(t)
	}
	for range tr.blocks {
		a.uvarint("index: block of %d bytes with its header")
		a.uvarint("decompressed %d bytes")
		a.uvarint("%d records")
		a.varint("lowest time %+d")
		a.uvarint("highest time, %d more")
		if n := a.uvarint("one more than the tables: %d"); n > 0 {
			a.tables(n - 1)
		}
	}
	a.field(8, "magic %q", b[a.at:a.at+8])
	a.field(4, "checksum of the trailer")
	a.field(4, "checksum of the index")
	a.field(8, "index at %d", a.u64())
	a.field(8, "index of %d bytes", a.u64())
	a.field(8, "%d blocks", a.u64())
	a.field(8, "%d records", a.u64())
	a.field(8, "lowest time %d", a.u64())
	a.field(8, "highest time %d", a.u64())
	a.field(8, "%d bytes decompressed", a.u64())
	a.field(32, "hash")
	a.field(len(b)-a.at, "zeros")
	return a.out.String()
}

func (a *annotator) block(t *testing.T) {
	bh, err := decodeBlockHeader(a.b[a.at:])
	must(t, err)
	a.field(4, "block %q", a.b[a.at:a.at+4])
	a.field(4, "checksum")
	a.field(4, "%d bytes stored", a.u32())
	a.field(4, "%d bytes decompressed", a.u32())
	a.field(4, "coding %d", a.b[a.at])
	a.field(4, "%d records", a.u32())
	a.field(8, "first SCN %d", a.u64())
	if bh.coding != codingPlain {
		a.field(int(bh.storedBytes), "compressed records")
		return
	}
	for range bh.count {
		a.varint("record: time %+d")
		a.tables(a.uvarint("%d tables"))
		if n := a.uvarint("payload of %d bytes"); n > 0 {
			a.field(int(n), "payload %q", a.b[a.at:a.at+int(n)])
		}
	}
}

// TestFixture reads a catalog that was written by the first version of the format. It
// stays readable for ever: the files under testdata/fixture-v1 are never changed.
func TestFixture(t *testing.T) {
	dir := filepath.Join("testdata", "fixture-v1")
	if _, err := os.Stat(dir); *makeFixture && os.IsNotExist(err) {
		fixtureChain(t, vfs.Default, dir)
	}
	records := slices.Concat(fixtureRecords, fixtureMore(4), fixtureMore(504))
	check := func(o CatalogOptions) {
		t.Helper()
		o.DatabaseID = fixtureDatabase
		c, err := OpenCatalog(o)
		must(t, err)
		must(t, c.Verify())
		must(t, scanAll(c, records, Filter{}))
		must(t, c.Close())
	}
	check(CatalogOptions{Dir: dir, ReadOnly: true})
	copied := filepath.Join(t.TempDir(), "seg")
	must(t, os.CopyFS(copied, os.DirFS(dir)))
	check(CatalogOptions{Dir: copied})
}

// FuzzSegment gives arbitrary bytes to everything that decodes a segment, as they are and
// with checksums made right so that the deeper layers are reached: nothing panics, and
// every error is typed.
func FuzzSegment(f *testing.F) {
	fs := vfs.NewMem()
	t := &testing.T{}
	c := fixtureChain(t, fs, "seg")
	for _, info := range c.Segments() {
		f.Add(readFile(t, fs, info.Path), uint16(600), byte(1), true)
	}
	f.Add(readFile(t, fs, "seg/"+manifestName), uint16(0), byte(0), false)
	f.Fuzz(func(t *testing.T, data []byte, at uint16, value byte, mend bool) {
		if len(data) == 0 || len(data) > 1<<20 {
			return
		}
		data = bytes.Clone(data)
		data[int(at)%len(data)] ^= value
		name := "f"
		if mend && len(data) >= headerBytes+trailerBytes {
			name = mendChecksums(data)
		}
		fs := vfs.NewMem()
		writeFile(t, fs, name, data)
		var corruption *CorruptionError
		if err := Inspect(fs, name, io.Discard); err != nil && !errors.As(err, &corruption) {
			t.Error(err)
		}
		_, _ = decodeManifest(data)
		r, err := Open(fs, name)
		if err != nil {
			if !errors.As(err, &corruption) && !errors.Is(err, ErrVersion) {
				t.Error(err)
			}
			return
		}
		defer r.Close()
		if err := r.Verify(); err != nil && !errors.As(err, &corruption) {
			t.Error(err)
		}
		it := r.Scan(Filter{})
		for it.Next() {
			if s := it.Record().SCN; s < r.Info().FirstSCN || s > r.Info().LastSCN {
				t.Errorf("record %d of a segment %v", s, r.Info().SCNs())
			}
		}
	})
}

// mendChecksums makes the checksums of a segment right and returns the name it should
// have.
func mendChecksums(data []byte) string {
	binary.LittleEndian.PutUint64(data[56:], uint64(len(data)))
	sum := putChecksum(data[:headerBytes])
	h, err := decodeHeader(data)
	if err != nil {
		return "f"
	}
	tr := data[len(data)-trailerBytes:]
	from, n := binary.LittleEndian.Uint64(tr[16:]), binary.LittleEndian.Uint64(tr[24:])
	if end := uint64(len(data) - trailerBytes); from <= end && n <= end-from {
		binary.LittleEndian.PutUint32(tr[12:], crc32.Update(h.salt(), castagnoli, data[from:from+n]))
	}
	binary.LittleEndian.PutUint32(tr[8:], checksumWithHole(tr, 8, sum))
	for at := headerBytes; at+blockHeaderBytes < len(data)-trailerBytes; {
		bh, err := decodeBlockHeader(data[at:])
		end := at + blockHeaderBytes + int(bh.storedBytes)
		if err != nil || end > len(data)-trailerBytes {
			break
		}
		bh.seal(data[at:end], h.salt(), int64(at))
		at = end
	}
	return segmentName(h.Incarnation, h.first, h.last)
}
