package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"redoubt/backup/store"
	"redoubt/scn"
)

// Nodes of a cluster seal the same log at places of their own. When another node begins to archive, it takes over the chain that is in
// the repository, and goes on from its end.

// adopt takes over the sealed pieces that the repository has beyond those of this node, whose next one is p. They must be of this
// node's history: the last one of them is made again from its log, and by the chain of hashes that holds for all before it.
func (a *Archiver) adopt(ctx context.Context, p *Piece) error {
	tip := a.tip(p.First)
	if tip == nil {
		return nil
	}
	if tip.Last > a.options.Source.Applied() {
		return a.otherHistory(tip.Name, p.Name)
	}
	info, err := Fetch(ctx, a.options.Store, tip, a.options.Spool)
	if err != nil {
		return err
	}
	if err := os.Remove(info.Path); err != nil {
		return err
	}
	before := link{Piece: Piece{Last: tip.First - 1}, hash: info.PrevHash}
	own, err := a.pack(ctx, before, before.Last, tip.Last)
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(a.options.Spool, own.FileName())); err != nil {
		return err
	}
	if own.hash != info.Hash {
		return a.otherHistory(tip.Name, p.Name)
	}
	a.sealed = link{*tip, info.Hash}
	return nil
}

// tip is the end of the chain of sealed pieces that goes on behind the newest one that is known to be this node's, or, without one,
// that begins at an SCN; nil if there is none.
func (a *Archiver) tip(first scn.SCN) (tip *Piece) {
	before := ""
	if a.sealed.Last > 0 {
		first, before = a.sealed.Last+1, hex.EncodeToString(a.sealed.hash[:8])
	}
	for {
		next := a.sealedAt(first, before)
		if next == nil {
			return tip
		}
		tip, first, before = next, next.Last+1, next.Hash
	}
}

// sealedAt is the longest sealed piece of this incarnation that begins at an SCN behind a piece, any for "".
func (a *Archiver) sealedAt(first scn.SCN, before string) (longest *Piece) {
	for name := range a.known {
		p, ok := parsePiece(store.Object{Name: name})
		if !ok || !p.Sealed || p.Incarnation != a.options.Incarnation || p.First != first || before != "" && p.Before != before {
			continue
		}
		if longest == nil || p.Last > longest.Last {
			longest = &p
		}
	}
	return longest
}

// recut sends what a sealed segment of this node has beyond the end of the repository's chain.
func (a *Archiver) recut(ctx context.Context, to scn.SCN) error {
	own, err := a.pack(ctx, a.sealed, a.sealed.Last, to)
	if err != nil {
		return err
	}
	path := filepath.Join(a.options.Spool, own.FileName())
	own.Sealed = true
	own.Name = own.Piece.name()
	err = a.refuseOther(&own.Piece)
	if err == nil {
		err = a.send(ctx, path, &own.Piece)
	}
	if err := errors.Join(err, os.Remove(path)); err != nil {
		return err
	}
	a.sealed = own
	return nil
}

func (a *Archiver) otherHistory(theirs, ours string) error {
	return fmt.Errorf("repository %s has %s, this node has %s: two histories of one incarnation; give one of them another repository", a.options.Store, theirs, ours)
}
