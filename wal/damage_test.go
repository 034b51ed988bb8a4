package wal

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
)

// damaged is a log to be damaged: several sealed files, a truncation, a tail, spares
// and a control file.
type damaged struct {
	fs      *crashfs.FS
	options Options
	model   model
	// unsure: the log was not closed, so that its last batch cannot be told from one that
	// was never acknowledged.
	unsure bool
}

func newDamaged(t *testing.T, clean bool) *damaged {
	fs := crashfs.New()
	d := &damaged{fs: fs, options: testOptions(fs, &counter{}), unsure: !clean}
	d.options.SpareFiles = 4
	l := mustOpen(t, d.options)
	rng := rand.New(rand.NewPCG(11, 11))
	for serie := range 40 {
		o := op{kind: "append", index: d.model.last() + 1, serie: serie}
		if serie == 0 {
			o.index = 100
		}
		for range 1 + rng.IntN(4) {
			o.sizes = append(o.sizes, rng.IntN(300))
		}
		must(t, l.Append(o.entries()))
		d.model = d.model.append(o.index, o.payloads())
		switch serie {
		case 20:
			must(t, l.TruncateBack(d.model.last()-3))
			d.model = d.model.truncateBack(d.model.last() - 3)
		case 30:
			must(t, l.TruncateFront(d.model.first+20))
			d.model = d.model.from(l.FirstIndex())
		}
	}
	if clean {
		mustClose(t, l)
	}
	d.fs = fs.Clone()
	if !clean {
		mustClose(t, l)
	}
	return d
}

// outcome is what a damaged log was found to be.
type outcome int

const (
	harmless  outcome = iota // everything is there
	refused                  // Open returned a typed error
	partly                   // Get returned a CorruptionError for some entries
	cutBatch                 // the last batch is gone: allowed only after an unclean stop
	lostOrBad                // never allowed
)

var outcomeNames = []string{"harmless", "refused", "reported by Get", "last batch cut", "LOST OR WRONG"}

// judge opens a damaged copy. Whatever was done to it, no entry may be wrong or missing
// without an error.
func (d *damaged) judge(fs vfs.FS) (outcome, error) {
	options := d.options
	options.FS, options.Rand = fs, &counter{n: 77}
	l, err := Open(options)
	if err != nil {
		var corruption *CorruptionError
		if errors.As(err, &corruption) || errors.Is(err, ErrVersion) || errors.Is(err, ErrOtherDatabase) {
			return refused, err
		}
		return lostOrBad, fmt.Errorf("an error that is not typed: %w", err)
	}
	defer l.Close()
	first, last := l.FirstIndex(), l.LastIndex()
	if first != d.model.first || last > d.model.last() {
		return lostOrBad, fmt.Errorf("the log has %d to %d, the model %v", first, last, d.model)
	}
	result := harmless
	for i := first; i <= last; i++ {
		p, err := l.Get(i, nil)
		var corruption *CorruptionError
		if errors.As(err, &corruption) {
			result = partly
			continue
		}
		if err != nil || string(p) != d.model.payloads[i-first] {
			return lostOrBad, fmt.Errorf("entry %d: %.30q, %v", i, p, err)
		}
	}
	if last < d.model.last() {
		if !d.unsure || d.model.last()-last > 4 {
			return lostOrBad, fmt.Errorf("the log ends with %d, the model %v", last, d.model)
		}
		return cutBatch, nil
	}
	return result, nil
}

func (d *damaged) names(t *testing.T) []string {
	names, err := d.fs.List("wal")
	must(t, err)
	var files []string
	for _, name := range names {
		if name != lockName {
			files = append(files, name)
		}
	}
	return files
}

// TestDamage damages every file of a log in every way, after a clean stop and after
// an unclean one.
func TestDamage(t *testing.T) {
	for _, clean := range []bool{true, false} {
		d := newDamaged(t, clean)
		stale := d.fs.Clone()
		if outcome, err := d.judge(d.fs.Clone()); outcome != harmless {
			t.Fatalf("undamaged: %v %v", outcome, err)
		}
		table := map[string]map[outcome]int{}
		try := func(kind, name string, damage func(fs *crashfs.FS) bool) {
			fs := d.fs.Clone()
			if !damage(fs) {
				return
			}
			got, err := d.judge(fs)
			if got == lostOrBad {
				t.Errorf("clean %v, %s of %s: %v", clean, kind, name, err)
			}
			row := kind + " of a " + strings.TrimRight(strings.TrimSuffix(name, logSuffix), "-0123456789")
			if table[row] == nil {
				table[row] = map[outcome]int{}
			}
			table[row][got]++
		}
		d.damageEach(t, stale, try)
		for _, row := range slices.Sorted(maps.Keys(table)) {
			var parts []string
			for o, name := range outcomeNames {
				if n := table[row][outcome(o)]; n > 0 {
					parts = append(parts, fmt.Sprintf("%s %d", name, n))
				}
			}
			t.Logf("clean %v: %-28s %s", clean, row, strings.Join(parts, ", "))
		}
	}
}

