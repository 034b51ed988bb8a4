package mvcc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redoubt/scn"
)

func openCached(t *testing.T, bytes int64) *Store {
	s := openMem(t, bytes)
	t.Cleanup(func() { s.Close() })
	return s
}

func cacheKey(k int) []byte { return fmt.Appendf(nil, "k%05d", k) }

// rowCacheModel is a store whose row cache is compared with its tree. One goroutine writes, others read what is visible by then.
type rowCacheModel struct {
	*testing.T
	*Store
	keys    int
	visible atomic.Uint64
}

func (m *rowCacheModel) commit(change func(b *Batch, at scn.SCN) error) {
	at := scn.SCN(m.visible.Load() + 1)
	b := m.NewBatch()
	if err := change(b, at); err != nil {
		m.Error(err)
	}
	if err := b.Commit(); err != nil {
		m.Error(err)
	}
	m.SetVisible(at)
	m.visible.Store(uint64(at))
}

// write commits something of each kind that is written to a store.
func (m *rowCacheModel) write(r *rand.Rand) {
	space, changes := scn.Space(7+r.IntN(2)), 1+r.IntN(6)
	switch r.IntN(40) {
	case 0:
		changes = batchPages + 1
	case 1:
		m.ingest(space, r)
		return
	case 2, 3, 4, 5:
		m.dropOne(space, r)
		return
	case 6:
		m.commit(func(b *Batch, _ scn.SCN) error { return b.DropSpace(space) })
		return
	}
	m.commit(func(b *Batch, at scn.SCN) error {
		for range changes {
			k := cacheKey(r.IntN(m.keys))
			var err error
			switch r.IntN(8) {
			case 0, 1:
				err = b.Delete(space, k, at)
			case 2: // what folding writes beside
				err = b.Copy(space, k, at-scn.SCN(r.IntN(min([]int{30, 5000}[r.IntN(2)], int(at)))), Version{SCN: max(at-1, 1), Deleted: r.IntN(3) == 0, Value: []byte("copied")}, r.IntN(4) > 0)
			case 3:
				err = b.Put(space, k, at, bytes.Repeat([]byte{'x'}, r.IntN(2*rowBytesMax)))
			default:
				err = b.Put(space, k, at, fmt.Appendf(nil, "%d/%s@%d", space, k, at))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *rowCacheModel) ingest(space scn.Space, r *rand.Rand) {
	at := scn.SCN(m.visible.Load() + 1)
	w := m.NewTableWriter(fmt.Sprintf("ingest-%d", at))
	for k := r.IntN(m.keys); k < m.keys; k += 1 + r.IntN(20) {
		if err := w.Put(space, cacheKey(k), at, []byte("ingested")); err != nil {
			m.Error(err)
		}
	}
	paths, err := w.Finish()
	if err == nil {
		err = m.Ingest(context.Background(), paths)
	}
	if err != nil {
		m.Error(err)
	}
	m.SetVisible(at)
	m.visible.Store(uint64(at))
}

// dropOne removes the newest version of a key that is deleted, as collection does.
func (m *rowCacheModel) dropOne(space scn.Space, r *rand.Rand) {
	var k []byte
	for range 50 {
		k = cacheKey(r.IntN(m.keys))
		if v, found, err := m.Get(scn.Simple(space, scn.Max), k, nil); err != nil {
			m.Error(err)
		} else if found && v.Deleted && !v.Copied {
			m.commit(func(b *Batch, _ scn.SCN) error { return b.Drop(space, k, v.SCN) })
			return
		}
	}
}

// lineage is one of those that there are: as of now or not long ago, and after a rewind.
func (m *rowCacheModel) lineage(r *rand.Rand) scn.Lineage {
	space, top := scn.Space(7+r.IntN(2)), scn.SCN(m.visible.Load())
	if r.IntN(3) == 0 {
		top -= min(top, scn.SCN(r.IntN(30)))
	}
	if r.IntN(3) == 0 && top > 20 {
		middle := top - scn.SCN(r.IntN(20))
		return scn.Lineage{{Space: space, Bottom: middle, Top: top}, {Space: space, Top: middle - min(middle, scn.SCN(r.IntN(10)))}}
	}
	return scn.Simple(space, top)
}

// compare reads the same twice, with the cache and without.
func (m *rowCacheModel) compare(r *rand.Rand) {
	lineage := m.lineage(r)
	tree, err := m.db.NewIter(nil)
	if err != nil {
		m.Fatal(err)
	}
	defer tree.Close()
	low := r.IntN(m.keys)
	limits := Range{Low: cacheKey(low), High: cacheKey(low + 1 + r.IntN(200))}
	if r.IntN(10) == 0 {
		limits = Range{}
	}
	want := m.scan(lineage, limits)
	limits.Pinned = true
	if have := m.scan(lineage, limits); have != want {
		m.Errorf("scan of %v in [%s, %s)\nby the cache %s\nby the tree  %s", lineage, limits.Low, limits.High, have, want)
	}
	for range 5 {
		k := cacheKey(r.IntN(m.keys + 1))
		want, wanted, err := get(tree, lineage, k, nil)
		if err != nil {
			m.Error(err)
		}
		have, found, err := m.Get(lineage, k, nil)
		if err != nil {
			m.Error(err)
		}
		if found != wanted || found && (have.SCN != want.SCN || have.Deleted != want.Deleted || have.Copied != want.Copied || !bytes.Equal(have.Value, want.Value)) {
			m.Errorf("%s of %v: by the cache %v %.60v, by the tree %v %.60v", k, lineage, found, have, wanted, want)
		}
	}
}

func (m *rowCacheModel) scan(lineage scn.Lineage, limits Range) string {
	it, err := m.NewIterator(lineage, limits)
	if err != nil {
		m.Fatal(err)
	}
	var out bytes.Buffer
	for it.Next() {
		v := it.Version()
		fmt.Fprintf(&out, "%s@%d %.20s %d, ", it.Key(), v.SCN, v.Value, len(v.Value))
	}
	if err := it.Close(); err != nil {
		m.Error(err)
	}
	return out.String()
}

// checkBytes counts what the cache holds anew.
func (m *rowCacheModel) checkBytes() {
	c := m.pages
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum int64
	spaces := map[uint32]int{}
	for i, s := range c.slots {
		spaces[spaceOf(s.low)]++
		if i > 0 && bytes.Compare(c.slots[i-1].high, s.low) > 0 {
			m.Errorf("pages %d and %d overlap", i-1, i)
		}
		p := s.page.Load()
		if p == nil {
			m.Errorf("page %d was never read", i)
			continue
		}
		sum += newPage(p.rows, p.high).bytes + pageOverhead
		if !bytes.Equal(p.high, s.high) {
			m.Errorf("page %d ends at %x, its slot at %x", i, p.high, s.high)
		}
	}
	if have := c.bytes.Load(); have != sum {
		m.Errorf("the cache counts %d bytes, and has %d", have, sum)
	}
	if fmt.Sprint(spaces) != fmt.Sprint(c.spaces) {
		m.Errorf("the cache has pages of %v, and counts %v", spaces, c.spaces)
	}
}

// TestRowCache writes and reads at once; whatever is read by the cache must be what the tree gives. With little room pages come and go.
// A drop of a space or of a version, and what ingestion brings, is only compared from the next read on: nobody who reads is to notice it.
func TestRowCache(t *testing.T) {
	for _, bytes := range []int64{64 << 10, 512 << 10, 64 << 20} {
		t.Run(fmt.Sprintf("bytes=%d", bytes), func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			m := &rowCacheModel{T: t, Store: openCached(t, bytes), keys: 1500}
			var gate sync.RWMutex // readers that must not be overtaken by a drop, which they would not live to see in a database
			writer, end := rand.New(rand.NewPCG(seed, 0)), time.Now().Add(time.Second)
			var readers sync.WaitGroup
			for i := range 3 {
				readers.Go(func() {
					r := rand.New(rand.NewPCG(seed, uint64(i)+1))
					for time.Now().Before(end) && !t.Failed() {
						gate.RLock()
						m.compare(r)
						gate.RUnlock()
					}
				})
			}
			for n := 0; time.Now().Before(end) && !t.Failed(); n++ {
				if n%50 == 0 {
					gate.Lock()
					m.write(writer)
					gate.Unlock()
					continue
				}
				changes := 1
				if writer.IntN(200) == 0 {
					changes = batchPages + 1
				}
				m.commit(func(b *Batch, at scn.SCN) (err error) {
					for range changes {
						err = errors.Join(err, b.Put(scn.Space(7+writer.IntN(2)), cacheKey(writer.IntN(m.keys)), at, fmt.Appendf(nil, "@%d", at)))
					}
					return err
				})
			}
			readers.Wait()
			m.checkBytes()
			stats := m.RowCache()
			t.Logf("%+v after %d commits", stats, m.visible.Load())
			if stats.Hits == 0 {
				t.Error("nothing was ever read from the cache")
			}
			if stats.Bytes > 2*bytes {
				t.Errorf("the cache has %d bytes", stats.Bytes)
			}
		})
	}
}

// TestRowCacheServes counts looks into the tree: what is current and was read once is not looked for there again.
func TestRowCacheServes(t *testing.T) {
	s := openCached(t, 1<<20)
	m := &rowCacheModel{T: t, Store: s}
	m.commit(func(b *Batch, at scn.SCN) (err error) {
		for k := range 300 {
			err = errors.Join(err, b.Put(7, cacheKey(k), at, []byte("value")))
		}
		return err
	})
	scan := func() { m.scan(scn.Simple(7, 1), Range{Low: cacheKey(10), High: cacheKey(110), Pinned: true}) }
	scan()
	before := s.RowCache()
	if before.Pages != 2 {
		t.Errorf("%d pages, want 2", before.Pages)
	}
	scan()
	if _, found, err := s.Get(scn.Simple(7, 1), cacheKey(50), nil); !found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if after := s.RowCache(); after.Misses != before.Misses || after.Hits != before.Hits+3 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// TestRowCacheNeverWas: a copy that says that a key never was hides what lies in older intervals, below a newer version, too.
func TestRowCacheNeverWas(t *testing.T) {
	m := &rowCacheModel{T: t, Store: openCached(t, 1<<20)}
	put := func(at scn.SCN, change func(b *Batch) error) {
		m.visible.Store(uint64(at) - 1)
		m.commit(func(b *Batch, _ scn.SCN) error { return change(b) })
	}
	put(5, func(b *Batch) error { return b.Put(7, cacheKey(1), 5, []byte("old")) })
	put(20, func(b *Batch) error { return b.Copy(7, cacheKey(1), 20, Version{}, false) })
	put(30, func(b *Batch) error { return b.Put(7, cacheKey(1), 30, []byte("new")) })
	lineage := scn.Lineage{{Space: 7, Bottom: 10, Top: 25}, {Space: 7, Top: 8}}
	if have, want := m.scan(lineage, Range{Pinned: true}), m.scan(lineage, Range{}); have != want {
		t.Errorf("by the cache %q, by the tree %q", have, want)
	}
}

// TestRowCacheBars: a version that is too large is read from the tree, and what is beside it from pages.
func TestRowCacheBars(t *testing.T) {
	m := &rowCacheModel{T: t, Store: openCached(t, 1<<20)}
	m.commit(func(b *Batch, at scn.SCN) (err error) {
		for k := range 10 {
			err = errors.Join(err, b.Put(7, cacheKey(k), at, []byte("small")))
		}
		return errors.Join(err, b.Put(7, cacheKey(5), at, make([]byte, rowBytesMax)))
	})
	for range 3 {
		if have, want := m.scan(scn.Simple(7, 1), Range{Pinned: true}), m.scan(scn.Simple(7, 1), Range{}); have != want {
			t.Errorf("by the cache %q, by the tree %q", have, want)
		}
	}
	if stats := m.RowCache(); stats.Pages != 2 {
		t.Errorf("%d pages, want what is before the large one, and its place", stats.Pages)
	}
	m.checkBytes()
}

// TestRowCacheKeepsAway: where a page was hard to read, as most of what was there is deleted and collected, lookups have none read.
func TestRowCacheKeepsAway(t *testing.T) {
	m := &rowCacheModel{T: t, Store: openCached(t, 1<<20)}
	const keys = 2 * loadSteps
	for _, change := range []func(b *Batch, k int) error{
		func(b *Batch, k int) error { return b.Put(7, cacheKey(k), 1, []byte("value")) },
		func(b *Batch, k int) error { return b.Drop(7, cacheKey(k), 1) },
	} {
		m.commit(func(b *Batch, _ scn.SCN) (err error) {
			for k := range keys {
				err = errors.Join(err, change(b, k))
			}
			return err
		})
	}
	for n := range 100 {
		if _, found, err := m.Get(scn.Simple(7, 2), cacheKey(n*100), nil); found || err != nil {
			t.Errorf("%v, %v", found, err)
		}
	}
	if stats := m.RowCache(); stats.Pages != 1 || !m.pages.isShy(7) {
		t.Errorf("%+v, want one page", stats)
	}
}
