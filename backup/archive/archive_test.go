package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/keyring"
	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/scn"
	"redoubt/segments"
)

var ctx = context.Background()

// fakeLog is a log of records that say their SCN.
type fakeLog struct {
	t       *testing.T
	catalog *segments.Catalog
	dir     string
	applied scn.SCN
	flavour string // of another history
}

var id = [16]byte{1}

func newLog(t *testing.T, dir string) *fakeLog {
	t.Helper()
	c, err := segments.OpenCatalog(segments.CatalogOptions{Dir: dir, DatabaseID: id})
	if err != nil {
		t.Fatal(err)
	}
	return &fakeLog{t: t, catalog: c, dir: dir}
}

func (l *fakeLog) record(at scn.SCN) segments.Record {
	return segments.Record{SCN: at, TimeMicros: int64(at) * 1000, Payload: fmt.Appendf(nil, "%s%d", l.flavour, at), Tables: []uint64{7}}
}

func (l *fakeLog) Segments() []segments.Info { return l.catalog.Segments() }

func (l *fakeLog) Applied() scn.SCN { return l.applied }

func (l *fakeLog) Tail(_ context.Context, after, to scn.SCN, add func(segments.Record) error) error {
	for at := after + 1; at <= to; at++ {
		if err := add(l.record(at)); err != nil {
			return err
		}
	}
	return nil
}

// seal seals everything up to an SCN.
func (l *fakeLog) seal(to scn.SCN) {
	l.t.Helper()
	h, first := l.catalog.Next(1, 0)
	first = max(first, 1)
	w, err := segments.Create(vfs.Default, l.dir, h, segments.S2)
	if err != nil {
		l.t.Fatal(err)
	}
	for at := first; at <= to; at++ {
		if err := w.Append(l.record(at)); err != nil {
			l.t.Fatal(err)
		}
	}
	info, err := w.Finish()
	if err == nil {
		err = l.catalog.Add(info)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// limited is a store whose writes fail when it is told so.
type limited struct {
	store.Store
	left int // writes and deletions that succeed; -1: all
}

var errFull = errors.New("there is no room")

func (s *limited) allow() error {
	if s.left == 0 {
		return errFull
	}
	s.left--
	return nil
}

func (s *limited) Put(ctx context.Context, name string, r io.Reader) error {
	if err := s.allow(); err != nil {
		return err
	}
	return s.Store.Put(ctx, name, r)
}

func (s *limited) Delete(ctx context.Context, name string) error {
	if err := s.allow(); err != nil {
		return err
	}
	return s.Store.Delete(ctx, name)
}

func newArchiver(t *testing.T, r *repository.Repository, l *fakeLog) *Archiver {
	t.Helper()
	a, err := New(Options{
		Store: r, Source: l, DatabaseID: id, Incarnation: 1, Spool: filepath.Join(t.TempDir(), "spool"), Every: time.Second, StopTimeout: time.Minute,
		Compression: segments.S2, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// chainEnd reads the repository as a recovery does, and gives the SCN up to which it has the log.
func chainEnd(t *testing.T, s store.Store) scn.SCN {
	t.Helper()
	pieces, err := Pieces(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(pieces) == 0 {
		return 0
	}
	chain, err := Chain(pieces, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	next := scn.SCN(1)
	for i := range chain {
		info, err := Fetch(ctx, s, &chain[i], dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.FirstSCN != next {
			t.Fatalf("piece %s begins at %d, want %d", chain[i].Name, info.FirstSCN, next)
		}
		next = info.LastSCN + 1
	}
	return next - 1
}

// TestArchiver has a log grow and be sealed at random, storage fail and the archiver start anew in between: what it says is
// archived can always be read from the repository, and when the storage works it is everything.
func TestArchiver(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testArchiver(t, repository.Options{}) })
	t.Run("encrypted", func(t *testing.T) { testArchiver(t, repository.Options{KEK: keyring.NewPassphrase("archive")}) })
}

func testArchiver(t *testing.T, o repository.Options) {
	seed := uint64(time.Now().UnixNano()) % 1e12
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	dir, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &limited{Store: dir, left: -1}
	l := newLog(t, t.TempDir())
	a := newArchiver(t, repository.In(s, o), l)
	for range 300 {
		switch random.IntN(6) {
		case 0:
			a = newArchiver(t, repository.In(s, o), l)
		case 1:
			if sealed := l.catalog.Range().To; sealed < l.applied {
				l.seal(sealed + 1 + scn.SCN(random.Uint64N(uint64(l.applied-sealed))))
			}
		case 2:
			s.left = random.IntN(4)
		default:
			l.applied += scn.SCN(random.Uint64N(5))
		}
		err := a.Round(ctx)
		if err != nil && !errors.Is(err, errFull) {
			t.Fatal(err)
		}
		said, is := a.Status().Archived, chainEnd(t, repository.In(dir, o))
		if said > is {
			t.Fatalf("it says that SCN %d is archived, the repository has up to %d", said, is)
		}
		if err == nil && is != l.applied {
			t.Fatalf("a round without an error left the repository at SCN %d, the log is at %d", is, l.applied)
		}
		s.left = -1
	}
	if err := a.Round(ctx); err != nil {
		t.Fatal(err)
	}
	pieces, err := Pieces(ctx, repository.In(dir, o))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		if !p.Sealed && p.Last <= l.catalog.Range().To {
			t.Errorf("%s is left though it is sealed", p.Name)
		}
	}
}

func TestArchiverRefuses(t *testing.T) {
	dir, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := newLog(t, t.TempDir())
	l.applied = 10
	l.seal(6)
	if err := newArchiver(t, repository.In(dir, repository.Options{}), l).Round(ctx); err != nil {
		t.Fatal(err)
	}
	other := newLog(t, t.TempDir())
	other.flavour, other.applied = "other", 10
	other.seal(4)
	if err := newArchiver(t, repository.In(dir, repository.Options{}), other).Round(ctx); err == nil || !strings.Contains(err.Error(), "two histories") {
		t.Errorf("another history: %v", err)
	}
	if err := repository.In(dir, repository.Options{}).Claim(ctx, [16]byte{2}); err == nil || !strings.Contains(err.Error(), "is of database") {
		t.Errorf("another database: %v", err)
	}
	// A segment that was damaged on this node does not go into the repository.
	l.seal(9)
	path := l.Segments()[1].Path
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newArchiver(t, repository.In(dir, repository.Options{}), l).Round(ctx); err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("a damaged segment: %v", err)
	}
}