func (d *damaged) damageEach(t *testing.T, stale *crashfs.FS, try func(kind, name string, damage func(*crashfs.FS) bool)) {
	rng := rand.New(rand.NewPCG(5, 5))
	names := d.names(t)
	for i, name := range names {
		path := "wal/" + name
		data := readFile(t, d.fs, path)
		for offset := range data {
			try("bit flip", name, func(fs *crashfs.FS) bool {
				b := bytes.Clone(data)
				b[offset] ^= 1 << rng.IntN(8)
				writeFile(t, fs, path, b)
				return true
			})
		}
		for offset := 0; offset < len(data); offset += 512 {
			try("zero sector", name, func(fs *crashfs.FS) bool {
				b := bytes.Clone(data)
				clear(b[offset:min(offset+512, len(b))])
				writeFile(t, fs, path, b)
				return !bytes.Equal(b, data)
			})
			try("truncation", name, func(fs *crashfs.FS) bool {
				writeFile(t, fs, path, data[:offset])
				return true
			})
		}
		try("loss", name, func(fs *crashfs.FS) bool {
			must(t, fs.Remove(path))
			return true
		})
		other := "wal/" + names[(i+1)%len(names)]
		try("swap", name, func(fs *crashfs.FS) bool {
			writeFile(t, fs, path, readFile(t, d.fs, other))
			writeFile(t, fs, other, data)
			return true
		})
		try("foreign copy", name, func(fs *crashfs.FS) bool {
			writeFile(t, fs, path, readFile(t, d.fs, other))
			return true
		})
		try("stale sector", name, func(fs *crashfs.FS) bool {
			// A sector of another file at the same place: what a misdirected or a lost write
			// leaves.
			b, from := bytes.Clone(data), readFile(t, stale, other)
			at := 512 * rng.IntN(max(1, min(len(b), len(from))/512))
			copy(b[at:min(at+512, len(b))], from[at:])
			writeFile(t, fs, path, b)
			return true
		})
	}
}

// TestStaleFiles puts an older copy of each file back, after a clean stop.
func TestStaleFiles(t *testing.T) {
	fs := crashfs.New()
	d := &damaged{fs: fs, options: testOptions(fs, &counter{})}
	l := mustOpen(t, d.options)
	var old *crashfs.FS
	for i := uint64(1); i <= 60; i++ {
		o := op{kind: "append", index: i, sizes: []int{200}, serie: int(i)}
		must(t, l.Append(o.entries()))
		d.model = d.model.append(i, o.payloads())
		if i == 35 {
			mustClose(t, l)
			old = fs.Clone()
			l = mustOpen(t, d.options)
		}
		if i == 50 {
			must(t, l.TruncateFront(20))
			d.model = d.model.from(l.FirstIndex())
		}
	}
	mustClose(t, l)
	d.fs = fs.Clone()
	seen := map[outcome]int{}
	for _, name := range d.names(t) {
		if _, err := old.Stat("wal/" + name); err != nil {
			continue
		}
		fs := d.fs.Clone()
		was := readFile(t, old, "wal/"+name)
		changed := !bytes.Equal(was, readFile(t, fs, "wal/"+name))
		writeFile(t, fs, "wal/"+name, was)
		outcome, err := d.judge(fs)
		seen[outcome]++
		t.Logf("%s as it was (changed since: %v): %s: %v", name, changed, outcomeNames[outcome], err)
		if outcome == lostOrBad || changed && outcome != refused && strings.HasPrefix(name, logPrefix) {
			t.Errorf("stale %s: %s: %v", name, outcomeNames[outcome], err)
		}
	}
	if seen[refused] < 2 {
		t.Errorf("stale copies were not noticed: %v", seen)
	}
}

