package segments

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/internal/crashfs"
	"redoubt/scn"
)

func testCatalogOptions(fs vfs.FS, holds *Holds) CatalogOptions {
	return CatalogOptions{FS: fs, Dir: "seg", DatabaseID: testDatabase, Holds: holds}
}

func mustCatalog(t *testing.T, o CatalogOptions) *Catalog {
	t.Helper()
	c, err := OpenCatalog(o)
	must(t, err)
	return c
}

// sealNext seals records as the next segment of a catalog and adds it.
func sealNext(c *Catalog, fs vfs.FS, records []Record) error {
	h, _ := c.Next(1, 0)
	info, err := seal(fs, "seg", h, records, Compression(len(records)%2))
	if err != nil {
		return err
	}
	return c.Add(info)
}

// newChain makes a catalog of n segments of 100 records each.
func newChain(t *testing.T, fs vfs.FS, holds *Holds, n int) (*Catalog, []Record) {
	t.Helper()
	c := mustCatalog(t, testCatalogOptions(fs, holds))
	records := someRecords(rand.New(rand.NewPCG(4, 4)), 1, 100*n)
	for i := range n {
		must(t, sealNext(c, fs, records[100*i:100*i+100]))
	}
	return c, records
}

func scanAll(c *Catalog, records []Record, f Filter) error {
	it := c.Scan(f)
	err := differs(it, records, f)
	return errors.Join(err, it.Close())
}

