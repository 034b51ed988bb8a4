package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/store"
	"redoubt/scn"
	"redoubt/segments"
)

// dropTail deletes the pieces of the tail that sealed ones cover. Those that go beyond are kept until the tail has been
// sent anew behind the sealed one.
func (a *Archiver) dropTail(ctx context.Context) error {
	if len(a.tail) > 0 && a.tail[0].First <= a.sealed.Last {
		old := a.tail
		a.tail = nil
		if old[len(old)-1].Last > a.sealed.Last {
			if err := a.archiveTail(ctx); err != nil {
				a.tail = old
				return err
			}
		}
	}
	current := map[string]bool{}
	for _, p := range a.tail {
		current[p.Name] = true
	}
	for name := range a.known {
		if !strings.HasPrefix(name, tailFolder) || current[name] {
			continue
		}
		p, ok := parsePiece(store.Object{Name: name})
		if !ok || p.Incarnation != a.options.Incarnation || p.Last > a.archived() {
			continue // another incarnation's, or not yet covered
		}
		if err := a.options.Store.Delete(ctx, name); err != nil {
			return err
		}
		delete(a.known, name)
	}
	return nil
}

// archiveTail sends what is committed and neither sealed nor sent.
func (a *Archiver) archiveTail(ctx context.Context) error {
	for to := a.options.Source.Applied(); a.archived() < to; {
		own, path, err := a.nextOfTail(ctx, to)
		if err != nil {
			return err
		}
		if err := errors.Join(a.send(ctx, path, &own.Piece), os.Remove(path)); err != nil {
			return err
		}
		a.tail = append(a.tail, own)
		a.moved(own.Last)
	}
	return a.dropAhead()
}

// nextOfTail is the piece that a backup has packed already, or a new one, and where it lies.
func (a *Archiver) nextOfTail(ctx context.Context, to scn.SCN) (own link, path string, err error) {
	before, after := a.last(), a.archived()
	if p := a.takeAhead(before, after); p != nil {
		return p.own, p.path, nil
	}
	if err := a.dropAhead(); err != nil {
		return link{}, "", err
	}
	own, err = a.pack(ctx, before, after, to)
	return own, a.spooled(&own), err
}

// last is the piece that the next one of the tail is chained to.
func (a *Archiver) last() link {
	if n := len(a.tail); n > 0 {
		return a.tail[n-1]
	}
	return a.sealed
}

// pack makes a piece of the tail in the spool: the records in (after, to], chained to a piece.
func (a *Archiver) pack(ctx context.Context, before link, after, to scn.SCN) (link, error) {
	h := segments.Header{DatabaseID: a.options.DatabaseID, Incarnation: a.options.Incarnation, PrevHash: before.hash}
	w, err := segments.Create(unsynced{vfs.Default}, a.options.Spool, h, a.options.Compression)
	if err != nil {
		return link{}, err
	}
	if err := a.options.Source.Tail(ctx, after, to, w.Append); err != nil {
		return link{}, errors.Join(fmt.Errorf("read the log after SCN %d: %w", after, err), w.Close())
	}
	info, err := w.Finish()
	if err != nil {
		return link{}, errors.Join(err, w.Close())
	}
	return link{pieceOf(&info, false), info.Hash}, nil
}

// resumeTail takes over the pieces of the tail that an earlier archiver sent: those in which, by their hash, is what this
// node's log has. So what was sent is not sent again after a restart.
func (a *Archiver) resumeTail(ctx context.Context) error {
	for !a.resumed {
		before := a.last()
		next := a.tailAfter(&before)
		if next == nil {
			break
		}
		own, err := a.pack(ctx, before, before.Last, next.Last)
		if err != nil {
			return err
		}
		if err := a.drop(&own); err != nil {
			return err
		}
		if own.Name != next.Name {
			break // of another history; what this node has is sent
		}
		a.tail = append(a.tail, own)
		a.moved(own.Last)
	}
	a.resumed = true
	return nil
}

// tailAfter is the longest piece of the repository's tail that says that it follows a piece; nil if there is none.
func (a *Archiver) tailAfter(before *link) (next *Piece) {
	hash := hex.EncodeToString(before.hash[:8])
	for name := range a.known {
		p, ok := parsePiece(store.Object{Name: name})
		if !ok || p.Sealed || p.Incarnation != a.options.Incarnation || p.First != before.Last+1 || p.Before != hash || p.Last > a.options.Source.Applied() {
			continue
		}
		if next == nil || p.Last > next.Last {
			next = &p
		}
	}
	return next
}
