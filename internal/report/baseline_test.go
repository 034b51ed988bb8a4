package report

import (
	"testing"
	"time"
)

// TestEndsAtHole: a window whose end lies where snapshots are missing, behind those of a baseline, does not reach over the hole.
func TestEndsAtHole(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC) }
	list := []WorkloadSnapshot{{ID: 3, Time: at(0)}, {ID: 4, Time: at(10)}, {ID: 30, Time: at(40)}, {ID: 31, Time: at(50)}}
	for _, c := range []struct {
		text string
		last bool
		want uint64
	}{
		{"2026-01-02 03:05", false, 3},
		{"2026-01-02 03:10", false, 4},
		{"2026-01-02 03:20", false, 30},
		{"2026-01-02 03:20", true, 4},
		{"2026-01-02 03:40", true, 30},
		{"2026-01-02 03:45", true, 31},
		{"2026-01-02 03:59", true, 31},
		{"30", true, 30},
	} {
		got, _, err := endOf(t.Context(), nil, list, c.text, at(59), c.last)
		if err != nil || list[got].ID != c.want {
			t.Errorf("%s, last %v: snapshot %d, %v; want %d", c.text, c.last, list[got].ID, err, c.want)
		}
	}
}
