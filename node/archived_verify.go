package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/retention"
	"redoubt/backup/store"
	"redoubt/scn"
	"redoubt/segments"
)

// ArchivedPiece is an object that holds a part of the log.
type ArchivedPiece struct {
	archive.Piece
	Fetched             bool      // then the rest is known
	FirstTime, LastTime time.Time // of its commits
	RawBytes            int64     // of redo in it, before compression
	Blocks              int
}

// Records is how many transactions it has: one of each SCN.
func (p *ArchivedPiece) Records() uint64 { return uint64(p.Last - p.First + 1) }

// ArchivedPieces lists what a repository has of the log, by incarnation and SCN, sealed ones first: all of it, or what has something of
// the SCNs asked for, and, if an incarnation is named, belongs to its history. Times are in the pieces: if they are asked for, each
// is fetched.
func ArchivedPieces(ctx context.Context, l RepositoryLog, times bool) (list []ArchivedPiece, err error) {
	l.complete()
	c, err := catalog.Load(ctx, l.Repository, time.Now())
	if err != nil {
		return nil, err
	}
	for i := range c.Pieces {
		if l.wants(c, &c.Pieces[i]) {
			list = append(list, ArchivedPiece{Piece: c.Pieces[i]})
		}
	}
	if len(list) == 0 && l.Incarnation != 0 && !slices.Contains(c.Map.Incarnations(), l.Incarnation) {
		return nil, fmt.Errorf("the repository has no log of incarnation %d: it has %v", l.Incarnation, c.Map.Incarnations())
	}
	if !times {
		return list, nil
	}
	f := fetching{RepositoryLog: l}
	err = f.each(ctx, list, func(p *ArchivedPiece, err error) error { return err })
	return list, err
}

// wants tells whether a piece is asked for.
func (l *RepositoryLog) wants(c *catalog.Catalog, p *archive.Piece) bool {
	if p.Last < l.From || l.To > 0 && p.First > l.To {
		return false
	}
	if l.Incarnation == 0 {
		return true
	}
	common, ok := c.Map.Common(l.Incarnation, p.Incarnation)
	return ok && p.First <= common
}

// fetching fetches pieces to look at each.
type fetching struct{ RepositoryLog }

// each fetches pieces one after the other, and says of each what it found, or why it is not what it should be. A piece of the tail
// that a sealed one has replaced meanwhile is passed over.
func (f *fetching) each(ctx context.Context, list []ArchivedPiece, found func(p *ArchivedPiece, err error) error) (err error) {
	u, err := useRepository(ctx, f.Repository, "looking into the log")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.release()) }()
	if u.note != "" {
		f.Note(u.note)
	}
	dir, err := os.MkdirTemp("", "redoubt-log-")
	if err != nil {
		return fmt.Errorf("make a place for pieces of the log: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for i := range list {
		p := &list[i]
		info, err := archive.Fetch(u.ctx, f.Repository, &p.Piece, dir)
		if err == nil {
			p.Fetched, p.Blocks, p.RawBytes = true, info.Blocks, int64(info.RawBytes)
			p.FirstTime, p.LastTime = time.UnixMicro(info.FirstTimeMicros).UTC(), time.UnixMicro(info.LastTimeMicros).UTC()
			err = os.Remove(filepath.Join(dir, p.FileName()))
		}
		if gone, listErr := f.replaced(u.ctx, p, err); gone || listErr != nil {
			err = listErr
		} else {
			err = found(p, err)
		}
		if err := errors.Join(err, u.ctx.Err()); err != nil {
			return errors.Join(err, context.Cause(u.ctx))
		}
		f.Progress("fetch", uint64(i+1), uint64(len(list)))
	}
	return nil
}

// replaced tells whether a piece could not be fetched because the archiver has put a sealed one in its place.
func (f *fetching) replaced(ctx context.Context, p *ArchivedPiece, err error) (bool, error) {
	if p.Sealed || !errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	now, err := archive.Pieces(ctx, f.Repository)
	covered := false
	for i := range now {
		if now[i].Name == p.Name {
			return false, err
		}
		covered = covered || now[i].Incarnation == p.Incarnation && now[i].First <= p.First && now[i].Last >= p.First
	}
	return covered, err
}

// ArchiveDamage is what is wrong with the archived log.
type ArchiveDamage struct {
	Object  string  // the piece, or the one behind a gap
	Missing bool    // it is a gap, or a piece that is not there any more
	LetGo   bool    // it is a gap, and no point that the policy promises needs it
	Offset  int64   // of the block, in bytes; -1: it is not known
	SCN     scn.SCN // the first that cannot be read; 0: it is not known
	SCNs    scn.Range
	Reason  string
}

