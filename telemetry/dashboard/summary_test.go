package dashboard

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"redoubt/telemetry"
)

// shape has ann compute in two sessions and bob wait for the first of them, each by a statement of its own.
func (f *fixture) shape(t *testing.T, seconds int) (waiting *telemetry.Slot) {
	t.Helper()
	sel, update := "select", "update"
	for id := range uint32(2) {
		s := f.slots.Take(telemetry.Identity{Session: id + 1, User: "ann"})
		s.Call(0xa, &sel, f.at.UnixMicro())
		s.Snapshot(uint64(50+id), 1)
	}
	waiting = f.slots.Take(telemetry.Identity{Session: 3, User: "bob"})
	waiting.Call(0xb, &update, f.at.UnixMicro())
	waiting.BeginFor(telemetry.RowLock, 50)
	f.slots.Background("LGWR", "writes").Begin(telemetry.LogFileWrite)
	f.pass(t, seconds)
	return waiting
}

func text(list []*entry) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%s %.1f", strings.TrimLeft(e.Key, "0"), e.Total)
		if e.Blocker != 0 {
			fmt.Fprintf(&b, " by %d", e.Blocker)
		}
		b.WriteString("; ")
	}
	return b.String()
}

// TestSummary: a load of a known shape is what each list says, and a filter of one list leaves it whole and narrows the others.
func TestSummary(t *testing.T) {
	f := newFixture(t)
	f.shape(t, 30)
	cases := []struct{ view, sql, sessions, events, users string }{
		{`{}`, "a 2.0; b 1.0; ", "1 1.0; 2 1.0; 3 1.0 by 1; ", "ON CPU 2.0; enq: TX - row lock contention 1.0; ", "ann 2.0; bob 1.0; "},
		{`{,"sql":"000000000000000b"}`, "a 2.0; b 1.0; ", "3 1.0 by 1; ", "enq: TX - row lock contention 1.0; ", "bob 1.0; "},
		{`{,"session":2}`, "a 1.0; ", "1 1.0; 2 1.0; 3 1.0 by 1; ", "ON CPU 1.0; ", "ann 1.0; "},
		{fmt.Sprintf(`{,"class":%d}`, telemetry.Application), "b 1.0; ", "3 1.0 by 1; ", "ON CPU 2.0; enq: TX - row lock contention 1.0; ", "bob 1.0; "},
		{`{,"user":"ann","session":3}`, "", "1 1.0; 2 1.0; ", "", "bob 1.0; "},
	}
	for _, c := range cases {
		v, err := parseView([]byte(`{"window":10000,"range":60000` + c.view[1:]))
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.summarize(&v, nil, f.at)
		if err != nil {
			t.Fatal(err)
		}
		if text(s.SQL) != c.sql || text(s.Sessions) != c.sessions || text(s.Events) != c.events || text(s.Users) != c.users {
			t.Errorf("%s:\n%s\n%s\n%s\n%s", c.view, text(s.SQL), text(s.Sessions), text(s.Events), text(s.Users))
		}
	}
}

// TestChart: the chart of a filter has only its samples, at their times; what memory has no more comes from the disk.
func TestChart(t *testing.T) {
	f := newFixture(t)
	waiting := f.shape(t, 60)
	waiting.EndFor(telemetry.RowLock)
	waiting.Done()
	f.pass(t, 60)
	v := view{Range: 120_000, Window: 10_000, digest: 0xb}
	s, err := f.summarize(&v, nil, f.at)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, at := range s.Chart.Times {
		n := float64(s.Chart.Active[int(telemetry.Application)][i])
		sum += n
		if late := at > f.at.Add(-58*time.Second).UnixMilli(); late && n > 0 {
			t.Errorf("%g sessions wait at %d, when nobody did", n, at)
		}
	}
	if math.Abs(sum-60) > 2 || len(s.Chart.Active) != 1 {
		t.Errorf("%g seconds of waits, want 60: %v", sum, s.Chart)
	}
	f.restart(t)
	if s, err = f.summarize(&view{Range: 120_000, Window: 100_000}, nil, f.at); err != nil {
		t.Fatal(err)
	}
	if got := text(s.SQL); !strings.HasPrefix(got, "a 2.0; b 0.") || s.Chart == nil {
		t.Errorf("after a restart: %s, chart %v", got, s.Chart)
	}
}

// TestView refuses what cannot be looked at.
func TestView(t *testing.T) {
	for _, bad := range []string{`x`, `{"sql":"zz"}`, `{"class":99}`, `{"class":-1}`, `{"from":5,"to":4}`} {
		if _, err := parseView([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	v, err := parseView([]byte(`{"range":1000000000000000,"window":1}`))
	if err != nil || v.Range != int64(rangeMax/time.Millisecond) || v.Window != int64(windowMin/time.Millisecond) {
		t.Errorf("%+v, %v", v, err)
	}
}
