package path

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/scn"
)

var (
	seedFlag  = flag.Uint64("path-seed", 0, "seed of TestModel; 0 takes one from the clock")
	seedsFlag = flag.Int("path-seeds", 4, "how many repositories TestModel makes")
)

// model is a repository whose true history is known.
type model struct {
	Contents
	common map[[2]scn.Incarnation]scn.SCN // of any two incarnations
	tips   map[scn.Incarnation]scn.SCN
}

const zeros = "0000000000000000"

func (m *model) piece(random *rand.Rand, inc scn.Incarnation, first, last scn.SCN, before string) archive.Piece {
	p := archive.Piece{
		Bytes: 1000 + random.Int64N(1e6), Sealed: true, Incarnation: inc, First: first, Last: last, Before: before, Hash: fmt.Sprintf("%016x", random.Uint64()),
	}
	p.Name = fmt.Sprintf("log/%08d-%020d-%020d-%s-%s.seg", inc, first, last, before, p.Hash)
	return p
}

// generate makes a repository of four incarnations and a thousand backups, of which some is missing and some damaged.
func generate(random *rand.Rand, noted bool) *model {
	m := &model{common: map[[2]scn.Incarnation]scn.SCN{}, tips: map[scn.Incarnation]scn.SCN{}}
	m.Unusable, m.Damaged, m.Rates = map[string]string{}, map[string]string{}, Rates{State: 100e3, Log: 20e3}
	chains := map[scn.Incarnation][]archive.Piece{}
	var all []archive.Piece
	for inc := scn.Incarnation(1); inc <= 4; inc++ {
		var chain []archive.Piece
		m.common[[2]scn.Incarnation{inc, inc}] = forever
		if inc > 1 {
			parent := 1 + scn.Incarnation(random.IntN(int(inc-1)))
			branch := 1 + scn.SCN(random.Uint64N(uint64(m.tips[parent])))
			chain = m.branch(random, chains[parent], inc, branch)
			all = append(all, chain[len(chain)-1])
			if noted {
				m.Branches = append(m.Branches, archive.Branch{Incarnation: inc, Parent: parent, SCN: branch})
			}
			for other := scn.Incarnation(1); other < inc; other++ {
				both := min(branch, m.common[[2]scn.Incarnation{parent, other}])
				m.common[[2]scn.Incarnation{inc, other}], m.common[[2]scn.Incarnation{other, inc}] = both, both
			}
		}
		for range 40 + random.IntN(60) {
			first, before := scn.SCN(1), zeros
			if n := len(chain); n > 0 {
				first, before = chain[n-1].Last+1, chain[n-1].Hash
			}
			p := m.piece(random, inc, first, first+scn.SCN(random.Uint64N(40)), before)
			chain, all = append(chain, p), append(all, p)
		}
		chains[inc], m.tips[inc] = chain, chain[len(chain)-1].Last
	}
	seen := map[string]bool{}
	for _, p := range all {
		if seen[p.Name] {
			continue
		}
		seen[p.Name] = true
		switch random.IntN(40) {
		case 0:
			continue // missing
		case 1:
			m.Damaged[p.Name] = "damaged"
		}
		if random.IntN(20) == 0 { // it is in the tail, too
			q := p
			q.Sealed, q.Name = false, strings.Replace(p.Name, "log/", "tail/", 1)
			m.Pieces = append(m.Pieces, q)
		}
		m.Pieces = append(m.Pieces, p)
	}
	m.backups(random)
	return m
}

// branch begins an incarnation as a recovery does: with whole pieces of the other one, and a copy of the last up to the branch.
func (m *model) branch(random *rand.Rand, parent []archive.Piece, inc scn.Incarnation, at scn.SCN) (chain []archive.Piece) {
	for _, p := range parent {
		if p.Last <= at {
			chain = append(chain, p)
		} else if p.First <= at {
			chain = append(chain, m.piece(random, inc, p.First, at, p.Before))
		}
	}
	return chain
}

func (m *model) backups(random *rand.Rand) {
	for i := range 1000 {
		inc := 1 + scn.Incarnation(random.IntN(4))
		from := scn.SCN(1)
		for _, b := range m.Branches {
			if b.Incarnation == inc {
				from = b.SCN
			}
		}
		if from == 1 {
			for other := scn.Incarnation(1); other < inc; other++ {
				from = max(from, m.common[[2]scn.Incarnation{inc, other}])
			}
		}
		b := backup.Manifest{ID: fmt.Sprint("b", i), Kind: backup.Full, Incarnation: inc, SCN: from + scn.SCN(random.Uint64N(uint64(m.tips[inc]-from)+1))}
		switch random.IntN(4) {
		case 0:
			b.Kind, b.Base = backup.Incremental, "b0" // a range of the log
		case 1:
			b.Kind, b.Base = backup.Differential, "b0"
			fallthrough
		default:
			b.Files = []backup.File{{Name: "f", Bytes: 1 + random.Int64N(3e7)}}
		}
		if random.IntN(5) == 0 {
			m.Unusable[b.ID] = "damaged"
		}
		m.Backups = append(m.Backups, b)
	}
}

