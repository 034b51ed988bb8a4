package wal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"redoubt/internal/crashfs"
)

// TestScripts runs the scenarios of testdata/scripts. Commands:
//
//	open [readonly] [key=N] [database=WORD] [spares=N]
//	append first=N [sizes=(…)]
//	truncate-back keep=N, truncate-front keep=N, reset next=N, close
//	show                 entries by file, and what Open found
//	get index=N
//	crash                a power cut in which nothing unsynced stays
//	files                what is in the directory
//	flip file=F offset=N, remove file=F, rename file=F to=F
//	inspect file=F
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := &script{t: t, fs: crashfs.New()}
		s.ids.n = 1
		datadriven.RunTest(t, path, s.run)
		if s.log != nil {
			mustClose(t, s.log)
		}
	})
}

type script struct {
	t   *testing.T
	fs  *crashfs.FS
	log *Log
	ids counter
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	var file, to, database string
	var first, keep, next, index, offset, key uint64
	var spares int
	d.MaybeScanArgs(t, "file", &file)
	d.MaybeScanArgs(t, "to", &to)
	d.MaybeScanArgs(t, "database", &database)
	d.MaybeScanArgs(t, "first", &first)
	d.MaybeScanArgs(t, "keep", &keep)
	d.MaybeScanArgs(t, "next", &next)
	d.MaybeScanArgs(t, "index", &index)
	d.MaybeScanArgs(t, "offset", &offset)
	d.MaybeScanArgs(t, "key", &key)
	d.MaybeScanArgs(t, "spares", &spares)
	switch d.Cmd {
	case "open":
		o := testOptions(s.fs, &s.ids)
		o.ReadOnly, o.KeyID = d.HasArg("readonly"), uint32(key)
		if spares != 0 {
			o.SpareFiles = spares
		}
		copy(o.DatabaseID[:], database)
		l, err := Open(o)
		if err != nil {
			return explain(err)
		}
		s.log = l
		return s.show()
	case "append":
		return explain(s.log.Append(s.batch(t, d, first)))
	case "truncate-back":
		return explain(s.log.TruncateBack(keep))
	case "truncate-front":
		return explain(s.log.TruncateFront(keep))
	case "reset":
		return explain(s.log.Reset(next))
	case "close":
		err := s.log.Close()
		s.log = nil
		return explain(err)
	case "show":
		return s.show()
	case "get":
		p, err := s.log.Get(index, nil)
		if err != nil {
			return explain(err)
		}
		return fmt.Sprintf("%d bytes: %.30q\n", len(p), p)
	case "crash":
		var cut crashfs.State
		for state := range s.fs.States(1, s.fs.Records()+1) {
			cut = state // the last one: cut at the end, everything synced or nothing kept
		}
		mustClose(t, s.log)
		s.fs, s.log = cut.FS, nil
		return ""
	case "files":
		return strings.ReplaceAll(s.fs.String(), "/wal/", "")
	case "flip":
		b := readFile(t, s.fs, "wal/"+file)
		b[offset] ^= 1
		writeFile(t, s.fs, "wal/"+file, b)
	case "remove":
		must(t, s.fs.Remove("wal/"+file))
	case "rename":
		must(t, s.fs.Rename("wal/"+file, "wal/"+to))
	case "inspect":
		var out bytes.Buffer
		err := Inspect(s.fs, "wal/"+file, &out, nil)
		return out.String() + explain(err)
	default:
		t.Fatalf("unknown command %q", d.Cmd)
	}
	return ""
}

// batch makes entries from first on, of the sizes given, or one of 20 bytes.
func (s *script) batch(t *testing.T, d *datadriven.TestData, first uint64) []Entry {
	sizes := []int{20}
	for _, arg := range d.CmdArgs {
		if arg.Key != "sizes" {
			continue
		}
		sizes = make([]int, len(arg.Vals))
		for i := range sizes {
			arg.Scan(t, i, &sizes[i])
		}
	}
	var batch []Entry
	for i, size := range sizes {
		index := first + uint64(i)
		p := fmt.Sprintf("entry %d, batch %d ", index, s.log.Stats().LastBatch+1)
		batch = append(batch, Entry{index, []byte(p + strings.Repeat(".", max(0, size-len(p))))})
	}
	return batch
}

func (s *script) show() string {
	var b strings.Builder
	st := s.log.Stats()
	fmt.Fprintf(&b, "entries %d to %d, batch %d, %d spares", st.FirstIndex, st.LastIndex, st.LastBatch, st.Spares)
	if st.TornBatch {
		b.WriteString(", a torn batch was cut")
	}
	if st.FootersRebuilt > 0 {
		fmt.Fprintf(&b, ", %d footers rebuilt", st.FootersRebuilt)
	}
	b.WriteString("\n")
	for _, f := range s.log.Files() {
		fmt.Fprintf(&b, "  %s: %d to %d, %d of %d bytes, key %d, sealed %v\n",
			strings.TrimPrefix(f.Path, "wal/"), f.FirstIndex, f.LastIndex, f.UsedBytes, f.Bytes, f.KeyID, f.Sealed)
	}
	return b.String()
}

func explain(err error) string {
	if err == nil {
		return ""
	}
	var corruption *CorruptionError
	if errors.As(err, &corruption) {
		return fmt.Sprintf("CORRUPTION in %s at %d, last good index %d: %v\n",
			strings.TrimPrefix(corruption.File, "wal/"), corruption.Offset, corruption.LastGoodIndex, corruption.Err)
	}
	return fmt.Sprintf("error: %v\n", err)
}
