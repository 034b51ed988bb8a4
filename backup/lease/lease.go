package lease

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"redoubt/backup/store"
)

// Kind says what a lease is for.
type Kind string

// The kinds.
const (
	Use    Kind = "use"    // reads, or adds: shared
	Delete Kind = "delete" // takes away: alone
)

// Folder has the leases.
const Folder = "leases/"

// How a lease lives.
const (
	RenewEvery = 20 * time.Second // it is rewritten
	DeadAfter  = 2 * time.Minute  // it stayed the same for an observer: its holder is gone
	lookEvery  = 2 * time.Second  // an observer looks; a process that is gone at two looks is gone, and what it had sent could arrive between them
	lostAfter  = 90 * time.Second // it could not be renewed: its holder stops, well before DeadAfter
)

// Holder is what a lease says.
type Holder struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	What  string    `json:"what"`
	Since time.Time `json:"since"` // by the holder's clock, for people
	Beat  uint64    `json:"beat"`  // grows
	Birth Birth     `json:"birth,omitzero"`
}

// String names it for people.
func (h *Holder) String() string {
	return fmt.Sprintf("%s, process %d on %s, since %s", h.What, h.PID, h.Host, h.Since.UTC().Format("2006-01-02 15:04:05"))
}

// ConflictError names who else is at work.
type ConflictError struct {
	Store, Lease string // where, and the object
	Holder       Holder
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("repository %s is in use: %s (%s): wait until it is done", e.Store, &e.Holder, e.Lease)
}

// ErrLost is why the context of a lease ends that could not be renewed.
var ErrLost = errors.New("the lease on the repository could not be renewed: whoever waits may have taken it for dead")

// Lease is one's own.
type Lease struct {
	s    store.Store
	name string
	ctx  context.Context
	stop context.CancelCauseFunc
	done chan struct{}

	mu      sync.Mutex
	holder  Holder
	renewed time.Time // by the monotonic clock
}

// Waiting, if it is not nil, hears whose lease is being watched, to find out whether its holder lives.
type Waiting func(h *Holder)

// Take takes a lease. It returns a ConflictError if another one conflicts whose holder lives: to know that it watches until it
// changes; if it does not for DeadAfter it is taken away, or, if this machine knows that the holder's process is gone, soon.
func Take(ctx context.Context, s store.Store, kind Kind, what string, waiting Waiting) (*Lease, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	for {
		l := &Lease{
			s: s, name: Folder + string(kind) + "-" + strings.ToLower(rand.Text()) + ".json", done: make(chan struct{}),
			holder: Holder{Host: host, PID: os.Getpid(), What: what, Since: time.Now().UTC(), Birth: born()},
		}
		if err := l.write(ctx); err != nil {
			return nil, fmt.Errorf("take a lease: %w", errors.Join(err, l.remove()))
		}
		others, err := l.conflicts(ctx, kind)
		if err == nil && len(others) == 0 {
			l.ctx, l.stop = context.WithCancelCause(ctx)
			go l.keep()
			return l, nil
		}
		if err := errors.Join(err, l.remove()); err != nil {
			return nil, fmt.Errorf("take a lease: %w", err)
		}
		if err := l.watch(ctx, others, waiting); err != nil {
			return nil, err
		}
	}
}

// With does something while it holds a lease, as Take gives it. The context ends if the lease is lost.
func With(ctx context.Context, s store.Store, kind Kind, what string, waiting Waiting, do func(context.Context) error) error {
	l, err := Take(ctx, s, kind, what, waiting)
	if err != nil {
		return err
	}
	return errors.Join(do(l.Context()), l.Release())
}

// conflicts finds the leases of others that this one cannot be beside.
func (l *Lease) conflicts(ctx context.Context, kind Kind) (names []string, err error) {
	prefix := Folder
	if kind == Use {
		prefix += string(Delete) + "-"
	}
	objects, err := l.s.List(ctx, prefix)
	for _, o := range objects {
		if o.Name != l.name {
			names = append(names, o.Name)
		}
	}
	return names, err
}

