package lease

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redoubt/backup/store"
)

func folder(t *testing.T) store.Store {
	t.Helper()
	s, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func take(t *testing.T, s store.Store, kind Kind, what string) *Lease {
	t.Helper()
	l, err := Take(t.Context(), s, kind, what, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func release(t *testing.T, l *Lease) {
	t.Helper()
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
}

// TestConflicts: uses are beside each other, a deletion is alone, and who is refused is told by whom, and leaves nothing.
func TestConflicts(t *testing.T) {
	s := folder(t)
	synctest.Test(t, func(t *testing.T) {
		backup, verify := take(t, s, Use, "backup"), take(t, s, Use, "verify")
		var e *ConflictError
		if _, err := Take(t.Context(), s, Delete, "expire", nil); !errors.As(err, &e) || !strings.Contains(err.Error(), e.Holder.What+", process") {
			t.Errorf("a deletion beside uses: %v", err)
		}
		release(t, backup)
		release(t, verify)
		expire := take(t, s, Delete, "expire")
		for _, kind := range []Kind{Use, Delete} {
			heard := false
			_, err := Take(t.Context(), s, kind, "other", func(h *Holder) { heard = h.What == "expire" })
			if !errors.As(err, &e) || e.Holder.What != "expire" || !heard {
				t.Errorf("%s beside a deletion: %v", kind, err)
			}
		}
		release(t, expire)
		if left, err := s.List(t.Context(), Folder); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}

// TestDead: leases that do not change are taken away, after two minutes of the observer's clock and not before.
func TestDead(t *testing.T) {
	s := folder(t)
	synctest.Test(t, func(t *testing.T) {
		old := `{"host":"gone","pid":1,"what":"backup","since":"2001-01-01T00:00:00Z","beat":7}`
		for _, name := range []string{"use-old.json", "use-older.json", "delete-oldest.json"} {
			if err := s.Put(t.Context(), Folder+name, strings.NewReader(old)); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		l := take(t, s, Delete, "expire")
		if took := time.Since(began); took < DeadAfter || took > DeadAfter+2*lookEvery {
			t.Errorf("it took %s", took)
		}
		time.Sleep(10 * DeadAfter) // of the bubble's clock: it goes on being renewed
		if err := l.Held(); err != nil || l.Context().Err() != nil {
			t.Errorf("after a while: %v, %v", err, l.Context().Err())
		}
		release(t, l)
		if !errors.Is(context.Cause(l.Context()), context.Canceled) {
			t.Errorf("released: %v", context.Cause(l.Context()))
		}
	})
}

// failing is a store that cannot be written to when it is told so.
type failing struct {
	store.Store
	fail atomic.Bool
}

func (f *failing) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if f.fail.Load() {
		return nil, errors.New("no answer")
	}
	return f.Store.Get(ctx, name)
}

// TestLost: who cannot renew its lease, or finds it taken away, knows before another may go on.
func TestLost(t *testing.T) {
	s := &failing{Store: folder(t)}
	synctest.Test(t, func(t *testing.T) {
		l := take(t, s, Use, "backup")
		s.fail.Store(true)
		began := time.Now()
		<-l.Context().Done()
		if took := time.Since(began); took >= DeadAfter || !errors.Is(context.Cause(l.Context()), ErrLost) || !errors.Is(l.Held(), ErrLost) {
			t.Errorf("after %s: %v, %v", took, context.Cause(l.Context()), l.Held())
		}
		release(t, l)
		s.fail.Store(false)
		l = take(t, s, Use, "backup")
		if err := s.Delete(t.Context(), l.Name()); err != nil {
			t.Fatal(err)
		}
		<-l.Context().Done()
		if !errors.Is(l.Held(), ErrLost) {
			t.Errorf("taken away: %v", l.Held())
		}
		release(t, l)
	})
}
