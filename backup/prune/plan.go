package prune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/path"
	"redoubt/backup/retention"
	"redoubt/backup/store"
	"redoubt/scn"
)

// Plan is what goes.
type Plan struct {
	Backups []catalog.Entry
	Files   []store.Object // that only those backups have
	Pieces  []archive.Piece
	Floors  []archive.Floor // afterwards
	Proof   []retention.Kept

	catalog  *catalog.Catalog
	decision *retention.Decision
}

// Bytes is what would be free.
func (p *Plan) Bytes() (n int64) {
	for _, f := range p.Files {
		n += f.Bytes
	}
	for i := range p.Pieces {
		n += p.Pieces[i].Bytes
	}
	return n
}

// Empty tells whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Backups)+len(p.Files)+len(p.Pieces) == 0 }

// Verdict tells why a backup stays.
func (p *Plan) Verdict(id string) []string {
	if v := p.decision.Backups[id]; v != nil {
		return v.Reasons
	}
	return nil
}

// Obsolete plans to delete what the policy does not need: backups, and log.
func Obsolete(c *catalog.Catalog) (*Plan, error) {
	p := &Plan{catalog: c, decision: c.Decision}
	for i := range c.Entries {
		if v := c.Decision.Backups[c.Entries[i].ID]; v != nil && !v.Keep() {
			p.Backups = append(p.Backups, c.Entries[i])
		}
	}
	for _, piece := range c.Pieces {
		if v := c.Decision.Pieces[piece.Name]; v != nil && !v.Keep() {
			p.Pieces = append(p.Pieces, piece)
		}
	}
	return p, p.finish(c.Decision.Promises)
}

// NeededError tells why a backup cannot be deleted.
type NeededError struct {
	ID      string
	Reasons []string
}

func (e *NeededError) Error() string {
	return fmt.Sprintf("backup %s cannot go: %s", e.ID, strings.Join(e.Reasons, "; "))
}

// Delete plans to delete some backups, by id, whatever the policy says; no log. It is refused if others need them, if somebody
// keeps them, if they are of those that any deletion leaves, and, unless it is forced, if a promised point could no longer be
// reached.
func Delete(c *catalog.Catalog, ids map[string]bool, force bool) (*Plan, error) {
	p := &Plan{catalog: c, decision: c.Decide(ids)}
	for i := range c.Entries {
		e := &c.Entries[i]
		if !ids[e.ID] {
			continue
		}
		if how := e.Marks.Hand(c.Loaded); how != "" {
			return nil, &NeededError{e.ID, []string{how + ": take that back first, with redoubt backup change"}}
		}
		if v := p.decision.Backups[e.ID]; v != nil && v.Keep() {
			return nil, &NeededError{e.ID, v.Reasons}
		}
		p.Backups = append(p.Backups, *e)
	}
	promises := c.Decision.Promises
	if force {
		promises = p.decision.Promises
	}
	err := p.finish(promises)
	var lost *retention.LostError
	if errors.As(err, &lost) && !force {
		err = fmt.Errorf("%w: delete more cautiously, or say --force", err)
	}
	return p, err
}

// finish finds what only the backups have that go, and proves that the promises hold without them.
func (p *Plan) finish(promises []retention.Promise) (err error) {
	c := p.catalog
	going := map[string]bool{}
	for i := range p.Backups {
		going[p.Backups[i].ID] = true
	}
	named := map[string]bool{}
	for i := range c.Entries {
		if !going[c.Entries[i].ID] {
			for j := range c.Entries[i].Files {
				named[c.Entries[i].Files[j].Object()] = true
			}
		}
	}
	for i := range p.Backups {
		for j := range p.Backups[i].Files {
			object := p.Backups[i].Files[j].Object()
			if bytes, there := c.Files[object]; there && !named[object] {
				named[object] = true
				p.Files = append(p.Files, store.Object{Name: object, Bytes: bytes})
			}
		}
	}
	slices.SortFunc(p.Files, func(a, b store.Object) int { return cmp.Compare(a.Name, b.Name) })
	after := p.after(going)
	p.Floors = floors(after)
	p.Proof, err = retention.Prove(c.Map, after, promises)
	return err
}

// after is the map of what remains.
func (p *Plan) after(going map[string]bool) *path.Map {
	contents := path.Contents{Unusable: p.catalog.Map.Unusable, Branches: p.catalog.Branches, Rates: p.catalog.Rates}
	for _, m := range p.catalog.Map.Backups {
		if !going[m.ID] {
			contents.Backups = append(contents.Backups, m)
		}
	}
	gone := map[string]bool{}
	for i := range p.Pieces {
		gone[p.Pieces[i].Name] = true
	}
	for _, piece := range p.catalog.Pieces {
		if !gone[piece.Name] {
			contents.Pieces = append(contents.Pieces, piece)
		}
	}
	return path.NewMap(contents)
}

// floors are where the log of each incarnation begins: the lowest SCN that any of its lineage still has.
func floors(m *path.Map) (out []archive.Floor) {
	for _, incarnation := range m.Incarnations() {
		lowest := scn.SCN(0)
		for i := range m.Contents.Pieces {
			p := &m.Contents.Pieces[i]
			if common, ok := m.Common(incarnation, p.Incarnation); ok && p.Sealed && p.First <= common && (lowest == 0 || p.First < lowest) {
				lowest = p.First
			}
		}
		if lowest > 1 {
			out = append(out, archive.Floor{Incarnation: incarnation, SCN: lowest})
		}
	}
	return out
}

// Load reads the catalog for a deletion.
func load(ctx context.Context, s store.Store, o *Options) (*catalog.Catalog, error) {
	c, err := catalog.Load(ctx, s, o.Now())
	if err == nil && len(c.Damaged) > 0 {
		err = fmt.Errorf("manifest %s cannot be read (%w): what it needs is not known, so nothing is deleted; redoubt repo repair sets it aside", c.Damaged[0].Object, c.Damaged[0].Err)
	}
	return c, err
}
