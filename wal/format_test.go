package wal

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var (
	update      = flag.Bool("update", false, "write testdata/golden and docs/formats/wal.md anew")
	makeFixture = flag.Bool("make-fixture", false, "make testdata/fixture-v1 if it is not there")
)

// goldenLog makes the log that the format's documentation shows: the same bytes
// every time.
func goldenLog(t *testing.T, fs vfs.FS, dir string) {
	t.Helper()
	options := testOptions(fs, &counter{n: 1})
	options.Dir, options.DatabaseID = dir, [16]byte{'r', 'e', 'd', 'o', 'u', 'b', 't', '-', 'f', 'i', 'x', 't', 'u', 'r', 'e', '1'}
	l := mustOpen(t, options)
	must(t, l.Append([]Entry{{41, []byte("the first entry")}, {42, []byte("of a batch of two")}}))
	must(t, l.Append([]Entry{{43, []byte("dropped")}}))
	must(t, l.TruncateBack(42))
	must(t, l.Append([]Entry{{43, []byte("in its place")}}))
	must(t, l.Append([]Entry{{44, bytes.Repeat([]byte("large "), 600)}}))
	must(t, l.Append([]Entry{{45, nil}, {46, []byte("the last")}}))
	mustClose(t, l)
}

// fixture is what goldenLog holds.
var fixture = map[uint64]string{
	41: "the first entry", 42: "of a batch of two", 43: "in its place",
	44: strings.Repeat("large ", 600), 45: "", 46: "the last",
}

// TestGolden holds the bytes of the format, and the documentation printed from them.
func TestGolden(t *testing.T) {
	fs := vfs.NewMem()
	goldenLog(t, fs, "wal")
	first := annotate(readFile(t, fs, "wal/"+logName(1)))
	ctl := annotateControl(readFile(t, fs, "wal/"+controlName))
	compare(t, filepath.Join("testdata", "golden", "log.txt"), first)
	compare(t, filepath.Join("testdata", "golden", "control.txt"), ctl)

	var inspected bytes.Buffer
	for _, name := range []string{controlName, logName(1), logName(2)} {
		must(t, Inspect(fs, "wal/"+name, &inspected, nil))
	}
	doc := "# The log's files\n\n" +
		"Printed by `go test ./wal -run TestGolden -update` from the comment of wal/format.go and from real bytes.\n\n" +
		"```\n" + formatComment(t) + "```\n\n" +
		"## A file, byte by byte\n\nA batch of two entries, one entry, a truncation that drops it, the entry in its place, a large entry; " +
		"then the file is full and gets its footer.\n\n```\n" + first + "```\n\n" +
		"## The control file\n\n```\n" + ctl + "```\n\n" +
		"## What Inspect prints\n\n```\n" + inspected.String() + "```\n"
	compare(t, filepath.Join("..", "docs", "formats", "wal.md"), doc)
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

// formatComment is the comment that describes the format.
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
	shown := a.b[a.at : a.at+n]
	dots := ""
	if len(shown) > 24 {
		shown, dots = shown[:24], "…"
	}
	fmt.Fprintf(&a.out, "%6d %4d  %-50s %s\n", a.at, n, fmt.Sprintf("%x%s", shown, dots), fmt.Sprintf(what, args...))
	a.at += n
}

func (a *annotator) u32() uint32 { return binary.LittleEndian.Uint32(a.b[a.at:]) }
func (a *annotator) u64() uint64 { return binary.LittleEndian.Uint64(a.b[a.at:]) }

func (a *annotator) preamble() {
	a.field(8, "magic %q", a.b[a.at:a.at+8])
	a.field(4, "version %d", a.u32())
	a.field(4, "checksum")
	a.field(16, "database id %q", a.b[a.at:a.at+16])
}

func annotateControl(b []byte) string {
	a := &annotator{b: b}
	a.preamble()
	a.field(8, "log begins with file %d", a.u64())
	a.field(8, "tail when written: file %d", a.u64())
	a.field(8, "durable batch %d", a.u64())
	a.field(8, "last index %d", a.u64())
	a.field(12, "")
	a.field(4, "key id %d", a.u32())
	a.field(len(b)-a.at, "zeros")
	return a.out.String()
}

