package wal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// model is what a log holds: the naive truth that tests compare it with. It is never
// changed, only replaced.
type model struct {
	first    uint64 // 0 if empty
	payloads []string
}

func (m model) last() uint64 {
	if len(m.payloads) == 0 {
		return 0
	}
	return m.first + uint64(len(m.payloads)) - 1
}

func (m model) String() string { return fmt.Sprintf("entries %d to %d", m.first, m.last()) }

func (m model) append(first uint64, payloads []string) model {
	if len(m.payloads) == 0 {
		return model{first: first, payloads: payloads}
	}
	return model{first: m.first, payloads: append(m.payloads[:len(m.payloads):len(m.payloads)], payloads...)}
}

func (m model) truncateBack(keepTo uint64) model {
	switch {
	case len(m.payloads) == 0 || keepTo < m.first:
		return model{}
	case keepTo >= m.last():
		return m
	}
	return model{first: m.first, payloads: m.payloads[: keepTo-m.first+1 : keepTo-m.first+1]}
}

// from is the model after the log dropped what is before first; 0: all.
func (m model) from(first uint64) model {
	if first == 0 || first > m.last() {
		return model{}
	}
	return model{first: first, payloads: m.payloads[first-m.first:]}
}

// differs returns how a log differs from the model, nil if it does not.
func (m model) differs(l *Log) error {
	if first, last := l.FirstIndex(), l.LastIndex(); first != m.first || last != m.last() {
		return fmt.Errorf("the log has %d to %d, the model %d to %d", first, last, m.first, m.last())
	}
	var buf []byte
	for i, want := range m.payloads {
		index := m.first + uint64(i)
		var err error
		if buf, err = l.Get(index, buf); err != nil {
			return err
		}
		if string(buf) != want {
			return fmt.Errorf("entry %d is %.40q, want %.40q", index, buf, want)
		}
	}
	for _, index := range []uint64{m.first - 1, m.last() + 1} {
		if _, err := l.Get(index, nil); !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("entry %d outside the log: %v", index, err)
		}
	}
	return nil
}

// op is one step of a random workload.
type op struct {
	kind  string // append, back, front, reset, reopen
	index uint64
	sizes []int
	serie int // makes payloads of different operations differ
}

func (o op) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %d %v", o.kind, o.index, o.sizes))
}

func (o op) payloads() []string {
	payloads := make([]string, len(o.sizes))
	for i, size := range o.sizes {
		p := fmt.Sprintf("op%d/%d:", o.serie, o.index+uint64(i))
		payloads[i] = p + strings.Repeat(string(rune('a'+o.serie%26)), size)
	}
	return payloads
}

func (o op) entries() []Entry {
	batch := make([]Entry, len(o.sizes))
	for i, p := range o.payloads() {
		batch[i] = Entry{Index: o.index + uint64(i), Payload: []byte(p)}
	}
	return batch
}

// randomOp draws a step that makes sense for a log that holds m.
func randomOp(rng *rand.Rand, m model, serie int) op {
	o := op{serie: serie}
	switch p := rng.IntN(100); {
	case p < 72 || len(m.payloads) == 0 && p < 90:
		o.kind, o.index = "append", m.last()+1
		if len(m.payloads) == 0 {
			o.index = 1 + uint64(rng.IntN(1000))
		}
		o.sizes = make([]int, 1+rng.IntN(6))
		for i := range o.sizes {
			o.sizes[i] = rng.IntN(60)
			if rng.IntN(6) == 0 {
				o.sizes[i] = rng.IntN(1500)
			}
		}
		if rng.IntN(40) == 0 {
			o.sizes[0] = 5000 // more than a file
		}
	case p < 82:
		o.kind, o.index = "back", m.first+uint64(rng.IntN(len(m.payloads)+1))
		if rng.IntN(8) == 0 && m.first > 0 {
			o.index = m.first - 1
		}
	case p < 92:
		o.kind, o.index = "front", m.first+uint64(rng.IntN(len(m.payloads)+2))
	case p < 94:
		o.kind, o.index = "reset", uint64(rng.IntN(5000))
	default:
		o.kind = "reopen"
	}
	return o
}

// do runs a step on a log. It returns the log, another one after a reopen.
func (o op) do(l *Log, options Options) (*Log, error) {
	switch o.kind {
	case "append":
		return l, l.Append(o.entries())
	case "back":
		return l, l.TruncateBack(o.index)
	case "front":
		return l, l.TruncateFront(o.index)
	case "reset":
		return l, l.Reset(o.index)
	default:
		if err := l.Close(); err != nil {
			return l, err
		}
		return Open(options)
	}
}

// after is what the model becomes. What a truncation of the front drops is known only
// afterwards: firstAfter is the log's FirstIndex then.
func (o op) after(m model, firstAfter func() uint64) model {
	switch o.kind {
	case "append":
		return m.append(o.index, o.payloads())
	case "back":
		return m.truncateBack(o.index)
	case "front":
		return m.from(firstAfter())
	case "reset":
		return model{}
	default:
		return m
	}
}

// counter is an endless source of bytes that does not repeat for a long time: file ids
// that are the same in every run.
type counter struct{ n uint64 }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		if i%8 == 0 {
			c.n += 0x9e3779b97f4a7c15
		}
		b[i] = byte(c.n >> (8 * (i % 8)))
	}
	return len(b), nil
}

func testOptions(fs vfs.FS, rand *counter) Options {
	return Options{
		FS: fs, Dir: "wal", SegmentBytes: segmentBytesMin, SpareFiles: 1, SpareFilesMax: 3,
		DatabaseID: [16]byte{'t', 'e', 's', 't'}, Rand: rand,
	}
}

func mustOpen(t *testing.T, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustClose(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// readFile and writeFile are for tests that look at, or damage, what is on disk.
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
