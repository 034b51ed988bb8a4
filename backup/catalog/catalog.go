package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/path"
	"redoubt/backup/retention"
	"redoubt/backup/store"
	"redoubt/scn"
)

// State of a backup.
type State string

// The states; of several the first.
const (
	Corrupted   State = "CORRUPTED"   // its manifest cannot be read, or a verification found damage
	Expired     State = "EXPIRED"     // something that it needs is not in the repository
	Unavailable State = "UNAVAILABLE" // somebody said not to use it
	Obsolete    State = "OBSOLETE"    // the policy does not need it
	Available   State = "AVAILABLE"
)

// Entry is a backup.
type Entry struct {
	backup.Manifest // of one that cannot be read, only the ID
	Marks           Marks
	State           State
	Problem         string   // why it cannot be used; empty: it can
	Reasons         []string // why it stays
}

// Tag is what it is called.
func (e *Entry) Tag() string {
	if e.Marks.Tag != nil {
		return *e.Marks.Tag
	}
	return e.Manifest.Tag
}

// Catalog is what a repository has.
type Catalog struct {
	Repository string
	Loaded     time.Time
	Entries    []Entry // by incarnation and SCN; those that cannot be read last
	Damaged    []backup.Damaged
	Pieces     []archive.Piece
	Branches   []archive.Branch
	Policy     retention.Policy
	Ends       map[scn.Incarnation]int64
	Rates      path.Rates
	RatesFrom  string           // what they were measured at; empty: they are path.DefaultRates
	Files      map[string]int64 // sizes, by object
	Notes      []string         // what is odd
	Map        *path.Map
	Decision   *retention.Decision
	hand       map[string]string
	manifests  *backup.Manifests
}

// Decide decides what stays if some backups, by id, are dropped whatever the policy says.
func (c *Catalog) Decide(drop map[string]bool) *retention.Decision {
	return retention.Decide(retention.Input{Map: c.Map, Policy: c.Policy, Now: c.Loaded, Hand: c.hand, Ends: c.Ends, Drop: drop})
}

// Load reads a repository.
func Load(ctx context.Context, s store.Store, now time.Time) (*Catalog, error) {
	return LoadKnowing(ctx, s, now, new(backup.Manifests))
}

// LoadKnowing is Load for those who look at the same repository again and again.
func LoadKnowing(ctx context.Context, s store.Store, now time.Time, manifests *backup.Manifests) (*Catalog, error) {
	c := &Catalog{Repository: s.String(), Loaded: now, Rates: path.DefaultRates, Files: map[string]int64{}, manifests: manifests}
	steps := []func(context.Context, store.Store) error{c.readBackups, c.readLog, c.readSaid, c.judge}
	for _, step := range steps {
		if err := step(ctx, s); err != nil {
			return nil, fmt.Errorf("read what is in repository %s: %w", s, err)
		}
	}
	return c, nil
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }

func (c *Catalog) readBackups(ctx context.Context, s store.Store) (err error) {
	list, damaged, err := c.manifests.Load(ctx, s, c.Loaded)
	if err != nil {
		return err
	}
	marks, err := c.marksOf(ctx, s)
	if err != nil {
		return err
	}
	for _, m := range list {
		c.Entries = append(c.Entries, Entry{Manifest: m, Marks: marks[m.ID]})
	}
	c.Damaged = damaged
	for _, d := range damaged {
		c.Entries = append(c.Entries, Entry{
			Manifest: backup.Manifest{ID: d.ID()}, Marks: marks[d.ID()], State: Corrupted, Problem: "its manifest cannot be read: " + d.Err.Error(),
		})
	}
	objects, err := s.List(ctx, backup.FilesFolder)
	for _, o := range objects {
		c.Files[o.Name] = o.Bytes
	}
	return err
}

func (c *Catalog) readLog(ctx context.Context, s store.Store) (err error) {
	if c.Pieces, err = archive.Pieces(ctx, s); err != nil {
		return err
	}
	branches, damaged, err := archive.Branches(ctx, s)
	c.Branches = branches
	for _, d := range damaged {
		c.Notes = append(c.Notes, d.Error())
	}
	return err
}

// readSaid reads policy and rates.
func (c *Catalog) readSaid(ctx context.Context, s store.Store) error {
	if err := readJSON(ctx, s, policyName, &c.Policy); err != nil && !absent(err) {
		return fmt.Errorf("%w: say it again with redoubt backup policy", err)
	}
	var r rates
	err := readJSON(ctx, s, ratesName, &r)
	switch {
	case absent(err):
	case err != nil && !errors.Is(err, store.ErrDamaged):
		return err
	case err != nil:
		c.Notes = append(c.Notes, err.Error()+": the next recovery measures anew")
	default:
		c.RatesFrom = r.NotedFrom
		if r.State > 0 {
			c.Rates.State = r.State
		}
		if r.Log > 0 {
			c.Rates.Log = r.Log
		}
	}
	return nil
}

