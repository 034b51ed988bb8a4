package throttle

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"redoubt/backup/store"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"50MB/s": 50e6, "50 MB/s": 50e6, "1KiB/s": 1024, "2MiB": 2 << 20, "1.5GB/s": 15e8, "4096": 4096, "4096B/s": 4096, "none": 0, "0": 0, "7kB/s": 7000,
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "fast", "-1MB/s", "1B/s", "NaN", "1e300GB/s", "5TB/h"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q was taken for %d", text, got)
		}
	}
}

// TestRate sends objects with a rate, raises it on the way, and stops.
func TestRate(t *testing.T) {
	dir, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, content := Wrap(dir), make([]byte, 300<<10)
	put := func(ctx context.Context) (time.Duration, error) {
		began := time.Now()
		err := s.Put(ctx, "files/a", bytes.NewReader(content))
		return time.Since(began), err
	}
	rate := NewRate(400 << 10)
	ctx := With(context.Background(), rate)
	// 300 KiB, of which the burst of 32 KiB goes at once, take 0.67 s at least.
	if took, err := put(ctx); err != nil || took < 600*time.Millisecond {
		t.Errorf("300 KiB at 400 KiB/s took %s, %v", took, err)
	}
	if rate.Sent() != 300<<10 {
		t.Errorf("%d bytes were counted, want %d", rate.Sent(), 300<<10)
	}
	rate.Set(1 << 10) // it would take five minutes
	raised := time.AfterFunc(200*time.Millisecond, func() { rate.Set(0) })
	defer raised.Stop()
	if took, err := put(ctx); err != nil || took > 30*time.Second {
		t.Errorf("after the limit went it took %s, %v", took, err)
	}
	rate.Set(1 << 10)
	stopped, cancel := context.WithCancel(ctx)
	defer time.AfterFunc(100*time.Millisecond, cancel).Stop()
	if took, err := put(stopped); !errors.Is(err, context.Canceled) || took > 10*time.Second {
		t.Errorf("a Put that was stopped took %s, %v", took, err)
	}
}
