package logappend

import (
	"context"
	"encoding/json"
	"testing"

	"redoubt/wal"
)

func TestSystemsAppend(t *testing.T) {
	for _, s := range []System{Redoubt(), Bare()} {
		c := Config{System: s.Name, Dir: t.TempDir(), EntryBytes: 256, BatchEntries: 64, Seconds: 0.1, BytesMax: 4 << 20}
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Measure(Redoubt(), Bare())(context.Background(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if f["per_second"] <= 0 || f["p50_us"] <= 0 || f["p99_us"] < f["p50_us"] {
			t.Errorf("%s: figures %v", s.Name, f)
		}
	}
}

// What is measured must be in the log afterwards.
func TestRedoubtKeepsWhatWasAppended(t *testing.T) {
	c := Config{Dir: t.TempDir(), EntryBytes: 100, BatchEntries: 7, BytesMax: 1 << 20}
	want := payloads(c)
	log, err := openRedoubt(c, want)
	if err != nil {
		t.Fatal(err)
	}
	for first := uint64(1); first < 50; first += 7 {
		if err := log.Append(first); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := wal.Open(wal.Options{Dir: c.Dir + "/log", SpareFiles: wal.NoSpareFiles})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.LastIndex() != 49 {
		t.Fatalf("last index is %d, want 49", again.LastIndex())
	}
	got, err := again.Get(49, nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want[6]) {
		t.Error("the last entry is not the last payload")
	}
}

func TestUnknownSystem(t *testing.T) {
	if _, err := Measure(Bare())(context.Background(), json.RawMessage(`{"System":"none"}`)); err == nil {
		t.Error("an unknown system was measured")
	}
}
