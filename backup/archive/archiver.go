package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/scn"
	"redoubt/segments"
)

// Source is the log of this node.
type Source interface {
	// Segments lists what is sealed, in order of SCN.
	Segments() []segments.Info
	// Applied is the newest commit.
	Applied() scn.SCN
	// Tail gives the committed records in (after, to], in order, to add; those of sealed segments, too.
	Tail(ctx context.Context, after, to scn.SCN, add func(segments.Record) error) error
}

// Options of an Archiver. All but After and Branch are needed.
type Options struct {
	Store       *repository.Repository
	Source      Source
	DatabaseID  [16]byte
	Incarnation scn.Incarnation
	After       scn.SCN // the log begins behind it: what lies before was never here
	Branch      Branch  // where Incarnation came from, if a recovery began it
	Spool       string  // a directory for pieces in the making; what is in it is removed
	Every       time.Duration
	StopTimeout time.Duration // bounds how long the last round of Run takes if the storage does not answer
	Compression segments.Compression
	Now         func() time.Time
	// Leads, if it is not nil, tells whether this node is the one of its cluster that archives, and in which term: between two of its
	// terms others may have archived. The others' rounds do nothing.
	Leads func() (term uint64, leads bool)
}

// Status tells how far the archived log has come.
type Status struct {
	Destination string
	Archived    scn.SCN   // everything up to it is in the repository
	Moved       time.Time // when Archived last moved, or was found to be the newest commit
	Error       error     // of the last round; nil if it succeeded
	Rounds      uint64
	Pieces      uint64 // sent since the start
	Bytes       uint64 // so
}

// Archiver makes a repository follow the log.
type Archiver struct {
	options Options

	mu     sync.Mutex
	status Status

	turn    chan struct{} // taken by who works on what follows
	floors  []Floor
	term    uint64          // of options.Leads, of which the rest is
	known   map[string]bool // pieces that are in the repository, by name; nil: not yet read
	tail    []link          // of the tail, in order
	sealed  link            // the newest sealed one that is archived
	resumed bool            // the tail of an earlier archiver was looked for
	ahead   *ahead          // nil: none is packed
}

// link is an archived piece with its whole hash, to which the next one is chained.
type link struct {
	Piece
	hash segments.Hash
}

// New makes an Archiver; Run starts it.
func New(o Options) (*Archiver, error) {
	if o.Store == nil || o.Source == nil || o.Spool == "" || o.Every <= 0 || o.StopTimeout <= 0 || o.Now == nil {
		return nil, errors.New("archive: options need Store, Source, Spool, Every, StopTimeout and Now")
	}
	return &Archiver{options: o, status: Status{Destination: o.Store.String(), Moved: o.Now()}, turn: make(chan struct{}, 1)}, nil
}

// Status tells how far it has come.
func (a *Archiver) Status() Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status
}

// Run archives until its context ends, then once more, so that a clean stop leaves nothing behind.
func (a *Archiver) Run(ctx context.Context) {
	tick := time.NewTicker(a.options.Every)
	defer tick.Stop()
	for {
		a.note(a.Round(ctx))
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), a.options.StopTimeout)
			defer cancel()
			a.note(a.Round(last))
			return
		case <-tick.C:
		}
	}
}

func (a *Archiver) note(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status.Error = err
	a.status.Rounds++
}

// Round archives what there is. It waits for one that runs.
func (a *Archiver) Round(ctx context.Context) error {
	if err := a.take(ctx); err != nil {
		return err
	}
	defer a.release()
	return a.round(ctx)
}

