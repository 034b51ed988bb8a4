package retention

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/path"
	"redoubt/scn"
)

var (
	seedFlag  = flag.Uint64("retention-seed", 0, "seed of TestModel; 0 takes one from the clock")
	seedsFlag = flag.Int("retention-seeds", 1000, "how many repositories TestModel makes")
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// world is a repository and what is asked of it.
type world struct {
	Input
	contents path.Contents
}

func generate(random *rand.Rand) *world {
	w := &world{contents: path.Contents{Unusable: map[string]string{}, Damaged: map[string]string{}}}
	w.Now, w.Hand, w.Ends = now, map[string]string{}, map[scn.Incarnation]int64{}
	span := time.Duration(1+random.IntN(120*24)) * time.Hour
	begin := now.Add(-span)
	times := map[string]int64{}
	incarnations := scn.Incarnation(1 + random.IntN(3))
	for inc := scn.Incarnation(1); inc <= incarnations; inc++ {
		last := archive.Piece{Hash: archive.NoPiece}
		if inc > 1 {
			parent := 1 + scn.Incarnation(random.IntN(int(inc-1)))
			var chain []archive.Piece
			for _, p := range w.contents.Pieces {
				if p.Incarnation == parent {
					chain = append(chain, p)
				}
			}
			last = chain[random.IntN(len(chain))]
			w.contents.Branches = append(w.contents.Branches, archive.Branch{Incarnation: inc, Parent: parent, SCN: last.Last})
		}
		branched, first := last, last.Last
		for range 1 + random.IntN(20) {
			p := archive.Piece{
				Bytes: 1 + random.Int64N(1e6), Sealed: true, Incarnation: inc, First: last.Last + 1, Last: last.Last + 1 + scn.SCN(random.Uint64N(30)), Before: last.Hash,
				Hash: fmt.Sprintf("%016x", random.Uint64()),
			}
			p.Name = "log/" + p.Hash
			w.contents.Pieces, last = append(w.contents.Pieces, p), p
		}
		// The incarnation's commits lie in a part of the time, behind those that it has of others.
		from := begin
		if inc > 1 {
			from = time.UnixMicro(times[branched.Hash])
		}
		from = from.Add(time.Duration(random.Int64N(int64(now.Sub(from)))))
		to := from.Add(time.Duration(random.Int64N(int64(now.Sub(from)))))
		if inc == incarnations {
			to = now
		}
		at := func(s scn.SCN) int64 {
			return from.Add(time.Duration(float64(to.Sub(from)) * float64(s-first) / float64(last.Last-first))).UnixMicro()
		}
		w.Ends[inc] = at(last.Last)
		for _, p := range w.contents.Pieces {
			if p.Incarnation == inc {
				times[p.Hash] = at(p.Last)
			}
		}
		w.backups(random, inc, first, last.Last, at)
	}
	if random.IntN(3) == 0 { // some log is gone
		i := random.IntN(len(w.contents.Pieces))
		w.contents.Pieces = slices.Delete(w.contents.Pieces, i, i+1)
	}
	w.Policy = policy(random)
	w.Map = path.NewMap(w.contents)
	return w
}

func (w *world) backups(random *rand.Rand, inc scn.Incarnation, first, last scn.SCN, at func(scn.SCN) int64) {
	var own []backup.Manifest
	for range random.IntN(25) {
		own = append(own, backup.Manifest{Kind: backup.Full, Incarnation: inc, SCN: first + 1 + scn.SCN(random.Uint64N(uint64(last-first)))})
	}
	slices.SortFunc(own, func(a, b backup.Manifest) int { return int(a.SCN) - int(b.SCN) })
	for i := range own {
		m := &own[i]
		m.ID, m.TimeMicros = fmt.Sprintf("i%d-%02d-scn%d", inc, i, m.SCN), at(m.SCN)
		m.Files = []backup.File{{Name: "f", Bytes: 1 + random.Int64N(1e8)}}
		if i > 0 && random.IntN(3) == 0 {
			m.Kind, m.Base, m.LogAfter, m.Files = backup.Incremental, own[i-1].ID, own[i-1].SCN, nil
		}
		if random.IntN(8) == 0 {
			w.contents.Unusable[m.ID] = "damaged"
		}
		if random.IntN(12) == 0 {
			w.Hand[m.ID] = "KEEP FOREVER"
		}
	}
	w.contents.Backups = append(w.contents.Backups, own...)
}

func policy(random *rand.Rand) (p Policy) {
	maybe := func(n *int, most int) {
		if random.IntN(4) == 0 {
			*n = 1 + random.IntN(most)
		}
	}
	for _, n := range []*int{&p.Redundancy, &p.Hourly, &p.Daily, &p.Weekly, &p.Monthly, &p.Yearly} {
		maybe(n, 6)
	}
	maybe(&p.MinRedundancy, 4)
	for _, s := range []*Span{&p.Window, &p.MaxAge} {
		if random.IntN(3) == 0 {
			*s = Span(time.Duration(1+random.IntN(60*24)) * time.Hour)
		}
	}
	return p
}

// usable tells whether a recovery of an incarnation may begin from a backup.
func (w *world) usable(inc scn.Incarnation, m *backup.Manifest) bool {
	return w.contents.Unusable[m.ID] == "" && m.HasState() && w.Map.On(inc, m)
}

// newer counts the usable states of an incarnation that are newer than one, of those that a condition holds for.
func (w *world) newer(inc scn.Incarnation, m *backup.Manifest, which func(*backup.Manifest) bool) (n int) {
	for i := range w.contents.Backups {
		b := &w.contents.Backups[i]
		if w.usable(inc, b) && which(b) && (b.SCN > m.SCN || b.SCN == m.SCN && b.ID > m.ID) {
			n++
		}
	}
	return n
}

// wants tells whether the policy wants a state, rule by rule and without looking at what others want.
func (w *world) wants(m *backup.Manifest) bool {
	tip, _ := w.Map.Newest(0)
	p, inc := &w.Policy, tip.Incarnation
	any := func(*backup.Manifest) bool { return true }
	young := func(b *backup.Manifest) bool {
		return p.MaxAge == 0 || b.TimeMicros >= now.Add(-time.Duration(p.MaxAge)).UnixMicro()
	}
	states := 0
	for i := range w.contents.Backups {
		if w.usable(inc, &w.contents.Backups[i]) {
			states++
		}
	}
	selects := p.Redundancy+p.Hourly+p.Daily+p.Weekly+p.Monthly+p.Yearly > 0 || p.Window > 0
	if w.Hand[m.ID] != "" || states == 0 || !selects && p.MaxAge == 0 {
		return true
	}
	if p.Window > 0 {
		edge := now.Add(-time.Duration(p.Window)).UnixMicro()
		old := func(b *backup.Manifest) bool { return b.TimeMicros <= edge }
		for _, i := range w.Map.Incarnations() {
			if w.usable(i, m) && (i == inc || w.Ends[i] >= edge) && w.newer(i, m, old) == 0 {
				return true
			}
		}
	}
	if !w.usable(inc, m) {
		return false
	}
	if w.newer(inc, m, any) < max(1, p.MinRedundancy) || young(m) && (w.newer(inc, m, young) < p.Redundancy || !selects) {
		return true
	}
	for _, c := range p.periods() {
		of := func(b *backup.Manifest) string { return c.of(time.UnixMicro(b.TimeMicros).UTC()) }
		periods := map[string]bool{}
		same := 0
		for i := range w.contents.Backups {
			if b := &w.contents.Backups[i]; w.usable(inc, b) && young(b) && (b.TimeMicros > m.TimeMicros || b.TimeMicros == m.TimeMicros && b.ID > m.ID) {
				periods[of(b)] = true
				if of(b) == of(m) {
					same++
				}
			}
		}
		if young(m) && same == 0 && len(periods) < c.count {
			return true
		}
	}
	return false
}

// TestModel decides for random repositories by random policies: what stays of the states is what the rules, each alone, want and
// what others need; no promise is broken by what goes, and no chain.
func TestModel(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("replay: go test ./backup/retention -run '^TestModel$' -retention-seeds %d -retention-seed %d", *seedsFlag, seed)
	gone, goneLog, stay := 0, 0, 0
	for i := range *seedsFlag {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		w := generate(random)
		d := Decide(w.Input)
		after := w.remaining(d)
		gone, stay = gone+len(w.contents.Backups)-len(after.Backups), stay+len(after.Backups)
		goneLog += len(w.contents.Pieces) - len(after.Pieces)
		w.compare(t, d, i)
		left := path.NewMap(after)
		if _, err := Prove(w.Map, left, d.Promises); err != nil {
			t.Errorf("repository %d, policy %s: %v", i, &w.Policy, err)
		}
		for j := range after.Backups {
			m := &after.Backups[j]
			at := path.Point{Incarnation: m.Incarnation, SCN: m.SCN}
			if _, err := w.Map.Find(at); err != nil || w.contents.Unusable[m.ID] != "" {
				continue
			}
			if _, err := left.Find(at); err != nil {
				t.Errorf("repository %d, policy %s: %s stays, but %v", i, &w.Policy, m.ID, err)
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d backups went, %d stayed; %d pieces of log went", gone, stay, goneLog)
	if gone == 0 || goneLog == 0 {
		t.Error("nothing went")
	}
}

func (w *world) compare(t *testing.T, d *Decision, i int) {
	t.Helper()
	for j := range w.contents.Backups {
		m := &w.contents.Backups[j]
		v := d.Backups[m.ID]
		if !m.HasState() || w.contents.Unusable[m.ID] != "" && w.Hand[m.ID] == "" {
			continue
		}
		needed := slices.ContainsFunc(v.Reasons, func(r string) bool { return len(r) > 9 && r[:9] == "needed by" })
		if want := w.wants(m) || needed; v.Keep() != want {
			t.Errorf("repository %d, policy %s: %s of %s stays: %v %q, want %v", i, &w.Policy, m.ID, time.UnixMicro(m.TimeMicros).UTC(), v.Keep(), v.Reasons, want)
		}
	}
	for j := range w.contents.Backups { // what a kept range needs stays
		m := &w.contents.Backups[j]
		if base := d.Backups[m.Base]; d.Backups[m.ID].Keep() && !m.HasState() && base != nil && !base.Keep() {
			t.Errorf("repository %d, policy %s: %s stays, its base %s goes", i, &w.Policy, m.ID, m.Base)
		}
	}
}

func (w *world) remaining(d *Decision) path.Contents {
	out := w.contents
	out.Backups = slices.DeleteFunc(slices.Clone(out.Backups), func(m backup.Manifest) bool { return !d.Backups[m.ID].Keep() })
	out.Pieces = slices.DeleteFunc(slices.Clone(out.Pieces), func(p archive.Piece) bool { return !d.Pieces[p.Name].Keep() })
	return out
}

// TestDrop: what others need, or the least that must stay, cannot be dropped.
func TestDrop(t *testing.T) {
	files := []backup.File{{Name: "f", Bytes: 1}}
	w := world{contents: path.Contents{Backups: []backup.Manifest{
		{ID: "a", Kind: backup.Full, Incarnation: 1, SCN: 10, Files: files},
		{ID: "b", Kind: backup.Incremental, Base: "a", LogAfter: 10, Incarnation: 1, SCN: 20},
		{ID: "c", Kind: backup.Full, Incarnation: 1, SCN: 30, Files: files},
	}, Pieces: []archive.Piece{{Name: "p", Sealed: true, Incarnation: 1, First: 1, Last: 40, Before: archive.NoPiece, Hash: "1"}}}}
	w.Map, w.Now = path.NewMap(w.contents), now
	for _, c := range []struct {
		drop  string
		stays bool
	}{{"a", true}, {"b", false}, {"c", true}} {
		w.Drop = map[string]bool{c.drop: true}
		if v := Decide(w.Input).Backups[c.drop]; v.Keep() != c.stays {
			t.Errorf("dropping %s: it stays %v, %q", c.drop, v.Keep(), v.Reasons)
		}
	}
	w.Drop = map[string]bool{"a": true, "b": true}
	if d := Decide(w.Input); d.Backups["a"].Keep() || d.Backups["b"].Keep() {
		t.Error("a chain cannot go as a whole")
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]string{"7d": "7d", "36h": "1d12h0m0s", "1d12h": "1d12h0m0s", "90m": "1h30m0s", "0d": "0s"} {
		s, err := ParseSpan(text)
		if err != nil || s.String() != want {
			t.Errorf("%s is %s, want %s; %v", text, s, want, err)
		}
		if again, err := ParseSpan(s.String()); err != nil || again != s {
			t.Errorf("%s again is %v, %v", s, again, err)
		}
	}
	for _, text := range []string{"", "d", "7", "-1d", "7x", "1d-1h"} {
		if s, err := ParseSpan(text); err == nil {
			t.Errorf("%q is %s", text, s)
		}
	}
}
