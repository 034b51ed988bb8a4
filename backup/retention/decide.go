package retention

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"redoubt/backup"
	"redoubt/backup/path"
	"redoubt/scn"
)

// Input is what a decision is about.
type Input struct {
	Map    *path.Map // what the repository has
	Policy Policy
	Now    time.Time
	Hand   map[string]string // backups that somebody keeps, by id, and how
	// Ends has the commit time, in microseconds, of the newest archived commit of each incarnation but the newest one. Of those
	// that it does not have, the time is not known.
	Ends map[scn.Incarnation]int64
	// Drop: backups that somebody wants to delete, by id, whatever the policy says. Unless others need them, or they are
	// of those that any deletion leaves.
	Drop map[string]bool
}

// Verdict on a backup or a piece: it stays if there is a reason.
type Verdict struct{ Reasons []string }

// Keep tells whether it stays.
func (v *Verdict) Keep() bool { return len(v.Reasons) > 0 }

// Promise is SCNs that can be reached as long as the policy holds.
type Promise struct {
	Incarnation scn.Incarnation
	SCNs        scn.Range
	By          string
}

// Decision says what stays.
type Decision struct {
	Backups  map[string]*Verdict // by id
	Pieces   map[string]*Verdict // by name
	Promises []Promise
}

// need is log that something needs.
type need struct {
	incarnation scn.Incarnation
	from, to    scn.SCN // pieces that have any of these, in the lineage of incarnation
	by          string
}

type decider struct {
	Input
	Decision
	all    []*backup.Manifest
	byID   map[string]*backup.Manifest
	newest path.Point
	line   []*backup.Manifest // usable states on the newest incarnation's history, the newest first
	needs  []need
}

const forever = scn.SCN(1<<64 - 1)

// Decide decides.
func Decide(in Input) *Decision {
	d := &decider{Input: in, byID: map[string]*backup.Manifest{}}
	d.Backups, d.Pieces = map[string]*Verdict{}, map[string]*Verdict{}
	for i := range in.Map.Backups {
		m := &in.Map.Backups[i]
		d.byID[m.ID], d.Backups[m.ID], d.all = m, &Verdict{}, append(d.all, m)
	}
	d.newest, _ = in.Map.Newest(0)
	d.line = d.states(d.newest.Incarnation)
	d.decide()
	for _, p := range in.Map.Contents.Pieces {
		d.Pieces[p.Name] = &Verdict{Reasons: d.wanted(p.Incarnation, p.First, p.Last, p.Sealed)}
	}
	return &d.Decision
}

func (d *decider) decide() {
	for _, m := range d.all {
		if how, ok := d.Hand[m.ID]; ok {
			d.must(m, how)
			d.promise(m, how)
		}
	}
	if len(d.line) == 0 {
		d.keepAll("there is no usable backup of the newest incarnation: nothing goes until there is")
		return
	}
	d.keepNewest(d.Policy.Floor(), 0, "the least that stays", true)
	switch {
	case d.Policy.Empty():
		d.keepAll("no policy lets anything go")
	case !d.Policy.selects():
		d.keepNewest(len(d.line), d.oldest(), "younger than "+d.Policy.MaxAge.String(), false)
	}
	d.keepNewest(d.Policy.Redundancy, d.oldest(), fmt.Sprintf("redundancy %d", d.Policy.Redundancy), false)
	if d.Policy.Window > 0 {
		d.keepWindow()
	}
	for _, p := range d.Policy.periods() {
		d.keepPeriods(p)
	}
	d.keepDependents()
	d.keepNeeded()
}

// oldest is the time, in microseconds, before which redundancy and periods want nothing; 0: there is none.
func (d *decider) oldest() int64 {
	if d.Policy.MaxAge == 0 {
		return 0
	}
	return d.Now.Add(-time.Duration(d.Policy.MaxAge)).UnixMicro()
}

// states are the usable ones on the history of an incarnation, the newest first.
func (d *decider) states(incarnation scn.Incarnation) (out []*backup.Manifest) {
	for i := range d.Map.Backups {
		m := &d.Map.Backups[i]
		if _, unusable := d.Map.Unusable[m.ID]; !unusable && m.HasState() && d.Map.On(incarnation, m) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *backup.Manifest) int { return cmp.Or(cmp.Compare(b.SCN, a.SCN), cmp.Compare(b.ID, a.ID)) })
	return out
}

// keep keeps a backup, unless somebody drops it.
func (d *decider) keep(m *backup.Manifest, why string) {
	if !d.Drop[m.ID] {
		d.must(m, why)
	}
}

// must keeps a backup whoever drops it.
func (d *decider) must(m *backup.Manifest, why string) {
	v := d.Backups[m.ID]
	if v == nil {
		return
	}
	if !slices.Contains(v.Reasons, why) {
		v.Reasons = append(v.Reasons, why)
	}
}

// keepPoint keeps a backup for its own SCN.
func (d *decider) keepPoint(m *backup.Manifest, why string) {
	if d.Drop[m.ID] {
		return
	}
	d.keep(m, why)
	d.promise(m, why)
}

// promise promises the SCN of a backup that can be used.
func (d *decider) promise(m *backup.Manifest, why string) {
	if _, unusable := d.Map.Unusable[m.ID]; unusable {
		return
	}
	d.Promises = append(d.Promises, Promise{m.Incarnation, scn.Range{After: m.SCN - 1, To: m.SCN}, why})
}

