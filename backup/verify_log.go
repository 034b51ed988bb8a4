package backup

import (
	"context"
	"fmt"
	"slices"

	"redoubt/backup/archive"
	"redoubt/scn"
	"redoubt/segments"
)

// verifyLog verifies the pieces of the archived log, and that none is missing.
func (v *verifying) verifyLog(ctx context.Context) error {
	pieces, err := archive.Pieces(ctx, v.Store)
	if err != nil {
		return err
	}
	for _, d := range gaps(pieces, v.nameOf) {
		v.damageOfLog(d)
	}
	v.verifyTips(pieces)
	return each(ctx, max(v.Parallel, 2), pieces, func(ctx context.Context, p *archive.Piece) error {
		defer v.looked("log", len(pieces))
		d, err := v.verifyPiece(ctx, p)
		if d != nil {
			v.damageOfLog(*d)
		}
		return err
	})
}

// damageOfLog adds which backups are only the log, and need what is damaged.
func (v *verifying) damageOfLog(d Damage) {
	for i := range v.result.Manifests {
		if m := &v.result.Manifests[i]; !m.HasState() && m.SCN >= d.First && v.stateBefore(m) < d.Last {
			d.Backups = append(d.Backups, m.ID)
		}
	}
	v.damage(d)
}

// stateBefore is the SCN of the newest state from which the log leads to a backup; 0 is the first commit.
func (v *verifying) stateBefore(m *Manifest) (at scn.SCN) {
	for i := range v.result.Manifests {
		if b := &v.result.Manifests[i]; b.HasState() && b.Incarnation <= m.Incarnation && b.SCN <= m.SCN {
			at = max(at, b.SCN)
		}
	}
	return at
}

// gaps finds what is missing in the chains that lead to the newest piece of each incarnation.
func gaps(pieces []archive.Piece, nameOf func(hash string) string) (out []Damage) {
	byHash, tips := map[string]*archive.Piece{}, map[scn.Incarnation]*archive.Piece{}
	for i := range pieces {
		p := &pieces[i]
		if old := byHash[p.Hash]; old == nil || p.Sealed {
			byHash[p.Hash] = p
		}
		if tip := tips[p.Incarnation]; tip == nil || p.Last > tip.Last || p.Last == tip.Last && p.Sealed {
			tips[p.Incarnation] = p
		}
	}
	told := map[string]bool{}
	for _, tip := range tips {
		for p := tip; p != nil; {
			before := byHash[p.Before]
			if p.IsFirst() && p.First == 1 || told[p.Name] {
				break
			}
			if before == nil || before.Last+1 != p.First {
				told[p.Name] = true
				before = newestBefore(pieces, p)
				d := Damage{Object: nameOf(p.Before), Kind: Missing, Offset: -1, Block: -1, First: 1, Last: p.First - 1, Detail: "the piece before " + p.Name}
				if before != nil {
					d.First = before.Last + 1
				}
				if d.First > d.Last {
					d.First = d.Last
				}
				out = append(out, d)
			}
			p = before
		}
	}
	slices.SortFunc(out, func(a, b Damage) int { return int(a.First) - int(b.First) })
	return out
}

// nameOf is the name of a piece by its hash, as far as it is known.
func (v *verifying) nameOf(hash string) string {
	for name := range v.reads.Objects {
		if p, ok := archive.Parse(name); ok && p.Hash == hash {
			return name
		}
	}
	return "log/…-" + hash + ".seg"
}

// newestBefore is the piece at which the log ends before a gap; nil if there is none.
func newestBefore(pieces []archive.Piece, after *archive.Piece) (found *archive.Piece) {
	for i := range pieces {
		p := &pieces[i]
		if p.Last < after.First && p.Incarnation <= after.Incarnation && (found == nil || p.Last > found.Last) {
			found = p
		}
	}
	return found
}

// verifyTips tells of log that was there: by backups, which have it up to their SCN, and by what was read before.
func (v *verifying) verifyTips(pieces []archive.Piece) {
	tips := map[scn.Incarnation]scn.SCN{}
	for i := range pieces {
		tips[pieces[i].Incarnation] = max(tips[pieces[i].Incarnation], pieces[i].Last)
	}
	lost := map[scn.Incarnation]Damage{}
	must := func(incarnation scn.Incarnation, to scn.SCN, object, detail string) {
		if tip := tips[incarnation]; to > tip && to > lost[incarnation].Last {
			lost[incarnation] = Damage{Object: object, Kind: Missing, Offset: -1, Block: -1, First: tip + 1, Last: to, Detail: detail}
		}
	}
	for i := range v.result.Manifests {
		m := &v.result.Manifests[i]
		must(m.Incarnation, m.SCN, "log/", "the log up to backup "+m.ID)
	}
	for name, was := range v.reads.Objects {
		if p, ok := archive.Parse(name); ok {
			must(p.Incarnation, p.Last, name, "it was there at the verification of "+was.At.Format("2006-01-02 15:04:05"))
		}
	}
	for _, d := range lost {
		v.damageOfLog(d)
	}
}

// verifyPiece verifies a piece: at level quick the length that it says it has, else all of it.
func (v *verifying) verifyPiece(ctx context.Context, p *archive.Piece) (*Damage, error) {
	d := &Damage{Object: p.Name, Offset: -1, Block: -1, First: p.First, Last: p.Last}
	var is string
	var read int64
	var err error
	if v.mustRead(p.Name) {
		is, read, err = archive.Check(ctx, v.Store, p, v.Dir)
	} else {
		is, err = v.lengthOf(ctx, p)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		segmentDamage(d, err)
		if d.Kind == Missing && !p.Sealed {
			return nil, nil // a tail piece that a sealed one has replaced meanwhile
		}
	case is != "":
		d.Kind, d.Detail = OtherContent, "it is "+is
		if other, ok := archive.Parse(is); ok && other.Incarnation == p.Incarnation && other.First == p.First && other.Before == p.Before && other.Last < p.Last {
			d.Kind = OlderCopy
		}
	default:
		d = nil
	}
	if read > 0 {
		v.wasRead(p.Name, read, d == nil)
	}
	return d, nil
}

// lengthOf compares the length of a piece with the one that its header says. is is the name of another segment that it is.
func (v *verifying) lengthOf(ctx context.Context, p *archive.Piece) (is string, err error) {
	name, bytes, err := archive.Identify(ctx, v.Store, p)
	switch {
	case err != nil:
		return "", err
	case name != p.FileName():
		return name, nil
	case bytes != v.objects[p.Name]:
		return "", &segments.CorruptionError{
			File: p.Name, Offset: min(bytes, v.objects[p.Name]), SCN: p.First, Err: fmt.Errorf("%w: %d bytes of %d", segments.ErrLength, v.objects[p.Name], bytes),
		}
	}
	return "", nil
}