// judge gives each backup its state.
func (c *Catalog) judge(ctx context.Context, s store.Store) error {
	contents := path.Contents{Unusable: map[string]string{}, Pieces: c.Pieces, Branches: c.Branches, Rates: c.Rates}
	c.hand = map[string]string{}
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.State == Corrupted {
			continue
		}
		contents.Backups = append(contents.Backups, e.Manifest)
		if e.State, e.Problem = c.stateOf(e); e.Problem != "" {
			contents.Unusable[e.ID] = e.Problem
		}
		if how := e.Marks.Hand(c.Loaded); how != "" {
			c.hand[e.ID] = how
		}
	}
	c.Map = path.NewMap(contents)
	c.judgeRanges()
	if err := c.readEnds(ctx, s); err != nil {
		return err
	}
	c.Decision = c.Decide(nil)
	for i := range c.Entries {
		e := &c.Entries[i]
		v := c.Decision.Backups[e.ID]
		if v == nil {
			continue
		}
		if e.Reasons = v.Reasons; !v.Keep() && e.State == Available {
			e.State = Obsolete
		}
	}
	return nil
}

// stateOf looks at a backup alone.
func (c *Catalog) stateOf(e *Entry) (State, string) {
	if e.Marks.Corrupted != "" {
		return Corrupted, e.Marks.Corrupted
	}
	for i := range e.Files {
		f := &e.Files[i]
		switch bytes, there := c.Files[f.Object()]; {
		case !there:
			return Expired, fmt.Sprintf("file %s (%s) is missing", f.Name, f.Object())
		case bytes != f.Bytes:
			return Corrupted, fmt.Sprintf("file %s (%s) has %d bytes, not %d", f.Name, f.Object(), bytes, f.Bytes)
		}
	}
	if e.Marks.Unavailable {
		return Unavailable, "somebody said that it is not available"
	}
	return Available, ""
}

// judgeRanges finds ranges of the log that lead nowhere, or not without a gap.
func (c *Catalog) judgeRanges() {
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.State != Available || e.HasState() {
			continue
		}
		if _, err := c.Map.Find(path.Point{Incarnation: e.Incarnation, SCN: e.SCN}); err != nil {
			e.State, e.Problem = Expired, err.Error()
			c.Map.Unusable[e.ID] = e.Problem
		}
	}
}

// readEnds reads when incarnations ended that others have followed, if the policy asks.
func (c *Catalog) readEnds(ctx context.Context, s store.Store) error {
	c.Ends = map[scn.Incarnation]int64{}
	all := c.Map.Incarnations()
	if c.Policy.Window == 0 || len(all) < 2 {
		return nil
	}
	dir, err := os.MkdirTemp("", "redoubt-catalog-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, incarnation := range all[:len(all)-1] {
		end, known, err := c.endOf(ctx, s, incarnation, dir)
		if err != nil {
			return err
		}
		if known {
			c.Ends[incarnation] = end
		}
	}
	return nil
}

// endOf is the time of the newest commit of an incarnation; false if it cannot be read.
func (c *Catalog) endOf(ctx context.Context, s store.Store, incarnation scn.Incarnation, dir string) (micros int64, known bool, err error) {
	tip, _ := c.Map.Newest(incarnation)
	known = true
	for i := range c.Entries {
		if e := &c.Entries[i]; e.Incarnation == incarnation {
			micros = max(micros, e.TimeMicros)
		}
	}
	i := slices.IndexFunc(c.Pieces, func(p archive.Piece) bool { return p.Incarnation == incarnation && p.Last == tip.SCN })
	if i < 0 {
		return micros, known, nil
	}
	info, err := archive.Fetch(ctx, s, &c.Pieces[i], dir)
	var damage *archive.DamageError
	if errors.As(err, &damage) {
		c.Notes = append(c.Notes, damage.Error())
		return 0, false, nil
	}
	return max(micros, info.LastTimeMicros), known, err
}

// Find gives an entry by its id, or the beginning of one that no other has.
func (c *Catalog) Find(id string) (*Entry, error) {
	var found []*Entry
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.ID == id {
			return e, nil
		}
		if strings.HasPrefix(e.ID, id) && id != "" {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("there is no backup %q in %s: redoubt backup list shows them", id, c.Repository)
	}
	return nil, fmt.Errorf("%d backups begin with %q: say more of it", len(found), id)
}

// NewestUsable is the newest state from which the newest incarnation can be recovered; nil if there is none.
func (c *Catalog) NewestUsable() (newest *Entry) {
	tip, _ := c.Map.Newest(0)
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.Problem == "" && e.HasState() && c.Map.On(tip.Incarnation, &e.Manifest) && (newest == nil || e.SCN >= newest.SCN) {
			newest = e
		}
	}
	return newest
}

// Promised tells by what an SCN of a range is promised; empty if none is.
func (c *Catalog) Promised(incarnation scn.Incarnation, r scn.Range) string {
	var by []string
	for _, p := range c.Decision.Promises {
		if p.Incarnation == incarnation && p.SCNs.After < r.To && p.SCNs.To > r.After && !slices.Contains(by, p.By) {
			by = append(by, p.By)
		}
	}
	return strings.Join(by, "; ")
}

// PredictedBy tells where the rates come from.
func (c *Catalog) PredictedBy() string {
	text := fmt.Sprintf("state %.0f MB/s, log %.0f MB/s", c.Rates.State/1e6, c.Rates.Log/1e6)
	if c.RatesFrom == "" {
		return text + ", assumed: no recovery was measured yet"
	}
	return text + ", measured by a " + c.RatesFrom
}