// take waits for this goroutine's turn.
func (a *Archiver) take(ctx context.Context) error {
	select {
	case a.turn <- struct{}{}:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *Archiver) release() { <-a.turn }

func (a *Archiver) round(ctx context.Context) error {
	if !a.leads() {
		return nil
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.archiveSealed(ctx); err != nil {
		return err
	}
	if err := a.archiveTail(ctx); err != nil {
		return err
	}
	if a.archived() >= a.options.Source.Applied() {
		a.moved(a.archived())
	}
	return nil
}

// leads tells whether this node archives. What is known of the repository is forgotten if another node may have archived since.
func (a *Archiver) leads() bool {
	if a.options.Leads == nil {
		return true
	}
	term, leads := a.options.Leads()
	if !leads || term != a.term {
		a.known = nil
	}
	a.term = term
	return leads
}

// open reads what the repository has, if that is not known, and checks that it is this database's.
func (a *Archiver) open(ctx context.Context) error {
	if a.known != nil {
		return nil
	}
	if err := a.options.Store.Claim(ctx, a.options.DatabaseID); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(a.options.Spool), os.MkdirAll(a.options.Spool, 0o700)); err != nil {
		return err
	}
	var err error
	if a.floors, err = Floors(ctx, a.options.Store); err != nil {
		return err
	}
	if a.options.Branch.Parent != 0 {
		if err := NoteBranch(ctx, a.options.Store, a.options.Branch); err != nil {
			return err
		}
	}
	pieces, err := Pieces(ctx, a.options.Store)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, p := range pieces {
		known[p.Name] = true
	}
	a.known, a.tail, a.sealed, a.resumed, a.ahead = known, nil, link{}, false, nil
	return nil
}

// archiveSealed sends sealed segments that the repository lacks, and drops tail pieces that they cover.
func (a *Archiver) archiveSealed(ctx context.Context) error {
	for _, info := range a.options.Source.Segments() {
		p := pieceOf(&info, true)
		if p.Last <= a.sealed.Last {
			continue
		}
		if !a.known[p.Name] && !below(a.floors, a.options.Incarnation, p.Last) {
			if err := a.adopt(ctx, &p); err != nil {
				return err
			}
			if err := a.sendSealed(ctx, &info); err != nil {
				return err
			}
		} else {
			a.sealed = link{p, info.Hash}
		}
		a.moved(a.archived())
	}
	if err := a.resumeTail(ctx); err != nil {
		return err
	}
	return a.dropTail(ctx)
}

// sendSealed sends a sealed segment: as it is, if it goes on where the repository's chain ends, or else what it has beyond that.
func (a *Archiver) sendSealed(ctx context.Context, info *segments.Info) error {
	p := pieceOf(info, true)
	if p.Last <= a.sealed.Last {
		return nil
	}
	if a.sealed.Last > 0 && (p.First != a.sealed.Last+1 || info.PrevHash != a.sealed.hash) {
		return a.recut(ctx, p.Last)
	}
	if err := a.refuseOther(&p); err != nil {
		return err
	}
	if _, err := verify(info.Path, &p); err != nil {
		return fmt.Errorf("archive %s: %w", info.Path, err)
	}
	if err := a.send(ctx, info.Path, &p); err != nil {
		return err
	}
	a.sealed = link{p, info.Hash}
	return nil
}

// refuseOther refuses to archive a segment where the repository has others of the same SCNs.
func (a *Archiver) refuseOther(p *Piece) error {
	for name := range a.known {
		other, ok := parsePiece(store.Object{Name: name})
		if !ok || !other.Sealed || other.Incarnation != p.Incarnation {
			continue
		}
		overlaps := other.First <= p.Last && p.First <= other.Last
		if overlaps || other.Last+1 == p.First && other.Hash != p.Before {
			return a.otherHistory(name, p.Name)
		}
	}
	return nil
}

func (a *Archiver) send(ctx context.Context, path string, p *Piece) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := a.options.Store.Put(ctx, p.Name, f); err != nil {
		return err
	}
	a.known[p.Name] = true
	a.mu.Lock()
	a.status.Pieces++
	a.status.Bytes += uint64(p.Bytes)
	a.mu.Unlock()
	return nil
}

// archived is the SCN up to which all is in the repository.
func (a *Archiver) archived() scn.SCN {
	if n := len(a.tail); n > 0 {
		return max(a.sealed.Last, a.tail[n-1].Last)
	}
	return max(a.sealed.Last, a.options.After)
}

func (a *Archiver) moved(to scn.SCN) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status.Archived, a.status.Moved = to, a.options.Now()
}