// Read reads a lease; store.ErrNotFound if it is gone.
func Read(ctx context.Context, s store.Store, name string) (Holder, error) {
	b, err := store.Read(ctx, s, name, holderBytesMax)
	if err != nil && !errors.Is(err, store.ErrDamaged) {
		return Holder{}, err
	}
	var h Holder
	if err != nil || json.Unmarshal(b, &h) != nil {
		return Holder{What: "somebody whose lease cannot be read"}, nil
	}
	return h, nil
}

const holderBytesMax = 1 << 16

// watched is a lease of another: its holder as first seen, and whether its process was gone at the last look.
type watched struct {
	holder Holder
	gone   bool
}

// watch looks at the leases of others, all at once, until they are no more, or taken away because they are dead; a ConflictError if
// one of them lives.
func (l *Lease) watch(ctx context.Context, names []string, waiting Waiting) error {
	first := map[string]*watched{}
	for _, name := range names {
		h, err := Read(ctx, l.s, name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		first[name] = &watched{h, h.gone(&l.holder)}
		if waiting != nil && !first[name].gone {
			waiting(&h)
		}
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for began := time.Now(); len(first) > 0; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		for name, then := range first {
			dead, err := l.look(ctx, name, then, time.Since(began))
			if err != nil {
				return err
			}
			if dead {
				delete(first, name)
			}
		}
	}
	return nil
}

// look tells whether another's lease is no more. It takes away one that is dead.
func (l *Lease) look(ctx context.Context, name string, then *watched, watchedFor time.Duration) (bool, error) {
	now, err := Read(ctx, l.s, name)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if now != then.holder {
		return false, &ConflictError{Store: l.s.String(), Lease: name, Holder: now}
	}
	was := then.gone
	if then.gone = now.gone(&l.holder); !(was && then.gone) && watchedFor < DeadAfter {
		return false, nil
	}
	if err := l.s.Delete(ctx, name); err != nil {
		return false, fmt.Errorf("take a dead lease away: %w", err)
	}
	return true, nil
}

func (l *Lease) write(ctx context.Context) error {
	l.mu.Lock()
	l.holder.Beat++
	b, err := json.Marshal(l.holder)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := l.s.Put(ctx, l.name, bytes.NewReader(append(b, '\n'))); err != nil {
		return err
	}
	l.mu.Lock()
	l.renewed = began
	l.mu.Unlock()
	return nil
}

// removeTimeout bounds how long letting go waits for a storage that does not answer.
const removeTimeout = 10 * time.Second

// remove takes it away even if what it was for was interrupted.
func (l *Lease) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	return l.s.Delete(ctx, l.name)
}

// keep renews the lease until it is released or lost.
func (l *Lease) keep() {
	defer close(l.done)
	tick := time.NewTicker(RenewEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		if l.Held() == nil {
			l.renew()
		}
		if err := l.Held(); err != nil {
			l.stop(err)
			return
		}
	}
}

// renew rewrites the lease, if nobody took it away. That it failed shows by its age.
func (l *Lease) renew() {
	ctx, cancel := context.WithTimeout(l.ctx, RenewEvery)
	defer cancel()
	if _, err := Read(ctx, l.s, l.name); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			l.mu.Lock()
			l.renewed = time.Time{}
			l.mu.Unlock()
		}
		return
	}
	_ = l.write(ctx) //nolint:errcheck // the next tick tries again, until Held says that it is lost
}

// Context ends when the lease is released, or lost: then with ErrLost as its cause.
func (l *Lease) Context() context.Context { return l.ctx }

// Held returns ErrLost if the lease may have been taken away. Who deletes asks before each deletion.
func (l *Lease) Held() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.renewed) > lostAfter {
		return ErrLost
	}
	return nil
}

// Name is its object.
func (l *Lease) Name() string { return l.name }

// Release lets it go.
func (l *Lease) Release() error {
	l.stop(nil)
	<-l.done
	if err := l.remove(); err != nil {
		return fmt.Errorf("let a lease go: %w", err)
	}
	return nil
}
