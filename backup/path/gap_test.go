package path

import (
	"errors"
	"strings"
	"testing"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/scn"
)

func somePiece(inc scn.Incarnation, first, last scn.SCN, before, hash string) archive.Piece {
	return archive.Piece{Name: "log/" + hash, Bytes: 1000, Sealed: true, Incarnation: inc, First: first, Last: last, Before: before, Hash: hash}
}

// TestGap: what is missing is named, with the nearest points that can be reached, and what was passed over.
func TestGap(t *testing.T) {
	state := func(id string, at scn.SCN) backup.Manifest {
		return backup.Manifest{ID: id, Incarnation: 1, SCN: at, Files: []backup.File{{Bytes: 1}}}
	}
	c := Contents{
		Backups:  []backup.Manifest{state("bad", 32), state("good", 45)},
		Unusable: map[string]string{"bad": "it is torn"},
		Pieces: []archive.Piece{
			somePiece(1, 1, 10, archive.NoPiece, "a"), somePiece(1, 21, 30, "b", "c"), somePiece(1, 31, 40, "c", "d"), somePiece(1, 41, 50, "d", "e"),
		},
		Damaged: map[string]string{},
	}
	for _, want := range []struct {
		to        scn.SCN
		text      []string
		reachable bool
	}{
		{5, nil, true},
		{15, []string{"SCN 11 to 15 is missing", "are SCN 10 and 45"}, false},
		{35, []string{"SCN 11 to 20 is missing", "backup bad: it is torn", "are SCN 10 and 45"}, false},
		{45, nil, true},
		{50, nil, true},
	} {
		p, err := NewMap(c).Find(Point{1, want.to})
		if (err == nil) != want.reachable || err != nil && !errors.Is(err, ErrGap) {
			t.Errorf("to SCN %d: %+v, %v", want.to, p, err)
		}
		for _, text := range want.text {
			if err != nil && !strings.Contains(err.Error(), text) {
				t.Errorf("to SCN %d: %v, want %q", want.to, err, text)
			}
		}
	}
	c.Damaged["log/a"] = "one bit"
	if _, err := NewMap(c).Find(Point{1, 5}); err == nil || !strings.Contains(err.Error(), "log/a, which has SCN 1 to 10, is damaged: one bit") {
		t.Errorf("a damaged piece: %v", err)
	}
}

// TestOnly: a path may be asked to begin from one backup.
func TestOnly(t *testing.T) {
	c := Contents{
		Backups: []backup.Manifest{{ID: "x", Incarnation: 1, SCN: 2, Files: []backup.File{{Bytes: 1 << 40}}}},
		Pieces:  []archive.Piece{somePiece(1, 1, 10, archive.NoPiece, "a")},
	}
	if p, err := NewMap(c).Find(Point{1, 5}); err != nil || p.Base != nil {
		t.Errorf("the cheapest: %+v, %v", p, err)
	}
	c.Only = "x"
	if p, err := NewMap(c).Find(Point{1, 5}); err != nil || p.Base == nil {
		t.Errorf("only from x: %+v, %v", p, err)
	}
}
