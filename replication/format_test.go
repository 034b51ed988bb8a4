package replication

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"redoubt/wal/redo"
)

var updateFlag = flag.Bool("update", false, "write the golden files anew")

func sampleEntries() []*raft.Log {
	g := &redo.Group{FirstSCN: 300, Txns: []redo.GroupTxn{
		{TimeMicros: 1_700_000_000_000_000, Body: []byte("first")},
		{TimeMicros: 1_700_000_000_000_007, Body: []byte("second")},
	}}
	config := raft.Configuration{Servers: []raft.Server{
		{ID: "n1", Address: "10.0.0.1:7307"}, {Suffrage: raft.Nonvoter, ID: "n2", Address: "10.0.0.2:7307"},
	}}
	group := groupEntry(200, 200, g)
	group.Index = 1000
	skipped := groupEntry(201, 200, g)
	skipped.Index = 1001
	return []*raft.Log{
		{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(config)},
		{Index: 2, Term: 2, Type: raft.LogNoop},
		{Index: 3, Term: 2, Type: raft.LogCommand, Extensions: markTag()},
		{Index: 4, Term: 2, Type: raft.LogBarrier},
		group,
		skipped,
		{Index: 1002, Term: 201, Type: raft.LogCommand, Extensions: partTag(201), Data: redo.AppendPart(nil, &redo.Part{XID: 17, Number: 3, ReadSCN: 300})},
		{Index: 1003, Term: 202, Type: raft.LogCommand, Extensions: partTag(201), Data: redo.AppendPart(nil, &redo.Part{XID: 17})},
	}
}

func sampleSnapshot() *snapshotMeta {
	return &snapshotMeta{
		Index: 1000, Term: 7, State: Position{Index: 998, Term: 7, SCN: 123456, TimeMicros: 1_700_000_000_000_000},
		ConfigIndex: 1,
		Configuration: raft.Configuration{Servers: []raft.Server{
			{ID: "n1", Address: "10.0.0.1:7307"}, {Suffrage: raft.Nonvoter, ID: "n2", Address: "10.0.0.2:7307"},
		}},
	}
}

// golden compares text with a file that is kept for ever: what was written once must stay readable.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *updateFlag {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s changed:\n%s\nwant:\n%s", path, got, want)
	}
}

func TestGoldenFormats(t *testing.T) {
	var out strings.Builder
	for _, l := range sampleEntries() {
		b := appendEntry(nil, l)
		info, err := InspectEntry(l.Index, b)
		fmt.Fprintf(&out, "%s(error: %v)\n%s\n", hex.Dump(b), err, info)
	}
	golden(t, "entry.golden", out.String())

	out.Reset()
	b := encodeSnapshot(sampleSnapshot())
	out.WriteString(hex.Dump(b))
	if err := InspectSnapshot(&out, SnapshotFile, b); err != nil {
		t.Error(err)
	}
	golden(t, "snapshot.golden", out.String())

	out.Reset()
	fmt.Fprintf(&out, "term\n%svote\n%s", hex.Dump(encodeTerm(300)), hex.Dump(encodeVote(300, []byte("n2"))))
	golden(t, "stable.golden", out.String())
}

func sameLog(a, b *raft.Log) bool {
	return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type && bytes.Equal(a.Data, b.Data) &&
		bytes.Equal(a.Extensions, b.Extensions)
}

func TestEntryRoundTrip(t *testing.T) {
	for _, l := range sampleEntries() {
		b := appendEntry([]byte("before"), l)[len("before"):]
		var got raft.Log
		if err := decodeEntry(b, l.Index, &got); err != nil || !sameLog(&got, l) {
			t.Errorf("%+v became %+v: %v", l, got, err)
		}
		if err := decodeEntry(b, l.Index+1, &got); !errors.Is(err, ErrCorrupt) {
			t.Errorf("entry %d passes for %d: %v", l.Index, l.Index+1, err)
		}
		for n := range len(b) - len(l.Data) {
			if err := decodeEntry(b[:n], l.Index, &got); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%d bytes of entry %d: %v", n, l.Index, err)
			}
		}
	}
}

func TestEntryRules(t *testing.T) {
	good := appendEntry(nil, &raft.Log{Index: 1, Term: 1, Type: raft.LogCommand, Extensions: groupTag(1), Data: []byte("x")})
	var l raft.Log
	if err := decodeEntry(good, 1, &l); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"version":              {2, 0, 1, 1, 2, 1, 1},
		"type":                 {1, 9, 1, 1, 0},
		"deprecated type":      {1, 2, 1, 1, 0},
		"index 0":              {1, 1, 0, 1, 0},
		"term 0":               {1, 1, 1, 0, 0},
		"long number":          {1, 1, 0x81, 0x00, 1, 0},
		"tag beyond the end":   {1, 0, 1, 1, 5, 1, 1},
		"long tag":             append([]byte{1, 0, 1, 1, 17}, make([]byte, 17)...),
		"command without tag":  {1, 0, 1, 1, 0},
		"no-op with a tag":     {1, 1, 1, 1, 1, 2},
		"unknown tag":          {1, 0, 1, 1, 1, 9},
		"tag of term 0":        {1, 0, 1, 1, 2, 1, 0},
		"tag with a long term": {1, 0, 1, 1, 3, 1, 0x81, 0x00},
		"mark with more":       {1, 0, 1, 1, 2, 2, 2},
		"mark with data":       {1, 0, 1, 1, 1, 2, 7},
		"empty":                {},
	} {
		if err := decodeEntry(b, 1, &l); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeEntry(f *testing.F) {
	for _, l := range sampleEntries() {
		f.Add(l.Index, appendEntry(nil, l))
	}
	f.Fuzz(func(t *testing.T, index uint64, b []byte) {
		var l raft.Log
		if err := decodeEntry(b, index, &l); err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if again := appendEntry(nil, &l); !bytes.Equal(again, b) {
			t.Fatalf("%x decodes, and encodes as %x", b, again)
		}
		info, _ := InspectEntry(index, b)
		_ = info.String()
	})
}

func FuzzDecodeSnapshot(f *testing.F) {
	f.Add(encodeSnapshot(sampleSnapshot()))
	f.Add(encodeSnapshot(&snapshotMeta{Index: 1, Term: 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= snapshotHeaderSize { // let the fuzzer past length and checksum
			fixSnapshot(b)
		}
		m, err := decodeSnapshot(b, "f")
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if again := encodeSnapshot(m); !bytes.Equal(again, b) {
			t.Fatalf("%x decodes, and encodes as %x", b, again)
		}
	})
}

func FuzzDecodeStable(f *testing.F) {
	f.Add(encodeTerm(3))
	f.Add(encodeVote(3, []byte("n1")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 5 {
			b = appendChecksum(b[:len(b)-4])
		}
		if term, err := decodeTerm(b); err == nil && !bytes.Equal(encodeTerm(term), b) {
			t.Fatalf("%x decodes as term %d", b, term)
		}
		if term, cand, err := decodeVote(b); err == nil && !bytes.Equal(encodeVote(term, cand), b) {
			t.Fatalf("%x decodes as vote %d, %q", b, term, cand)
		}
	})
}
