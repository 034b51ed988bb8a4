package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redoubt/backup/crypt"
	"redoubt/backup/store"
	"redoubt/backup/store/storetest"
)

var ctx = context.Background()

const database = "5b1c0000000000000000000000000001"

// counting is a store that counts what is written, and fails when it is told so.
type counting struct {
	store.Store
	mu    sync.Mutex
	bytes int64
	left  int // writes and deletions that succeed; -1: all
}

var errFull = errors.New("there is no room")

func (c *counting) allow() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		return errFull
	}
	c.left--
	return nil
}

func (c *counting) Put(ctx context.Context, name string, r io.Reader) error {
	if err := c.allow(); err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.bytes += int64(len(b))
	c.mu.Unlock()
	return c.Store.Put(ctx, name, bytes.NewReader(b))
}

func (c *counting) Delete(ctx context.Context, name string) error {
	if err := c.allow(); err != nil {
		return err
	}
	return c.Store.Delete(ctx, name)
}

func newStore(t *testing.T) *counting {
	t.Helper()
	dir, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &counting{Store: dir, left: -1}
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func someKEK(t *testing.T) KEK {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if _, err := CreateFile(path, time.Now()); err != nil {
		t.Fatal(err)
	}
	k, err := (&Source{KeyFile: path}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRing(s store.Store, k KEK, c *clock) *Ring {
	return New(Options{Store: s, DatabaseID: database, KEK: k, Who: "somebody@somewhere", Now: c.now})
}

// outlivesRotation makes a ring that k locks, and reads what was encrypted before its data key was rotated.
func outlivesRotation(t *testing.T, s store.Store, k KEK) {
	t.Helper()
	r := newRing(s, k, newClock())
	if err := r.Create(ctx); err != nil {
		t.Fatal(err)
	}
	if err := encrypted(s, r).Put(ctx, "a", strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	if got := storetest.Read(t, encrypted(s, ready(t, s, k)), "a"); got != "text" {
		t.Errorf("it has %q", got)
	}
}

func ready(t *testing.T, s store.Store, k KEK) *Ring {
	t.Helper()
	r := newRing(s, k, newClock())
	if err := r.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return r
}

func none(string) bool { return false }

func encrypted(s store.Store, r *Ring) *crypt.Store {
	return crypt.New(s, r, func(name string) bool { return strings.HasPrefix(name, Folder) })
}

// TestRotation rotates three times and changes the key-encryption key, with a large object in the repository: the object opens
// after each, and what is written are kilobytes.
func TestRotation(t *testing.T) {
	s, c, kek := newStore(t), newClock(), someKEK(t)
	r := newRing(s, kek, c)
	if err := r.Create(ctx); err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("an old backup "), 1<<19)
	if err := encrypted(s, r).Put(ctx, "files/old", bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	opens := func(after string, r *Ring) {
		t.Helper()
		if got := storetest.Read(t, encrypted(s, r), "files/old"); got != string(content) {
			t.Errorf("%s the old object has %d bytes", after, len(got))
		}
	}
	const kilobytes = 4 << 10
	for i := range 3 {
		s.bytes = 0
		k, err := r.Rotate(ctx)
		if err != nil || k.Number != i+2 {
			t.Fatalf("rotation %d made %s: %v", i, k, err)
		}
		if s.bytes == 0 || s.bytes > kilobytes {
			t.Errorf("rotation %d wrote %d bytes", i, s.bytes)
		}
		if p, err := r.Primary(ctx); err != nil || p.ID != k.ID {
			t.Errorf("the primary key is %x, not %s: %v", p.ID, k, err)
		}
		if err := encrypted(s, r).Put(ctx, fmt.Sprint("files/", i), strings.NewReader("new")); err != nil {
			t.Fatal(err)
		}
		opens("rotated", r)
		opens("rotated, and opened anew,", ready(t, s, kek))
	}
	t.Logf("a rotation writes %d bytes", s.bytes)
	uses, _, err := crypt.Uses(ctx, s, none)
	if err != nil || len(uses) != 4 {
		t.Errorf("objects are encrypted with %d keys, %v", len(uses), err)
	}
	s.bytes = 0
	other := NewPassphrase("correct horse battery staple")
	if n, err := r.Rewrap(ctx, other); err != nil || n != 4 {
		t.Fatalf("%d keys were locked anew, %v", n, err)
	}
	if s.bytes == 0 || s.bytes > 4*kilobytes {
		t.Errorf("to lock 4 keys anew wrote %d bytes", s.bytes)
	}
	t.Logf("to lock 4 keys anew writes %d bytes", s.bytes)
	opens("locked anew", r)
	opens("locked anew, and opened anew,", ready(t, s, NewPassphrase("correct horse battery staple")))
	var wrong *WrongKeyError
	if err := newRing(s, kek, c).Ready(ctx); !errors.As(err, &wrong) || !strings.Contains(wrong.Needed, "passphrase") {
		t.Errorf("with the key that it was locked with before: %v", err)
	}
	if _, err := r.Rotate(ctx); err != nil {
		t.Errorf("rotated behind that: %v", err)
	}
	opens("rotated behind that", ready(t, s, other))
}

// TestTwoRings: what one process does, another sees.
func TestTwoRings(t *testing.T) {
	s, c, kek := newStore(t), newClock(), someKEK(t)
	a := newRing(s, kek, c)
	if err := a.Create(ctx); err != nil {
		t.Fatal(err)
	}
	b := ready(t, s, kek)
	var rotating sync.WaitGroup
	for _, r := range []*Ring{a, b, ready(t, s, kek)} {
		rotating.Go(func() {
			if _, err := r.Rotate(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	rotating.Wait()
	if list, err := List(ctx, s); err != nil || len(list) != 4 {
		t.Errorf("%d keys after one was made and three at once: %v", len(list), err)
	}
	if err := encrypted(s, ready(t, s, kek)).Put(ctx, "new", strings.NewReader("by the newest key")); err != nil {
		t.Fatal(err)
	}
	if got := storetest.Read(t, encrypted(s, b), "new"); got != "by the newest key" {
		t.Errorf("the other one reads %q", got)
	}
	if list, err := encrypted(s, a).List(ctx, "new"); err != nil || len(list) != 1 {
		t.Errorf("listed: %v, %v", list, err)
	}
}

// TestElsewhere: a Ring that stays open takes a new data key of another process when what it knows is a minute old; it goes on when
// another one changes the key-encryption key, until there is a data key that it cannot open.
func TestElsewhere(t *testing.T) {
	s, c, kek := newStore(t), newClock(), someKEK(t)
	other := newRing(s, kek, c)
	if err := other.Create(ctx); err != nil {
		t.Fatal(err)
	}
	stays := ready(t, s, kek)
	primary := func() (uint32, error) {
		t.Helper()
		stays.loaded = stays.loaded.Add(-refreshEvery)
		k, err := stays.Primary(ctx)
		return k.ID, err
	}
	k, err := other.Rotate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := primary(); err != nil || id != k.ID {
		t.Errorf("after a rotation it encrypts with %x, %v", id, err)
	}
	if _, err := other.Rewrap(ctx, someKEK(t)); err != nil {
		t.Fatal(err)
	}
	if id, err := primary(); err != nil || id != k.ID {
		t.Errorf("after the key-encryption key was changed it encrypts with %x, %v", id, err)
	}
	if err := encrypted(s, stays).Put(ctx, "a", strings.NewReader("text")); err != nil {
		t.Error(err)
	}
	if _, err := other.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	var wrong *WrongKeyError
	if id, err := primary(); !errors.As(err, &wrong) {
		t.Errorf("with a data key that it cannot open it encrypts with %x, %v", id, err)
	}
	if got := storetest.Read(t, encrypted(s, stays), "a"); got != "text" {
		t.Errorf("it reads %q", got)
	}
}

// TestCreateTwice: two that make the first key at once leave keys that both can use.
func TestCreateTwice(t *testing.T) {
	s, c, kek := newStore(t), newClock(), someKEK(t)
	var making sync.WaitGroup
	for range 3 {
		making.Go(func() {
			r := newRing(s, kek, c)
			if err := r.Create(ctx); err != nil {
				t.Error(err)
				return
			}
			if err := encrypted(s, r).Put(ctx, fmt.Sprintf("%p", r), strings.NewReader("x")); err != nil {
				t.Error(err)
			}
		})
	}
	making.Wait()
	both := encrypted(s, ready(t, s, kek))
	list, err := both.List(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, o := range list {
		if !strings.HasPrefix(o.Name, Folder) {
			storetest.Read(t, both, o.Name)
			read++
		}
	}
	if read != 3 {
		t.Errorf("%d objects, want 3", read)
	}
	if err := newRing(s, someKEK(t), c).Create(ctx); err == nil {
		t.Error("keys that another KEK locked were taken for one's own")
	}
}

// TestRewrapSteps has every write and deletion of a change of the key-encryption key fail in turn: at each of them one of the
// two opens everything, and the same call completes it.
func TestRewrapSteps(t *testing.T) {
	done := false
	steps := 0
	for step := 0; !done; step++ {
		s, c, old, next := newStore(t), newClock(), someKEK(t), someKEK(t)
		r := newRing(s, old, c)
		if err := r.Create(ctx); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b", "c"} {
			if err := encrypted(s, r).Put(ctx, name, strings.NewReader(name)); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Rotate(ctx); err != nil {
				t.Fatal(err)
			}
		}
		s.left = step
		_, err := r.Rewrap(ctx, next)
		done, s.left = err == nil, -1
		steps = step
		if err != nil && !errors.Is(err, errFull) {
			t.Fatalf("step %d: %v", step, err)
		}
		readable := func(k KEK) bool {
			r := newRing(s, k, c)
			if r.Ready(ctx) != nil {
				return false
			}
			for _, name := range []string{"a", "b", "c"} {
				body, err := encrypted(s, r).Get(ctx, name)
				if err != nil {
					return false
				}
				body.Close()
			}
			_, err := r.Primary(ctx)
			return err == nil
		}
		if !readable(old) && !readable(next) {
			t.Fatalf("step %d: neither the old key nor the new one opens everything", step)
		}
		if !done {
			from := old
			if !readable(old) {
				from = next
			}
			again := newRing(s, from, c)
			if _, err := again.Rewrap(ctx, next); err != nil {
				t.Fatalf("step %d, again: %v", step, err)
			}
		}
		if readable(old) || !readable(next) {
			t.Errorf("step %d: in the end the old key opens it, or the new one does not", step)
		}
	}
	if steps < 17 {
		t.Errorf("%d steps: 4 keys are written twice and deleted twice, and there is an entry", steps)
	}
}

// TestRetire deletes a key when nothing needs it, and not before.
func TestRetire(t *testing.T) {
	s, c, kek := newStore(t), newClock(), someKEK(t)
	r := newRing(s, kek, c)
	if err := r.Create(ctx); err != nil {
		t.Fatal(err)
	}
	uses := func(ctx context.Context) (map[uint32]crypt.Use, error) {
		u, _, err := crypt.Uses(ctx, s, func(name string) bool { return strings.HasPrefix(name, Folder) })
		return u, err
	}
	if err := encrypted(s, r).Put(ctx, "old", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	list, err := List(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	first := list[0].DataKey.String()
	refused := func(key, why string) {
		t.Helper()
		if err := r.Retire(ctx, key, uses); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("retire %s: %v, want an error with %q", key, err, why)
		}
	}
	refused("0009-00000000", "has no key")
	refused(first, "rotate first")
	if _, err := r.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	refused(first, "1 objects")
	if err := encrypted(s, r).Put(ctx, "old", strings.NewReader("replaced")); err != nil {
		t.Fatal(err)
	}
	refused(first, "may still be on their way")
	c.pass(retireAfter)
	late := ready(t, s, kek) // has the keys in memory
	if err := r.Retire(ctx, first, uses); err != nil {
		t.Error(err)
	}
	k, _, _ := parseSlotName(slotFolder + first + "/00000000.json")
	if still, err := late.Still(ctx, k.ID); err != nil || still {
		t.Errorf("another process still has the retired key: %v, %v", still, err)
	}
	if list, err := List(ctx, s); err != nil || len(list) != 1 {
		t.Errorf("keys that are left: %v, %v", list, err)
	}
	if got := storetest.Read(t, encrypted(s, ready(t, s, kek)), "old"); got != "replaced" {
		t.Errorf("it has %q", got)
	}
	trail, notes, err := Audit(ctx, s)
	var what []string
	for _, e := range trail {
		what = append(what, string(e.What)+" "+e.Key)
		if e.Who != "somebody@somewhere" || e.Time.IsZero() {
			t.Errorf("entry %+v", e)
		}
	}
	if got := strings.Join(what, ", "); err != nil || len(notes) != 0 || len(what) != 3 || got != "create "+first+", rotate "+newest(t, s)+", retire "+first {
		t.Errorf("the trail is %s, with notes %v; %v", got, notes, err)
	}
}

func newest(t *testing.T, s store.Store) string {
	t.Helper()
	list, err := List(ctx, s)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	return list[0].DataKey.String()
}

// TestAudit takes an entry away, and changes one.
func TestAudit(t *testing.T) {
	s, c := newStore(t), newClock()
	r := newRing(s, someKEK(t), c)
	if err := r.Create(ctx); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := r.Rotate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := s.List(ctx, auditFolder)
	if err != nil || len(objects) != 4 {
		t.Fatalf("%d entries, %v", len(objects), err)
	}
	for i, want := range map[int]string{0: "first entry is missing", 2: "is missing"} {
		text := storetest.Read(t, s, objects[i].Name)
		if err := s.Delete(ctx, objects[i].Name); err != nil {
			t.Fatal(err)
		}
		if trail, notes, err := Audit(ctx, s); err != nil || len(trail) != 3 || !strings.Contains(strings.Join(notes, "\n"), want) {
			t.Errorf("without entry %d: %d are left, with notes %v; %v", i, len(trail), notes, err)
		}
		changed := strings.Replace(text, "somebody", "nobody", 1)
		if err := s.Put(ctx, objects[i].Name, strings.NewReader(changed)); err != nil {
			t.Fatal(err)
		}
		if _, notes, err := Audit(ctx, s); err != nil || !strings.Contains(strings.Join(notes, "\n"), objects[i].Name+" was changed") {
			t.Errorf("with entry %d changed: notes %v; %v", i, notes, err)
		}
		if err := s.Put(ctx, objects[i].Name, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, notes, err := Audit(ctx, s); err != nil || len(notes) != 0 {
		t.Errorf("whole again: notes %v; %v", notes, err)
	}
}

// TestSlotDamage changes slots in every way.
func TestSlotDamage(t *testing.T) {
	s, c, kek := newStore(t), newClock(), someKEK(t)
	r := newRing(s, kek, c)
	if err := r.Create(ctx); err != nil {
		t.Fatal(err)
	}
	if err := encrypted(s, r).Put(ctx, "old", strings.NewReader("by the first key")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	objects, err := s.List(ctx, slotFolder)
	if err != nil || len(objects) != 2 {
		t.Fatalf("%d slots, %v", len(objects), err)
	}
	first, second := storetest.Read(t, s, objects[0].Name), storetest.Read(t, s, objects[1].Name)
	copied := strings.Replace(objects[0].Name, slotFolder, copyFolder, 1)
	// With one of the two damaged or gone, all opens, and it is told.
	for _, name := range []string{objects[0].Name, copied} {
		if err := s.Put(ctx, name, strings.NewReader(first[:100])); err != nil {
			t.Fatal(err)
		}
		if got := storetest.Read(t, encrypted(s, ready(t, s, kek)), "old"); got != "by the first key" {
			t.Errorf("with %s damaged: %q", name, got)
		}
		if list, err := List(ctx, s); err != nil || len(list) != 2 || len(list[1].Errors) != 1 || !strings.Contains(list[1].Errors[0].Error(), name) {
			t.Errorf("with %s damaged: %v, %v", name, list, err)
		}
		if err := s.Delete(ctx, name); err != nil {
			t.Fatal(err)
		}
		if got := storetest.Read(t, encrypted(s, ready(t, s, kek)), "old"); got != "by the first key" {
			t.Errorf("without %s: %q", name, got)
		}
		if list, err := List(ctx, s); err != nil || len(list[1].Errors) != 1 || !strings.Contains(list[1].Errors[0].Error(), "is there once") {
			t.Errorf("without %s: %v, %v", name, list, err)
		}
		if err := s.Put(ctx, name, strings.NewReader(first)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, copied); err != nil {
		t.Fatal(err)
	}
	write := func(i int, text string) {
		t.Helper()
		if err := s.Put(ctx, objects[i].Name, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range first {
		changed := []byte(first)
		changed[i] ^= 1 << (i % 8)
		write(0, string(changed))
		fresh := newRing(s, kek, c)
		if err := fresh.Ready(ctx); err != nil {
			t.Fatalf("byte %d: the other key is not opened: %v", i, err)
		}
		body, err := encrypted(s, fresh).Get(ctx, "old")
		if err == nil { // white space, or the case of a name
			b, err := io.ReadAll(body)
			if err := errors.Join(err, body.Close()); err != nil || string(b) != "by the first key" {
				t.Fatalf("byte %d: what is read is %q, %v", i, b, err)
			}
			continue
		}
		if !errors.Is(err, crypt.ErrNoKey) || errors.Is(err, store.ErrDamaged) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	write(0, second)
	if err := ready(t, s, kek).keyError(t, objects[0].Name); err == nil || !strings.Contains(err.Error(), "put in its place") {
		t.Errorf("another slot in its place: %v", err)
	}
	write(0, strings.Replace(first, database, strings.Repeat("0", len(database)), 1))
	if err := ready(t, s, kek).keyError(t, objects[0].Name); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("another database: %v", err)
	}
	if err := s.Delete(ctx, objects[0].Name); err != nil {
		t.Fatal(err)
	}
	if _, err := encrypted(s, ready(t, s, kek)).Get(ctx, "old"); !errors.Is(err, crypt.ErrNoKey) || !strings.Contains(err.Error(), "retired") {
		t.Errorf("without its slot: %v", err)
	}
	write(0, first)
	other := New(Options{Store: s, DatabaseID: "other", KEK: kek, Now: c.now})
	if err := other.Ready(ctx); err == nil || !strings.Contains(err.Error(), "is of database") {
		t.Errorf("as another database: %v", err)
	}
}

func (r *Ring) keyError(t *testing.T, slot string) error {
	t.Helper()
	k, _, ok := parseSlotName(slot)
	if !ok {
		t.Fatal(slot)
	}
	_, err := r.Key(ctx, k.ID)
	return err
}

// TestFixture opens what the first version wrote.
func TestFixture(t *testing.T) {
	kek, err := (&Source{KeyFile: copied(t, "testdata/format1/backup.key")}).KEK()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []KEK{kek, NewPassphrase("a passphrase of format 1")} {
		dir := "testdata/format1/" + map[bool]string{true: "file", false: "passphrase"}[k == kek]
		s, err := store.OpenDir(filepath.Join(t.TempDir(), "repository"))
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			makeFixture(t, dir, k)
		}
		if err := os.CopyFS(strings.TrimPrefix(s.String(), "file://"), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if got := storetest.Read(t, encrypted(s, ready(t, s, k)), "files/ab/fixture"); got != "what the first version wrote\n" {
			t.Errorf("%s: %q", dir, got)
		}
		if trail, notes, err := Audit(ctx, s); err != nil || len(trail) != 2 || len(notes) != 0 {
			t.Errorf("%s: the trail is %v, with notes %v; %v", dir, trail, notes, err)
		}
	}
}