// keepLog keeps the log of an incarnation from an SCN on, and promises what it leads to.
func (d *decider) keepLog(incarnation scn.Incarnation, from scn.SCN, why string) {
	d.needs = append(d.needs, need{incarnation, from, forever, why})
	tip, _ := d.Map.Newest(incarnation)
	if after := max(from, 1) - 1; tip.SCN > after {
		d.Promises = append(d.Promises, Promise{incarnation, scn.Range{After: after, To: tip.SCN}, why})
	}
}

func (d *decider) keepAll(why string) {
	for _, m := range d.all {
		d.keep(m, why)
	}
	for _, i := range d.Map.Incarnations() {
		d.keepLog(i, 0, why)
	}
}

// keepNewest keeps the newest so many states, those since a time, and the log behind the oldest of them.
func (d *decider) keepNewest(n int, since int64, why string, floor bool) {
	oldest := (*backup.Manifest)(nil)
	for _, m := range d.line {
		switch {
		case n == 0:
		case floor:
			d.must(m, why)
			n, oldest = n-1, m
		case m.TimeMicros >= since && !d.Drop[m.ID]:
			d.keep(m, why)
			n, oldest = n-1, m
		}
	}
	if oldest != nil {
		d.keepLog(d.newest.Incarnation, oldest.SCN, why)
	}
}

// keepWindow keeps, for each incarnation that had commits in the window, what leads to all of them.
func (d *decider) keepWindow() {
	why := fmt.Sprintf("recovery window of %s", d.Policy.Window)
	edge := d.Now.Add(-time.Duration(d.Policy.Window)).UnixMicro()
	for _, incarnation := range d.Map.Incarnations() {
		if end, known := d.Ends[incarnation]; known && end < edge && incarnation != d.newest.Incarnation {
			continue
		}
		from := scn.SCN(0)
		for _, m := range d.states(incarnation) {
			if d.Drop[m.ID] {
				continue
			}
			if d.keep(m, why); m.TimeMicros <= edge {
				from = m.SCN
				break
			}
		}
		d.keepLog(incarnation, from, why)
	}
}

// keepPeriods keeps the last backup of each of the newest periods that have one.
func (d *decider) keepPeriods(p period) {
	last, kept := "", 0
	byTime := slices.Clone(d.line)
	slices.SortStableFunc(byTime, func(a, b *backup.Manifest) int { return cmp.Compare(b.TimeMicros, a.TimeMicros) })
	for _, m := range byTime {
		in := p.of(time.UnixMicro(m.TimeMicros).UTC())
		if in == last || kept == p.count || m.TimeMicros < d.oldest() || d.Drop[m.ID] {
			continue
		}
		last, kept = in, kept+1
		d.keepPoint(m, p.name+" "+in)
	}
}

// keepDependents keeps what costs nothing, or cannot be judged: ranges of log that stays anyway, with the state that they are
// relative to, and backups that cannot be used now but are not older than what stays.
func (d *decider) keepDependents() {
	for _, m := range d.all {
		_, unusable := d.Map.Unusable[m.ID]
		if m.HasState() && !unusable {
			continue
		}
		from := m.SCN
		if !m.HasState() {
			from = d.base(m, nil).SCN
		}
		for _, n := range d.needs {
			if n.to == forever && from >= n.from && d.Map.On(n.incarnation, m) {
				why := "in the log of: " + n.by
				if unusable {
					why = "cannot be used now, but is not older than: " + n.by
				}
				d.keep(m, why)
				break
			}
		}
	}
}

// base follows a backup to the state that it is relative to, or as far as there are manifests.
func (d *decider) base(m *backup.Manifest, each func(*backup.Manifest)) *backup.Manifest {
	for range len(d.all) { // a damaged repository may have a circle
		next := d.byID[m.Base]
		if m.HasState() || next == nil {
			break
		}
		if m = next; each != nil {
			each(m)
		}
	}
	return m
}

// keepNeeded keeps what backups that stay are relative to: down to a state, and the log from there.
func (d *decider) keepNeeded() {
	var kept []*backup.Manifest
	for _, m := range d.all {
		if d.Backups[m.ID].Keep() && !m.HasState() {
			kept = append(kept, m)
		}
	}
	for i := 0; i < len(kept); i++ { // it grows
		m := kept[i]
		why := "needed by " + m.ID
		state := d.base(m, func(b *backup.Manifest) {
			if !d.Backups[b.ID].Keep() && !b.HasState() {
				kept = append(kept, b)
			}
			d.must(b, why)
		})
		to := path.Point{Incarnation: m.Incarnation, SCN: m.SCN}
		way, err := d.Map.FindFrom(to, state.ID)
		if err != nil { // not from its own state any more: from another, or not at all
			way, err = d.Map.Find(to)
		}
		if err != nil {
			continue
		}
		if way.Base != nil {
			d.must(d.byID[way.Base.ID], why)
		}
		d.needs = append(d.needs, need{m.Incarnation, way.From(), m.SCN, why})
		d.promise(m, why)
	}
}

// wanted tells who needs a piece of the log. The tail is the archiver's, which deletes it itself.
func (d *decider) wanted(incarnation scn.Incarnation, first, last scn.SCN, sealed bool) (reasons []string) {
	if !sealed {
		reasons = append(reasons, "the archiver's")
	}
	for _, n := range d.needs {
		common, related := d.Map.Common(n.incarnation, incarnation)
		if related && first <= min(common, n.to) && last >= n.from && !slices.Contains(reasons, n.by) {
			reasons = append(reasons, n.by)
		}
	}
	return reasons
}
