package prune

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/retention"
	"redoubt/backup/store"
	"redoubt/scn"
)

// Kinds of Finding.
const (
	DamagedManifest = "damaged manifest"
	DamagedObject   = "damaged object"
	UnusableBackup  = "unusable backup"
	LogGap          = "gap in the log"
	Orphan          = "orphan"   // a file that no manifest names
	Leftover        = "leftover" // of what was interrupted
	InUse           = "in use"   // somebody is at work, or died at it
	Unknown         = "unknown object"
)

// Finding is something odd.
type Finding struct {
	Kind    string
	Object  string
	Bytes   int64
	Text    string
	Problem bool // something is lost; else a repair, or the next run, cleans it up
}

// quarantine has damaged manifests that were set aside.
const quarantine = "quarantine/"

// leftoverAge is how old something half written is before nobody can be at it: no Put takes so long.
const leftoverAge = 24 * time.Hour

// checker checks one repository.
type checker struct {
	ctx      context.Context
	s        store.Store
	catalog  *catalog.Catalog
	files    map[string]bool // that manifests name; nil: not yet asked for
	pieces   map[string]bool
	findings []Finding
}

// Check looks through a repository: that every manifest can be read and its files are there with their sizes, that the log of each
// incarnation is whole, and what interrupted work has left. It reads no file's content, and takes no lease: who is at work
// meanwhile shows in the findings.
func Check(ctx context.Context, s store.Store, now time.Time) ([]Finding, error) {
	c, err := catalog.Load(ctx, s, now)
	if err != nil {
		return nil, err
	}
	k := &checker{ctx: ctx, s: s, catalog: c, pieces: map[string]bool{}}
	for i := range c.Pieces {
		k.pieces[c.Pieces[i].Name] = true
	}
	k.backups()
	k.log()
	objects, err := s.List(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		k.object(o)
	}
	return k.findings, k.hidden()
}

func (k *checker) found(kind, object string, bytes int64, problem bool, format string, args ...any) {
	k.findings = append(k.findings, Finding{kind, object, bytes, fmt.Sprintf(format, args...), problem})
}

func (k *checker) backups() {
	for _, d := range k.catalog.Damaged {
		k.found(DamagedManifest, d.Object, d.Bytes, true, "%v", d.Err)
	}
	for i := range k.catalog.Entries {
		e := &k.catalog.Entries[i]
		if (e.State == catalog.Corrupted || e.State == catalog.Expired) && e.SCN != 0 {
			k.found(UnusableBackup, e.Object(), 0, true, "%s: %s", e.State, e.Problem)
		}
	}
	for _, note := range k.catalog.Notes {
		k.found(DamagedObject, strings.Fields(note)[0], 0, true, "%s", note)
	}
}

// log looks for the piece before each: only the first of what is kept has none.
func (k *checker) log() {
	hashes := map[string]scn.SCN{}
	for i := range k.catalog.Pieces {
		p := &k.catalog.Pieces[i]
		hashes[p.Hash] = p.Last
	}
	for i := range k.catalog.Pieces {
		p := &k.catalog.Pieces[i]
		if last, ok := hashes[p.Before]; ok && last+1 == p.First || p.First == 1 || p.Before == archive.NoPiece {
			continue
		}
		if before := k.lastBefore(p); before != 0 {
			k.found(LogGap, p.Name, p.Bytes, true, "the log of SCN %d to %d, before it, is missing", before+1, p.First-1)
		}
	}
}

// lastBefore is the end of the log before a piece on its incarnation's history; 0 if there is none, or if it was let go on purpose:
// then nothing that is kept needs it.
func (k *checker) lastBefore(p *archive.Piece) (last scn.SCN) {
	for i := range k.catalog.Pieces {
		q := &k.catalog.Pieces[i]
		if common, ok := k.catalog.Map.Common(p.Incarnation, q.Incarnation); ok && q.First <= common && q.Last < p.First {
			last = max(last, q.Last)
		}
	}
	if last == 0 || !k.wanted(p.Incarnation, scn.Range{After: last, To: p.First - 1}) {
		return 0
	}
	return last
}

// wanted tells whether a promise reaches into a range.
func (k *checker) wanted(incarnation scn.Incarnation, r scn.Range) bool {
	return slices.ContainsFunc(k.catalog.Decision.Promises, func(p retention.Promise) bool {
		return p.Incarnation == incarnation && p.SCNs.After < r.To && p.SCNs.To > r.After
	})
}

// object looks at an object by its name.
func (k *checker) object(o store.Object) {
	folder, rest, nested := strings.Cut(o.Name, "/")
	switch {
	case folder == "files":
		if !k.named()[o.Name] {
			k.found(Orphan, o.Name, o.Bytes, false, "no manifest names it: of a backup that was interrupted, or is being made")
		}
	case folder == "leases":
		if h, err := lease.Read(k.ctx, k.s, o.Name); err == nil {
			k.found(InUse, o.Name, o.Bytes, false, "%s; if its holder died, the next who is in its way takes it away", &h)
		}
	case folder == "deleting":
		k.found(Leftover, o.Name, o.Bytes, false, "a deletion is going on, or was interrupted: the next one finishes it")
	case folder == "marks":
		if id := strings.TrimSuffix(rest, ".json"); !k.has(id) {
			k.found(Leftover, o.Name, o.Bytes, false, "marks of a backup that is not there")
		}
	case folder == "quarantine":
		k.found(Leftover, o.Name, o.Bytes, false, "was set aside by a repair; files that it may name stay until it is forgotten: redoubt repo repair --forget")
	case folder == "log" || folder == "tail":
		if !k.pieces[o.Name] {
			k.found(Unknown, o.Name, o.Bytes, false, "it is not named as a piece of the log")
		}
	case !nested && !slices.Contains([]string{"repository.json", "policy.json", "rates.json", archive.FloorsName, archive.CloneName, catalog.CopyName}, o.Name):
		k.found(Unknown, o.Name, o.Bytes, false, "nothing of a repository has this name")
	}
}

// named are the files that manifests name.
func (k *checker) named() map[string]bool {
	if k.files == nil {
		k.files = map[string]bool{}
		for i := range k.catalog.Entries {
			for j := range k.catalog.Entries[i].Files {
				k.files[k.catalog.Entries[i].Files[j].Object()] = true
			}
		}
	}
	return k.files
}

func (k *checker) has(id string) bool {
	return slices.ContainsFunc(k.catalog.Entries, func(e catalog.Entry) bool { return e.ID == id })
}

// hidden looks for what List does not show.
func (k *checker) hidden() error {
	h, ok := base(k.s).(store.Leftovers)
	if !ok {
		return nil
	}
	list, err := h.Leftovers(k.ctx, leftoverAge)
	for _, o := range list {
		k.found(Leftover, o.Name, o.Bytes, false, "was being written, long ago")
	}
	return err
}