// brute is the least time that leads to a point, by trying everything.
func (m *model) brute(to Point) float64 {
	best := math.Inf(1)
	own := func(inc scn.Incarnation, at scn.SCN) bool {
		return at <= m.common[[2]scn.Incarnation{to.Incarnation, inc}]
	}
	state := func(low, high scn.SCN) float64 {
		least := math.Inf(1)
		if low == 0 {
			least = 0
		}
		for i := range m.Backups {
			b := &m.Backups[i]
			if m.Unusable[b.ID] == "" && b.HasState() && low <= b.SCN && b.SCN <= high && own(b.Incarnation, b.SCN) {
				least = min(least, float64(b.Bytes())/m.Rates.State)
			}
		}
		return least
	}
	memo := map[string]float64{}
	var whole func(p *archive.Piece, need scn.SCN) float64
	whole = func(p *archive.Piece, need scn.SCN) float64 {
		key := fmt.Sprint(p.Name, need)
		if known, ok := memo[key]; ok {
			return known
		}
		least := state(p.First-1, need)
		for i := range m.Pieces {
			if q := &m.Pieces[i]; q.Hash == p.Before && q.Last+1 == p.First && m.Damaged[q.Name] == "" {
				least = min(least, whole(q, q.Last-1))
			}
		}
		memo[key] = least + float64(p.Bytes)/m.Rates.Log
		return memo[key]
	}
	for i := range m.Backups {
		if b := &m.Backups[i]; b.SCN == to.SCN && m.Unusable[b.ID] == "" && b.HasState() && own(b.Incarnation, b.SCN) {
			best = min(best, float64(b.Bytes())/m.Rates.State)
		}
	}
	for i := range m.Pieces {
		p := &m.Pieces[i]
		if p.First <= to.SCN && to.SCN <= p.Last && own(p.Incarnation, to.SCN) && m.Damaged[p.Name] == "" {
			best = min(best, whole(p, to.SCN))
		}
	}
	return best
}

// cost is what a path takes by its own account, and checks that it is one.
func (m *model) cost(t *testing.T, p *Path) float64 {
	t.Helper()
	at, seconds := p.From(), float64(p.LogBytes())/m.Rates.Log
	if p.Base != nil {
		seconds += float64(p.Base.Bytes()) / m.Rates.State
		if m.Unusable[p.Base.ID] != "" || p.Base.SCN > m.common[[2]scn.Incarnation{to(p), p.Base.Incarnation}] {
			t.Errorf("to %s: base %s of incarnation %d cannot be used", p.To, p.Base.ID, p.Base.Incarnation)
		}
	}
	pieces := p.Pieces()
	for i := range pieces {
		if i > 0 && (pieces[i].Before != pieces[i-1].Hash || pieces[i].First != pieces[i-1].Last+1) || m.Damaged[pieces[i].Name] != "" {
			t.Errorf("to %s: the chain breaks at %s", p.To, pieces[i].Name)
		}
	}
	for _, q := range p.Log {
		if q.First > at+1 || q.Last <= at {
			t.Errorf("to %s: from SCN %d it goes on with %s", p.To, at, q.Name)
		}
		at = q.Last
	}
	if at < p.To.SCN {
		t.Errorf("to %s: it ends at SCN %d", p.To, at)
	}
	return seconds
}

func to(p *Path) scn.Incarnation { return p.To.Incarnation }

// TestModel compares the search with brute force, in repositories of a thousand backups and four incarnations.
func TestModel(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("replay: go test ./backup/path -run '^TestModel$' -path-seeds %d -path-seed %d", *seedsFlag, seed)
	for i := range *seedsFlag {
		noted := i%2 == 0
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		m := generate(random, noted)
		ways := NewMap(m.Contents)
		found, gaps := 0, 0
		for range 150 {
			inc := 1 + scn.Incarnation(random.IntN(4))
			to := Point{inc, 1 + scn.SCN(random.Uint64N(uint64(m.tips[inc])))}
			want := m.brute(to)
			p, err := ways.Find(to)
			var gap *Gap
			switch {
			case err == nil:
				found++
				got := m.cost(t, p)
				if got < want-1e-6 || noted && got > want+1e-6 {
					t.Errorf("to %s: it takes %v, brute force %v", to, got, want)
				}
			case errors.As(err, &gap):
				gaps++
				if noted && !math.IsInf(want, 1) {
					t.Errorf("to %s: %v, brute force takes %v", to, err, want)
				}
				for _, near := range []scn.SCN{gap.Below, gap.Above} {
					if near != 0 && math.IsInf(m.brute(Point{inc, near}), 1) {
						t.Errorf("%v: SCN %d is not reachable", err, near)
					}
				}
				if gap.Missing.Empty() || gap.Missing.After >= to.SCN {
					t.Errorf("%v: missing is %v", err, gap.Missing)
				}
			default:
				t.Fatal(err)
			}
		}
		if t.Logf("%d found, %d gaps", found, gaps); found == 0 {
			t.Error("nothing can be reached")
		}
		m.checkRanges(t, ways, noted)
	}
}

// checkRanges compares some SCNs of each range with brute force.
func (m *model) checkRanges(t *testing.T, ways *Map, noted bool) {
	t.Helper()
	for inc := range m.tips {
		ranges, err := ways.Ranges(inc)
		if err != nil {
			t.Fatal(err)
		}
		next := scn.SCN(0)
		for i, r := range ranges {
			if r.SCNs.After != next || r.SCNs.Empty() {
				t.Errorf("incarnation %d: range %v after SCN %d", inc, r.SCNs, next)
			}
			next = r.SCNs.To
			if i%9 != 0 {
				continue
			}
			for _, at := range []scn.SCN{r.SCNs.After + 1, r.SCNs.To} {
				if want := m.brute(Point{inc, at}); noted && math.IsInf(want, 1) != (r.Gap != nil) || r.Gap == nil && math.IsInf(want, 1) {
					t.Errorf("incarnation %d, range %v: gap %v, brute force %v at SCN %d", inc, r.SCNs, r.Gap, want, at)
				}
			}
		}
		if tip, _ := ways.Newest(inc); next != tip.SCN {
			t.Errorf("incarnation %d: ranges end at %d, not at %d", inc, next, tip.SCN)
		}
	}
}
