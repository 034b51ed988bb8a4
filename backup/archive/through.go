package archive

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"redoubt/scn"
)

// Sent is what a call put into the repository.
type Sent struct {
	Pieces, Bytes uint64
	After         scn.SCN // the repository has the log without a gap from here
	Through       scn.SCN // to here
	Piece         string  // its name: the one that ends here
}

// Through archives what there is, and makes sure, by the repository's listing, that the log is there without a gap up to an
// SCN: what somebody took away is sent again.
func (a *Archiver) Through(ctx context.Context, at scn.SCN) (s Sent, err error) {
	if err := a.take(ctx); err != nil {
		return s, err
	}
	defer a.release()
	before := a.Status()
	for again := range 2 {
		if again > 0 {
			a.known = nil // it was not what the repository has
		}
		if err = a.round(ctx); err != nil {
			break
		}
		if s.After, s.Through, err = a.reaches(ctx); err != nil || s.After == 0 && s.Through >= at {
			break
		}
	}
	if err == nil && s.Through < at {
		err = fmt.Errorf("the log in %s ends at SCN %d, not at %d", a.options.Store, s.Through, at)
	}
	after := a.Status()
	s.Piece = a.last().Name
	s.Pieces, s.Bytes = after.Pieces-before.Pieces, after.Bytes-before.Bytes
	return s, err
}

// reaches tells from where to where the repository has the log that ends with this node's newest piece.
func (a *Archiver) reaches(ctx context.Context) (after, to scn.SCN, err error) {
	pieces, err := Pieces(ctx, a.options.Store)
	if err != nil {
		return 0, 0, err
	}
	byHash, last := map[string]*Piece{}, a.last()
	there := false
	for i := range pieces {
		byHash[pieces[i].Hash] = &pieces[i]
		there = there || pieces[i].Name == last.Name
	}
	if !there {
		return 0, 0, nil
	}
	p := &last.Piece
	for before := byHash[p.Before]; before != nil && before.Last+1 == p.First; before = byHash[p.Before] {
		p = before
	}
	return p.First - 1, last.Last, nil
}

// Weight is the size of a range of the log.
type Weight struct {
	Range   int64 // all of it; of a segment that is in it in part, the share by SCNs
	Lacking int64 // what the repository lacks up to its end
}

// Weigh tells how large the log in (after, to] is, and how much the repository lacks of the log up to its end.
func (a *Archiver) Weigh(ctx context.Context, after, to scn.SCN) (w Weight, err error) {
	if err := a.take(ctx); err != nil {
		return w, err
	}
	defer a.release()
	if !a.leads() {
		defer func() { a.known = nil }() // another node writes there
	}
	if err := a.open(ctx); err != nil {
		return w, err
	}
	sealed := scn.SCN(0)
	for _, info := range a.options.Source.Segments() {
		first, last := max(info.FirstSCN, after+1), min(info.LastSCN, to)
		if first <= last {
			w.Range += info.Bytes * int64(last-first+1) / int64(info.LastSCN-info.FirstSCN+1)
		}
		if p := pieceOf(&info, true); !a.known[p.Name] && p.Last > a.sealed.Last {
			w.Lacking += info.Bytes
		}
		sealed = info.LastSCN
	}
	lacking, err := a.packAhead(ctx, to)
	if err != nil {
		return w, err
	}
	w.Lacking += lacking
	if from := max(a.archived(), sealed); from == max(after, sealed) {
		w.Range += lacking
		return w, nil
	}
	tail, err := a.packed(ctx, max(after, sealed), to)
	w.Range += tail
	return w, err
}

// packed is the size of a piece of the tail.
func (a *Archiver) packed(ctx context.Context, after, to scn.SCN) (int64, error) {
	if after >= to {
		return 0, nil
	}
	l, err := a.pack(ctx, link{}, after, to)
	if err != nil {
		return 0, err
	}
	return l.Bytes, a.drop(&l)
}

// packAhead makes the piece of the tail that the next round will send if nothing is sealed until then, and gives its size.
func (a *Archiver) packAhead(ctx context.Context, to scn.SCN) (int64, error) {
	before, after := a.last(), a.archived()
	if all := a.options.Source.Segments(); len(all) > 0 && all[len(all)-1].LastSCN > after {
		info := &all[len(all)-1]
		before, after = link{pieceOf(info, true), info.Hash}, info.LastSCN
	}
	if err := a.dropAhead(); err != nil || after >= to {
		return 0, err
	}
	l, err := a.pack(ctx, before, after, to)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(a.options.Spool, "ahead.seg") // another piece of these SCNs may be packed meanwhile
	if err := os.Rename(a.spooled(&l), path); err != nil {
		return 0, err
	}
	a.ahead = &ahead{l, before, path}
	return l.Bytes, nil
}

// ahead is a piece of the tail in the spool that is not sent yet, and the one that it is chained to.
type ahead struct {
	own, before link
	path        string
}

// takeAhead gives the piece that was packed ahead, if it is the one that follows now.
func (a *Archiver) takeAhead(before link, after scn.SCN) *ahead {
	p := a.ahead
	if p == nil || p.before.hash != before.hash || p.own.First != after+1 {
		return nil
	}
	a.ahead = nil
	return p
}

func (a *Archiver) dropAhead() error {
	p := a.ahead
	if a.ahead = nil; p == nil {
		return nil
	}
	return os.Remove(p.path)
}

// spooled is where a piece lies that was packed.
func (a *Archiver) spooled(l *link) string { return filepath.Join(a.options.Spool, l.FileName()) }

// drop removes a piece from the spool.
func (a *Archiver) drop(l *link) error { return os.Remove(a.spooled(l)) }