// ArchiveVerified says what VerifyRepositoryLog has read.
type ArchiveVerified struct {
	Pieces, Blocks int
	Bytes          int64
	Whole          []IncarnationLog // for each incarnation
	Damages        []ArchiveDamage
}

// IncarnationLog is what there is of an incarnation's history without a gap, the newest part.
type IncarnationLog struct {
	Incarnation scn.Incarnation
	SCNs        scn.Range
}

// Problems counts the damages that are not what the policy let go.
func (v *ArchiveVerified) Problems() (n int) {
	for i := range v.Damages {
		if !v.Damages[i].LetGo {
			n++
		}
	}
	return n
}

// VerifyRepositoryLog fetches each piece and checks it: each block, the hash of its content, that it is what its name says; and how they
// follow one another. It goes on past damage. Which pieces is as for ArchivedPieces.
func VerifyRepositoryLog(ctx context.Context, l RepositoryLog) (*ArchiveVerified, error) {
	l.complete()
	list, err := ArchivedPieces(ctx, l, false)
	if err != nil {
		return nil, err
	}
	v := &ArchiveVerified{}
	f := fetching{RepositoryLog: l}
	if err := f.each(ctx, list, v.piece); err != nil {
		return nil, fmt.Errorf("verify the log of %s: %w", l.Repository, err)
	}
	c, err := catalog.Load(ctx, l.Repository, time.Now())
	if err != nil {
		return nil, err
	}
	if len(c.Pieces) == 0 {
		return nil, fmt.Errorf("%s has no log", l.Repository)
	}
	floors, err := archive.Floors(ctx, l.Repository)
	if errors.Is(err, store.ErrDamaged) {
		l.Note(err.Error())
		err = nil
	}
	v.chains(c, &l, floors)
	return v, err
}

// piece notes what a piece is.
func (v *ArchiveVerified) piece(p *ArchivedPiece, err error) error {
	var damage *archive.DamageError
	if errors.As(err, &damage) {
		d := ArchiveDamage{
			Object: p.Name, Missing: errors.Is(err, store.ErrNotFound), Offset: -1, SCN: p.First, SCNs: scn.Range{After: p.First - 1, To: p.Last}, Reason: damage.Err.Error(),
		}
		var segment *segments.CorruptionError
		if errors.As(err, &segment) {
			d.Offset, d.Reason = segment.Offset, segment.Err.Error()
			if segment.SCN >= p.First && segment.SCN <= p.Last {
				d.SCN = segment.SCN
			}
		}
		v.Damages = append(v.Damages, d)
		return nil
	}
	v.Pieces, v.Blocks, v.Bytes = v.Pieces+1, v.Blocks+p.Blocks, v.Bytes+p.Bytes
	return err
}

// chains looks for gaps in the history of each incarnation. What several have in common is told once.
func (v *ArchiveVerified) chains(c *catalog.Catalog, l *RepositoryLog, floors []archive.Floor) {
	incarnations := c.Map.Incarnations()
	if l.Incarnation != 0 {
		incarnations = []scn.Incarnation{l.Incarnation}
	}
	for _, incarnation := range incarnations {
		islands := c.Map.Islands(incarnation)
		for i, g := range gapsOf(islands) {
			if i == 0 {
				v.Whole = append(v.Whole, IncarnationLog{incarnation, islands[i].SCNs})
			}
			if g.none() || !l.touches(&g) {
				continue
			}
			letGo := slices.ContainsFunc(floors, func(f archive.Floor) bool { return f.Incarnation == incarnation && g.missing.To < f.SCN })
			v.gap(&g, letGo || !promised(c.Decision.Promises, incarnation, g.missing))
		}
	}
}

// touches tells whether a gap has something of the SCNs asked for.
func (l *RepositoryLog) touches(g *logGap) bool {
	return g.missing.To >= l.From && (l.To == 0 || g.missing.After < l.To)
}

func promised(list []retention.Promise, incarnation scn.Incarnation, r scn.Range) bool {
	return slices.ContainsFunc(list, func(p retention.Promise) bool {
		return p.Incarnation == incarnation && (r.Empty() || p.SCNs.After < r.To && p.SCNs.To > r.After)
	})
}

func (v *ArchiveVerified) gap(g *logGap, letGo bool) {
	d := ArchiveDamage{Object: g.before.Name, Missing: true, LetGo: letGo, Offset: -1, SCN: min(g.missing.After+1, g.missing.To), SCNs: g.missing, Reason: g.reason()}
	for i := range v.Damages {
		if old := &v.Damages[i]; old.Object == d.Object && old.SCNs == d.SCNs && old.Missing {
			old.LetGo = old.LetGo && letGo
			return
		}
	}
	v.Damages = append(v.Damages, d)
}
