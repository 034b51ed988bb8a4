package path

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/scn"
)

// Point is where a path leads.
type Point struct {
	Incarnation scn.Incarnation
	SCN         scn.SCN
}

// String names it.
func (p Point) String() string { return fmt.Sprintf("SCN %d of incarnation %d", p.SCN, p.Incarnation) }

// Rates are how fast a recovery is, in bytes a second.
type Rates struct {
	State float64 // files of a state, or log that is only copied: read, verified and put in place
	Log   float64 // segments: read, verified and applied
}

// DefaultRates are for a repository in which no recovery has noted its own: small ones, so that what is predicted is too long
// rather than too short.
var DefaultRates = Rates{State: 100e6, Log: 5e6}

// Contents is what a repository has.
type Contents struct {
	Backups  []backup.Manifest
	Unusable map[string]string // backups that cannot be used, by id, and why
	Pieces   []archive.Piece
	Damaged  map[string]string // pieces that cannot be used, by name, and why
	Branches []archive.Branch  // that incarnations noted
	Rates    Rates             // zero: DefaultRates
	Only     string            // the id of the backup that a path must begin from; empty: any, or the first commit
}

// Path leads to a point.
type Path struct {
	To      Point
	Base    *backup.Manifest // the state that it begins from; nil: the first commit
	Log     []archive.Piece  // from there to the point, in order
	History []archive.Piece  // pieces before those, chained to them: they only make the past longer
	Passed  []string         // backups of a later SCN that were passed over because they cannot be used, and why
	Time    time.Duration    // predicted, by the rates
}

// From is the SCN that it begins from.
func (p *Path) From() scn.SCN {
	if p.Base == nil {
		return 0
	}
	return p.Base.SCN
}

// LogBytes is the size of the log that is applied.
func (p *Path) LogBytes() (n int64) {
	for i := range p.Log {
		n += p.Log[i].Bytes
	}
	return n
}

// Pieces are all of the log, in order.
func (p *Path) Pieces() []archive.Piece { return slices.Concat(p.History, p.Log) }

// Map knows the ways.
type Map struct {
	Contents
	byHash   map[string]*archive.Piece // usable ones
	named    map[string]*archive.Piece // damaged ones, too
	branches map[scn.Incarnation]archive.Branch
	lines    map[scn.Incarnation]lineage
}

// lineage tells up to which SCN the log of each incarnation is also the history of the one that it is of.
type lineage map[scn.Incarnation]scn.SCN

// NewMap makes a Map of what a repository has.
func NewMap(c Contents) *Map {
	if c.Rates.State <= 0 || c.Rates.Log <= 0 {
		c.Rates = DefaultRates
	}
	m := &Map{
		Contents: c, byHash: map[string]*archive.Piece{}, named: map[string]*archive.Piece{}, branches: map[scn.Incarnation]archive.Branch{},
		lines: map[scn.Incarnation]lineage{},
	}
	for i := range c.Pieces {
		p := &c.Pieces[i]
		if old := m.named[p.Hash]; old == nil || p.Sealed {
			m.named[p.Hash] = p
		}
		if _, damaged := c.Damaged[p.Name]; damaged {
			continue
		}
		if old := m.byHash[p.Hash]; old == nil || p.Sealed {
			m.byHash[p.Hash] = p
		}
	}
	for _, b := range c.Branches {
		m.branches[b.Incarnation] = b
	}
	m.findLineages()
	return m
}