func TestCatalog(t *testing.T) {
	fs := vfs.NewMem()
	holds := &Holds{}
	c, records := newChain(t, fs, holds, 6)
	must(t, c.Verify())
	must(t, scanAll(c, records, Filter{}))
	must(t, scanAll(c, records, Filter{SCNs: scn.Range{After: 150, To: 420}}))
	if r := c.Range(); r != (scn.Range{After: 0, To: 600}) {
		t.Errorf("range %v", r)
	}
	if info, ok := c.Find(250); !ok || info.FirstSCN != 201 || info.LastSCN != 300 {
		t.Errorf("find 250: %+v %v", info, ok)
	}
	if _, ok := c.Find(601); ok {
		t.Error("found 601")
	}
	it := c.Scan(Filter{SCNs: scn.Range{After: 300, To: 310}})
	for it.Next() {
	}
	if s := it.Stats(); s.Records != 10 || s.SegmentsSkipped != 5 {
		t.Errorf("%+v", s)
	}
	must(t, it.Close())

	// What does not follow is not taken.
	h, next := c.Next(1, 0)
	if next != 601 {
		t.Errorf("next SCN %d", next)
	}
	wrongHash := h
	wrongHash.PrevHash[0]++
	for name, try := range map[string]struct {
		h     Header
		first scn.SCN
	}{"gap": {h, 602}, "overlap": {h, 600}, "chain": {wrongHash, 601}} {
		sub := vfs.NewMem()
		must(t, sub.MkdirAll("seg", 0o755))
		info := mustSeal(t, sub, try.h, someRecords(rand.New(rand.NewPCG(5, 5)), try.first, 3))
		if err := c.Add(info); !errors.Is(err, ErrOutOfOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, c.Close())
	c = mustCatalog(t, testCatalogOptions(fs, holds))
	must(t, scanAll(c, records, Filter{}))
	must(t, c.Close())
	if err := c.Add(Info{}); !errors.Is(err, ErrClosed) {
		t.Errorf("add to a closed catalog: %v", err)
	}
}

func TestRemove(t *testing.T) {
	fs := vfs.NewMem()
	holds := &Holds{}
	c, records := newChain(t, fs, holds, 6)
	var held *HeldError
	if removed, err := c.Remove(scn.Max); !errors.As(err, &held) || len(removed) != 0 {
		t.Errorf("without a hold: %v, %v", removed, err)
	}
	holds.Set(Hold{Name: "checkpoint", SCN: 450, Owner: "engine"})
	holds.Set(Hold{Name: "backup", SCN: 250, Owner: "root@%", BudgetBytes: 1})
	removed, err := c.Remove(scn.Max)
	if !errors.As(err, &held) || held.Hold.Name != "backup" || !strings.Contains(err.Error(), `"backup" of root@%`) || len(removed) != 2 {
		t.Fatalf("%d removed, %v", len(removed), err)
	}
	if removed, err = c.Remove(200); err != nil || len(removed) != 0 {
		t.Errorf("below the hold: %v, %v", removed, err)
	}
	list := c.Held()
	if len(list) != 2 || list[0].Name != "backup" || !list[0].OverBudget || list[1].OverBudget || list[0].Bytes <= list[1].Bytes {
		t.Errorf("%+v", list)
	}
	must(t, scanAll(c, records[200:], Filter{}))
	for _, f := range []Filter{{SCNs: scn.Range{After: 0, To: 300}}, {SCNs: scn.Range{After: 199, To: 300}}} {
		if err := scanAll(c, nil, f); !errors.Is(err, ErrGone) {
			t.Errorf("%v: %v", f.SCNs, err)
		}
	}
	must(t, scanAll(c, records, Filter{SCNs: scn.Range{After: 200, To: 300}}))

	// A scan that began before a removal goes on to its end.
	it := c.Scan(Filter{})
	if !it.Next() || it.Record().SCN != 201 {
		t.Fatal(it.Err())
	}
	holds.Release("backup")
	holds.Release("checkpoint")
	holds.Set(Hold{Name: "all", SCN: 600})
	if removed, err = c.Remove(600); err != nil || len(removed) != 4 {
		t.Fatalf("%d removed, %v", len(removed), err)
	}
	for it.Next() {
	}
	if s := it.Stats(); s.Records != 100 || !strings.Contains(fmt.Sprint(it.Err()), "seg") {
		t.Errorf("the open segment gave %d records, and then %v", s.Records, it.Err())
	}
	must(t, it.Close())

	// An emptied chain goes on where it ended, also after it was opened again.
	must(t, c.Close())
	c = mustCatalog(t, testCatalogOptions(fs, holds))
	if _, next := c.Next(1, 0); next != 601 {
		t.Errorf("next %d", next)
	}
	if err := scanAll(c, nil, Filter{SCNs: scn.Range{After: 5, To: 9}}); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	more := someRecords(rand.New(rand.NewPCG(6, 6)), 601, 10)
	must(t, sealNext(c, fs, more))
	must(t, scanAll(c, more, Filter{}))
	must(t, c.Close())
	c = mustCatalog(t, testCatalogOptions(fs, holds))
	must(t, scanAll(c, more, Filter{SCNs: scn.Range{After: 600, To: 700}}))
	must(t, c.Close())
}

// TestReadOnlyCatalog reads segments that were copied without a manifest, and writes
// nothing.
func TestReadOnlyCatalog(t *testing.T) {
	fs := crashfs.New()
	c, records := newChain(t, fs, nil, 3)
	must(t, c.Close())
	must(t, fs.Remove("seg/"+manifestName))
	if _, err := OpenCatalog(testCatalogOptions(fs, nil)); !errors.Is(err, ErrMissingFile) {
		t.Errorf("segments without a manifest: %v", err)
	}
	o := testCatalogOptions(fs, nil)
	o.ReadOnly = true
	before := fs.Records()
	c = mustCatalog(t, o)
	must(t, scanAll(c, records, Filter{}))
	if err := c.Add(Info{}); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if _, err := c.Remove(1); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	must(t, c.Close())
	if fs.Records() != before {
		t.Error("a read-only catalog wrote")
	}
}

// chainState is what was promised: the records that are there.
type chainState struct{ first, last scn.SCN }

// catalogWorkload seals, adds and removes, and leaves marks: a state is promised, and
// the next one may be reached.
func catalogWorkload(fs *crashfs.FS, records []Record, holds *Holds) error {
	var state chainState
	c, err := OpenCatalog(testCatalogOptions(fs, holds))
	if err != nil {
		return err
	}
	fs.Mark([2]chainState{state, state})
	for i := range 8 {
		next := chainState{max(state.first, 1), scn.SCN(100 * (i + 1))}
		fs.Mark([2]chainState{state, next})
		if err := sealNext(c, fs, records[100*i:100*i+100]); err != nil {
			return err
		}
		state = next
		if i%3 == 2 {
			next.first = state.last - 99
			fs.Mark([2]chainState{state, next})
			holds.Set(Hold{Name: "h", SCN: state.last - 100})
			if _, err := c.Remove(state.last - 100); err != nil {
				return err
			}
			state = next
		}
		if i == 4 {
			if err := c.Close(); err != nil {
				return err
			}
			if c, err = OpenCatalog(testCatalogOptions(fs, holds)); err != nil {
				return err
			}
		}
		fs.Mark([2]chainState{state, state})
	}
	return c.Close()
}

func checkCatalog(fs vfs.FS, records []Record, marks []any) error {
	c, err := OpenCatalog(testCatalogOptions(fs, nil))
	if err != nil {
		return fmt.Errorf("open after a pure crash: %w", err)
	}
	defer c.Close()
	if err := c.Verify(); err != nil {
		return err
	}
	allowed := [2]chainState{}
	if len(marks) > 0 {
		allowed = marks[len(marks)-1].([2]chainState)
	}
	var got chainState
	if r := c.Range(); !r.Empty() {
		got = chainState{r.After + 1, r.To}
		if err := scanAll(c, records[r.After:r.To], Filter{}); err != nil {
			return err
		}
	}
	if got != allowed[0] && got != allowed[1] {
		return fmt.Errorf("the catalog has %v, promised were %v", got, allowed)
	}
	// It goes on.
	_, next := c.Next(1, 0)
	if next == 0 {
		next = 1
	}
	if err := sealNext(c, fs, records[next-1:next+9]); err != nil {
		return fmt.Errorf("seal after a crash: %w", err)
	}
	return c.Verify()
}

// TestCrash cuts a workload at every operation.
func TestCrash(t *testing.T) {
	records := someRecords(rand.New(rand.NewPCG(7, 7)), 1, 1000)
	fs := crashfs.New()
	must(t, catalogWorkload(fs, records, &Holds{}))
	n := 0
	for s := range fs.States(1, 3000) {
		n++
		if err := checkCatalog(s.FS, records, s.Marks); err != nil {
			t.Fatalf("%v: %v", s, err)
		}
	}
	t.Logf("%d states", n)
}

// TestCrashFindsBugs: without one kind of sync the same checks fail.
func TestCrashFindsBugs(t *testing.T) {
	records := someRecords(rand.New(rand.NewPCG(7, 7)), 1, 1000)
	for name, match := range map[string]func(string) bool{
		"segments":    func(p string) bool { return strings.Contains(p, tmpPrefix) },
		"manifest":    func(p string) bool { return strings.Contains(p, manifestName) },
		"directories": func(p string) bool { return p == "seg" },
	} {
		fs := crashfs.New()
		fs.LoseSyncs(match)
		must(t, catalogWorkload(fs, records, &Holds{}))
		found := false
		for s := range fs.States(1, 1500) {
			if err := checkCatalog(s.FS, records, s.Marks); err != nil {
				t.Logf("no sync of %s: %v: %v", name, s, err)
				found = true
				break
			}
		}
		if !found {
			t.Errorf("no sync of %s: nothing was found", name)
		}
	}
}

// TestErrorAtEveryOperation makes the n-th operation fail, for every n: what was
// promised before stays, and the catalog can be opened and goes on.
func TestErrorAtEveryOperation(t *testing.T) {
	records := someRecords(rand.New(rand.NewPCG(7, 7)), 1, 1000)
	n := 0
	for ; ; n++ {
		fs := crashfs.New()
		fired := fs.FailAt(n, false)
		err := catalogWorkload(fs, records, &Holds{})
		op, hit := fired()
		if !hit {
			must(t, err)
			break
		}
		fs.Inject(nil)
		if err != nil && !errors.Is(err, crashfs.ErrInjected) {
			t.Fatalf("operation %d (%v %s) failed: %v", n, op.Kind, op.Path, err)
		}
		var marks []any
		for s := range fs.States(1, fs.Records()+1) {
			marks = s.Marks
		}
		if err == nil {
			continue // cleaning up failed, which nobody needs to hear of
		}
		if err := checkCatalog(fs.Clone(), records, marks); err != nil {
			t.Fatalf("operation %d (%v %s) failed: %v", n, op.Kind, op.Path, err)
		}
		for seed := range uint64(4) {
			if err := checkCatalog(fs.CrashNow(seed).FS, records, marks); err != nil {
				t.Fatalf("operation %d (%v %s) failed, then a crash: %v", n, op.Kind, op.Path, err)
			}
		}
		// What a catalog shows once it is open again is durable, even if what failed was the
		// sync of it.
		c := mustCatalog(t, testCatalogOptions(fs, nil))
		shown := c.Range()
		must(t, c.Close())
		for seed := range uint64(8) {
			c := mustCatalog(t, testCatalogOptions(fs.CrashNow(seed).FS, nil))
			if got := c.Range(); got != shown {
				t.Fatalf("operation %d (%v %s) failed: opened with %v, after a crash %v", n, op.Kind, op.Path, shown, got)
			}
			must(t, c.Close())
		}
	}
	t.Logf("%d operations", n)
	if n < 200 {
		t.Errorf("only %d operations", n)
	}
}

// TestCatalogBesideScans: Add and Remove run beside scans. A scan without a hold may be
// overtaken by Remove, and says so.
func TestCatalogBesideScans(t *testing.T) {
	mem := vfs.NewMem()
	holds := &Holds{}
	c, records := newChain(t, mem, holds, 2)
	records = append(records, someRecords(rand.New(rand.NewPCG(8, 8)), 201, 2000)...)
	holds.Set(Hold{Name: "window", SCN: 0})
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for scans := 0; ; {
				select {
				case <-stop:
					if scans > 0 {
						return
					}
				default:
				}
				r := c.Range()
				from := max(r.To, 100) - 100
				it := c.Scan(Filter{SCNs: scn.Range{After: from, To: r.To}})
				err := errors.Join(differs(it, records[from:r.To], Filter{}), it.Close())
				if err != nil && !errors.Is(err, ErrGone) && !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
					return
				}
				if err == nil {
					scans++
				}
				_ = c.Held()
			}
		})
	}
	for i := 2; i < 22; i++ {
		must(t, sealNext(c, mem, records[100*i:100*i+100]))
		if i > 4 {
			holds.Set(Hold{Name: "window", SCN: scn.SCN(100 * (i - 3))})
			if _, err := c.Remove(scn.SCN(100 * (i - 3))); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	group.Wait()
	must(t, c.Close())
}