// TestHeaderErrors: each failure of a header is its own error.
func TestHeaderErrors(t *testing.T) {
	fs := crashfs.New()
	options := testOptions(fs, &counter{})
	l := mustOpen(t, options)
	must(t, l.Append([]Entry{{1, []byte("x")}}))
	mustClose(t, l)
	log, ctl := "wal/"+logName(1), "wal/"+controlName
	edit := func(path string, f func(b []byte)) *crashfs.FS {
		c := fs.Clone()
		b := readFile(t, c, path)
		f(b)
		writeFile(t, c, path, b)
		return c
	}
	other := options
	other.DatabaseID[0]++
	other.FS = fs.Clone()
	otherLog := fs.Clone()
	writeFile(t, otherLog, log, func() []byte {
		b := readFile(t, otherLog, log)
		b[16]++
		putChecksumOf(b)
		return b
	}())
	for _, c := range []struct {
		name    string
		fs      vfs.FS
		options Options
		want    error
		corrupt bool
	}{
		{"magic of log", edit(log, func(b []byte) { b[0] ^= 1 }), options, ErrBadMagic, true},
		{"magic of control", edit(ctl, func(b []byte) { b[7] ^= 1 }), options, ErrBadMagic, true},
		{"checksum of log", edit(log, func(b []byte) { b[100] ^= 1 }), options, ErrChecksum, true},
		{"checksum of control", edit(ctl, func(b []byte) { b[40] ^= 1 }), options, ErrChecksum, true},
		{"version of log", edit(log, func(b []byte) { b[8] = 2; putChecksumOf(b) }), options, ErrVersion, false},
		{"version of control", edit(ctl, func(b []byte) { b[8] = 2; putChecksum(b) }), options, ErrVersion, false},
		{"bit flip in version", edit(log, func(b []byte) { b[8] = 2 }), options, ErrChecksum, true},
		{"database of directory", other.FS, other, ErrOtherDatabase, false},
		{"database of log", otherLog, options, ErrOtherDatabase, false},
		{"sequence", edit(log, func(b []byte) { b[32] = 9; putChecksumOf(b) }), options, ErrMisplaced, true},
	} {
		c.options.FS = c.fs
		_, err := Open(c.options)
		var corruption *CorruptionError
		if !errors.Is(err, c.want) || errors.As(err, &corruption) != c.corrupt {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// putChecksumOf makes the checksum of a file's header right again.
func putChecksumOf(file []byte) { putChecksum(file[:headerBytes]) }

// TestCorruptionSays where the damage is.
func TestCorruptionSays(t *testing.T) {
	fs := crashfs.New()
	options := testOptions(fs, &counter{})
	l := mustOpen(t, options)
	for i := uint64(7); i < 12; i++ {
		must(t, l.Append([]Entry{{i, make([]byte, 40)}}))
	}
	mustClose(t, l)
	c := fs.Clone()
	b := readFile(t, c, "wal/"+logName(1))
	b[headerBytes+2*72+35] ^= 1 // in the payload of entry 9
	writeFile(t, c, "wal/"+logName(1), b)
	options.FS = c
	before := c.Clone()
	_, err := Open(options)
	var corruption *CorruptionError
	if !errors.As(err, &corruption) || !errors.Is(err, ErrAcknowledgedDamage) ||
		corruption.File != "wal/"+logName(1) || corruption.Offset != headerBytes+2*72 || corruption.LastGoodIndex != 8 {
		t.Fatalf("%v", err)
	}
	for _, name := range []string{logName(1), controlName} {
		if !bytes.Equal(readFile(t, c, "wal/"+name), readFile(t, before, "wal/"+name)) {
			t.Errorf("Open changed %s of a damaged log", name)
		}
	}
	var out bytes.Buffer
	err = Inspect(c, "wal/"+logName(1), &out, func(index uint64, payload []byte) string {
		return fmt.Sprintf("%d has %d bytes", index, len(payload))
	})
	var found *CorruptionError
	if !errors.As(err, &found) || found.Offset != corruption.Offset || found.LastGoodIndex != 8 {
		t.Errorf("Inspect: %v", err)
	}
	for _, want := range []string{"DAMAGED", "entry 7,", "entry 8,", "entry 10,", "entry 11,", "11 has 40 bytes"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("Inspect does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "entry 9,") {
		t.Errorf("Inspect shows the damaged entry as if it were intact:\n%s", out.String())
	}
}

// TestInspectNeverFails on what damage leaves of a file.
func TestInspectNeverFails(t *testing.T) {
	d := newDamaged(t, true)
	reported := 0
	for _, name := range d.names(t) {
		must(t, Inspect(d.fs, "wal/"+name, io.Discard, nil))
	}
	d.damageEach(t, d.fs, func(kind, name string, damage func(*crashfs.FS) bool) {
		fs := d.fs.Clone()
		if kind == "loss" || !damage(fs) {
			return
		}
		var corruption *CorruptionError
		if err := Inspect(fs, "wal/"+name, io.Discard, nil); err != nil && !errors.As(err, &corruption) && !errors.Is(err, ErrVersion) {
			t.Fatalf("%s of %s: %v", kind, name, err)
		} else if err != nil {
			reported++
		}
	})
	if reported < 1000 {
		t.Errorf("Inspect returned an error for %d damages only", reported)
	}
}