func annotate(b []byte) string {
	a := &annotator{b: b}
	a.preamble()
	a.field(8, "sequence number %d", a.u64())
	a.field(8, "file id")
	length := int(a.u64())
	a.field(8, "length %d", length)
	a.field(8, "next index %d", a.u64())
	a.field(8, "first batch %d", a.u64())
	a.field(4, "chain")
	a.field(4, "key id %d", a.u32())
	a.field(4, "flags %d", a.u32())
	a.field(headerBytes-a.at, "zeros")
	h, err := decodeFileHeader(b)
	if err != nil {
		return err.Error()
	}
	for {
		f := decodeFrame(b[a.at:])
		if !f.plausible(int64(a.at), h.fileBytes) {
			break
		}
		a.field(4, "checksum of a frame")
		a.field(4, "previous")
		a.field(4, "length %d", f.length)
		a.field(4, "batch begins at %d", f.batchOffset)
		a.field(1, "kind %d", f.kind)
		a.field(1, "flags %d", f.flags)
		a.field(6, "batch %d", f.batch)
		a.field(8, "index %d", f.index)
		if f.length > 0 {
			a.field(int(f.length), "payload")
		}
		if pad := int(framedBytes(int(f.length))) - frameBytes - int(f.length); pad > 0 {
			a.field(pad, "padding")
		}
	}
	tr, err := decodeTrailer(b[length-trailerBytes:], &h)
	if err != nil {
		return a.out.String() + err.Error()
	}
	a.field(length-int(footerBytes(tr.count))-a.at, "stale or zeros")
	for i := range tr.count {
		a.field(4, "offset of entry %d: %d", tr.firstIndex+i, a.u32())
	}
	a.field(length-trailerBytes-a.at, "padding")
	a.field(8, "magic %q", b[a.at:a.at+8])
	a.field(4, "checksum of the trailer")
	a.field(4, "checksum of the offsets")
	a.field(8, "%d offsets", tr.count)
	a.field(8, "first index %d", tr.firstIndex)
	a.field(8, "lowest truncation %d", tr.clip)
	a.field(8, "last batch %d", tr.lastBatch)
	a.field(4, "frames end at %d", tr.endOffset)
	a.field(4, "chain")
	a.field(length-a.at, "zeros")
	return a.out.String()
}

// TestFixture opens a directory that was written by the first version of the format.
// It stays readable for ever: the files under testdata/fixture-v1 are never changed.
func TestFixture(t *testing.T) {
	dir := filepath.Join("testdata", "fixture-v1")
	if _, err := os.Stat(dir); *makeFixture && os.IsNotExist(err) {
		must(t, os.MkdirAll(dir, 0o755))
		goldenLog(t, vfs.Default, dir)
		must(t, os.Remove(filepath.Join(dir, lockName)))
	}
	check := func(o Options) {
		t.Helper()
		o.DatabaseID = [16]byte([]byte("redoubt-fixture1"))
		o.SegmentBytes = segmentBytesMin
		l := mustOpen(t, o)
		defer mustClose(t, l)
		if l.FirstIndex() != 41 || l.LastIndex() != 46 {
			t.Errorf("the fixture has %d to %d", l.FirstIndex(), l.LastIndex())
		}
		for index, want := range fixture {
			if got, err := l.Get(index, nil); err != nil || string(got) != want {
				t.Errorf("entry %d: %q, %v", index, got, err)
			}
		}
		if !o.ReadOnly {
			must(t, l.Append([]Entry{{47, []byte("appended to a copy")}}))
		}
	}
	check(Options{Dir: dir, ReadOnly: true})
	copied := t.TempDir()
	must(t, os.CopyFS(filepath.Join(copied, "wal"), os.DirFS(dir)))
	check(Options{Dir: filepath.Join(copied, "wal")})
}