// Incarnations lists those that the repository has something of, the oldest first.
func (m *Map) Incarnations() (out []scn.Incarnation) {
	for i := range m.Contents.Pieces {
		out = append(out, m.Contents.Pieces[i].Incarnation)
	}
	for i := range m.Backups {
		out = append(out, m.Backups[i].Incarnation)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Newest is the last point of an incarnation that the repository knows of, of the newest one for 0; false if there is none.
func (m *Map) Newest(incarnation scn.Incarnation) (Point, bool) {
	all := m.Incarnations()
	if incarnation == 0 && len(all) > 0 {
		incarnation = all[len(all)-1]
	}
	at := Point{Incarnation: incarnation}
	for i := range m.Contents.Pieces {
		if p := &m.Contents.Pieces[i]; p.Incarnation == incarnation {
			at.SCN = max(at.SCN, p.Last)
		}
	}
	for i := range m.Backups {
		if b := &m.Backups[i]; b.Incarnation == incarnation {
			at.SCN = max(at.SCN, b.SCN)
		}
	}
	return at, slices.Contains(all, incarnation)
}

const forever = scn.SCN(1<<64 - 1)

// findLineages finds what any two incarnations have in common: what both have in common with an incarnation that both come from.
func (m *Map) findLineages() {
	all := m.Incarnations()
	ancestors := map[scn.Incarnation]lineage{}
	for _, i := range all {
		ancestors[i] = m.ancestorsOf(i)
	}
	for _, i := range all {
		m.lines[i] = lineage{}
		for _, j := range all {
			for from, to := range ancestors[j] {
				if own, both := ancestors[i][from]; both {
					m.lines[i][j] = max(m.lines[i][j], min(own, to))
				}
			}
		}
	}
}

// ancestorsOf follows an incarnation back to the first one.
func (m *Map) ancestorsOf(incarnation scn.Incarnation) lineage {
	line, to := lineage{}, forever
	for {
		line[incarnation] = to
		parent, common, ok := m.parentOf(incarnation)
		if _, been := line[parent]; !ok || been {
			return line
		}
		incarnation, to = parent, min(to, common)
	}
}

// parentOf tells what an incarnation noted; else by the piece to which its first one is chained: then the two have the log
// before that piece in common, for sure; perhaps some more.
func (m *Map) parentOf(incarnation scn.Incarnation) (parent scn.Incarnation, common scn.SCN, ok bool) {
	if b, noted := m.branches[incarnation]; noted {
		return b.Parent, b.SCN, b.Parent != 0
	}
	var first *archive.Piece
	for i := range m.Contents.Pieces {
		if p := &m.Contents.Pieces[i]; p.Incarnation == incarnation && (first == nil || p.First < first.First) {
			first = p
		}
	}
	if first == nil || first.First == 1 {
		return 0, 0, false
	}
	before := m.named[first.Before]
	if before == nil || before.Last+1 != first.First {
		return 0, 0, false
	}
	return before.Incarnation, before.Last, true
}

// on tells whether a state lies in a lineage.
func (l lineage) on(b *backup.Manifest) bool {
	to, ok := l[b.Incarnation]
	return ok && b.SCN <= to
}

// Common is the SCN up to which the logs of two incarnations are the same; false if nothing says so.
func (m *Map) Common(a, b scn.Incarnation) (scn.SCN, bool) {
	to, ok := m.lines[a][b]
	return to, ok
}

// On tells whether a backup lies on the history of an incarnation.
func (m *Map) On(incarnation scn.Incarnation, b *backup.Manifest) bool {
	return m.lines[incarnation].on(b)
}

// chain is whole log that ends in a piece, the newest piece first.
type chain struct {
	pieces []*archive.Piece
	bytes  []int64 // of the pieces up to and with each
	low    scn.SCN // it has the SCNs behind this one
}

// back follows a piece back.
func (m *Map) back(p *archive.Piece) (c chain) {
	total := int64(0)
	for {
		total += p.Bytes
		c.pieces, c.bytes, c.low = append(c.pieces, p), append(c.bytes, total), p.First-1
		before := m.byHash[p.Before]
		if before == nil || before.Last+1 != p.First {
			return c
		}
		p = before
	}
}

// after counts the pieces that have something behind an SCN, and their bytes.
func (c *chain) after(at scn.SCN) (n int, bytes int64) {
	n = sort.Search(len(c.pieces), func(i int) bool { return c.pieces[i].Last <= at })
	if n > 0 {
		bytes = c.bytes[n-1]
	}
	return n, bytes
}

// ends gives the chains that lead to a point, and the empty one, which a state that is the point itself needs.
func (m *Map) ends(to Point, line lineage) []chain {
	chains := []chain{{low: to.SCN}}
	for i := range m.Contents.Pieces {
		p := &m.Contents.Pieces[i]
		common, ok := line[p.Incarnation]
		if _, damaged := m.Damaged[p.Name]; ok && !damaged && to.SCN <= common && p.First <= to.SCN && to.SCN <= p.Last {
			chains = append(chains, m.back(p))
		}
	}
	return chains
}

// option is a way that was found.
type option struct {
	base  *backup.Manifest
	chain *chain
	n     int // pieces of the chain that it needs
	bytes int64
	time  float64 // seconds
}

// better: less time, then a later state, then more history.
func (o *option) better(than *option) bool {
	return than == nil || cmp.Or(cmp.Compare(o.time, than.time), cmp.Compare(than.from(), o.from()), cmp.Compare(o.chain.low, than.chain.low)) < 0
}

func (o *option) from() scn.SCN {
	if o.base == nil {
		return 0
	}
	return o.base.SCN
}

// Find finds the cheapest path; a *Gap says why there is none.
func (m *Map) Find(to Point) (*Path, error) {
	p, gap, err := m.find(to)
	if gap != nil {
		gap.Below, gap.Above = m.nearest(to)
		return nil, gap
	}
	return p, err
}

// FindFrom is Find for a path that begins from a backup, by its id.
func (m *Map) FindFrom(to Point, id string) (*Path, error) {
	only := *m
	only.Only = id
	return only.Find(to)
}

func (m *Map) find(to Point) (*Path, *Gap, error) {
	line, ok := m.lines[to.Incarnation]
	if !ok {
		return nil, nil, fmt.Errorf("the repository has nothing of incarnation %d", to.Incarnation)
	}
	var best *option
	chains := m.ends(to, line)
	for i := range chains {
		for _, o := range m.options(&chains[i], to, line) {
			if o.better(best) {
				best = &o
			}
		}
	}
	if best == nil {
		return nil, m.gap(to, line, chains), nil
	}
	return m.pathOf(to, line, best, chains), nil, nil
}

// options are the beginnings on a chain.
func (m *Map) options(c *chain, to Point, line lineage) (out []option) {
	add := func(base *backup.Manifest) {
		o := option{base: base, chain: c}
		o.n, o.bytes = c.after(o.from())
		o.time = float64(o.bytes) / m.Rates.Log
		if base != nil {
			o.time += float64(base.Bytes()) / m.Rates.State
		}
		out = append(out, o)
	}
	if c.low == 0 && m.Only == "" {
		add(nil)
	}
	for i := range m.Backups {
		b := &m.Backups[i]
		if m.Only != "" && m.Only != b.ID {
			continue
		}
		if _, unusable := m.Unusable[b.ID]; !unusable && b.HasState() && c.low <= b.SCN && b.SCN <= to.SCN && line.on(b) {
			add(b)
		}
	}
	return out
}

func (m *Map) pathOf(to Point, line lineage, o *option, chains []chain) *Path {
	p := &Path{To: to, Base: o.base}
	c := o.chain
	if len(c.pieces) == 0 { // the state is the point: the past may come from any chain that ends there
		for i := range chains {
			if chains[i].low < c.low {
				c = &chains[i]
			}
		}
	}
	var history int64
	for i := len(c.pieces) - 1; i >= 0; i-- {
		if i < o.n {
			p.Log = append(p.Log, *c.pieces[i])
		} else {
			p.History = append(p.History, *c.pieces[i])
			history += c.pieces[i].Bytes
		}
	}
	for i := range m.Backups {
		b := &m.Backups[i]
		if why, unusable := m.Unusable[b.ID]; unusable && b.HasState() && o.from() < b.SCN && b.SCN <= to.SCN && line.on(b) {
			p.Passed = append(p.Passed, b.ID+": "+why)
		}
	}
	p.Time = time.Duration((o.time + float64(history)/m.Rates.State) * float64(time.Second))
	return p
}
