package mvcc

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"redoubt/scn"
)

func openMem(t interface{ Fatal(...any) }, rowCacheBytes int64) *Store {
	s, err := Open(Options{FS: vfs.NewMem(), Dir: "state", CacheBytes: 1 << 20, RowCacheBytes: rowCacheBytes, MemtableBytes: 1 << 20, Logger: quiet{pebble.DefaultLogger}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type modelVersion struct {
	space   scn.Space
	key     string
	at      scn.SCN
	deleted bool
}

// TestAgainstModel writes random versions into two spaces, flushing now and then, and compares reads under random
// lineages, forwards, backwards and by key, with a search through the list of all versions.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := openMem(t, 0)
		defer s.Close()
		var all []modelVersion
		last := scn.SCN(rapid.IntRange(1, 60).Draw(t, "commits"))
		for at := scn.SCN(1); at <= last; at++ {
			b := s.NewBatch()
			for _, k := range rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 1, 4, rapid.ID).Draw(t, "keys") {
				v := modelVersion{scn.Space(rapid.IntRange(7, 8).Draw(t, "space")), fmt.Sprintf("k%02d", k), at, rapid.Bool().Draw(t, "deleted")}
				all = append(all, v)
				if v.deleted {
					b.Delete(v.space, []byte(v.key), at)
				} else {
					b.Put(v.space, []byte(v.key), at, fmt.Appendf(nil, "%d/%s@%d", v.space, v.key, at))
				}
			}
			if err := b.Commit(); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 9).Draw(t, "flush") == 0 {
				if err := s.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 8 {
			checkReads(t, s, all, drawLineage(t, last))
		}
	})
}

func drawLineage(t *rapid.T, last scn.SCN) (l scn.Lineage) {
	top := scn.SCN(rapid.IntRange(0, int(last)).Draw(t, "top"))
	for range rapid.IntRange(1, 3).Draw(t, "depth") {
		bottom := scn.SCN(rapid.IntRange(0, int(top)).Draw(t, "bottom"))
		l = append(l, scn.Interval{Space: scn.Space(rapid.IntRange(7, 8).Draw(t, "space")), Bottom: bottom, Top: top})
		top = scn.SCN(rapid.IntRange(0, int(bottom)).Draw(t, "top"))
	}
	return l
}

func modelGet(all []modelVersion, l scn.Lineage, key string) (found modelVersion, ok bool) {
	for _, span := range l {
		for _, v := range all {
			if v.space == span.Space && v.key == key && span.Contains(v.at) && (!ok || v.at > found.at) {
				found, ok = v, true
			}
		}
		if ok {
			return found, true
		}
	}
	return found, false
}

func checkReads(t *rapid.T, s *Store, all []modelVersion, l scn.Lineage) {
	low, high := rapid.IntRange(0, 9).Draw(t, "low"), rapid.IntRange(0, 10).Draw(t, "high")
	r := Range{Low: fmt.Appendf(nil, "k%02d", low), High: fmt.Appendf(nil, "k%02d", high)}
	var want []string
	for k := range 10 {
		key := fmt.Sprintf("k%02d", k)
		v, ok := modelGet(all, l, key)
		got, found, err := s.Get(l, []byte(key), nil)
		if err != nil || found != ok || found && (got.SCN != v.at || got.Deleted != v.deleted) {
			t.Fatalf("Get(%s) under %v = %+v, %v, %v; want %+v, %v", key, l, got, found, err, v, ok)
		}
		if ok && !v.deleted && k >= low && k < high {
			want = append(want, fmt.Sprintf("%s=%d/%s@%d", key, v.space, key, v.at))
		}
	}
	for _, reverse := range []bool{false, true} {
		r.Reverse = reverse
		if got := scan(t, s, l, r); !slices.Equal(got, want) {
			t.Fatalf("scan [k%02d, k%02d) reverse %v under %v:\n got %v\nwant %v", low, high, reverse, l, got, want)
		}
		slices.Reverse(want)
	}
}

func scan(t interface{ Fatal(...any) }, s *Store, l scn.Lineage, r Range) (out []string) {
	it, err := s.NewIterator(l, r)
	if err != nil {
		t.Fatal(err)
	}
	for it.Next() {
		out = append(out, fmt.Sprintf("%s=%s", it.Key(), it.Version().Value))
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDurableMeta shows that a named value is durable after a flush, and with everything written before it.
func TestDurableMeta(t *testing.T) {
	fs := vfs.NewCrashableMem()
	open := func(fs vfs.FS) *Store {
		s, err := Open(Options{FS: fs, Dir: "state", CacheBytes: 1 << 20, MemtableBytes: 1 << 20, Logger: quiet{pebble.DefaultLogger}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(fs)
	put := func(at scn.SCN) {
		b := s.NewBatch()
		b.Put(7, fmt.Appendf(nil, "key%d", at), at, nil)
		b.SetMeta("position", fmt.Appendf(nil, "%d", at))
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	put(1)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	put(2)
	if now, _ := s.Meta("position"); string(now) != "2" {
		t.Fatalf("position %q, want 2", now)
	}
	if durable, _ := s.DurableMeta("position"); string(durable) != "1" {
		t.Fatalf("durable position %q, want 1", durable)
	}
	crashed := open(fs.CrashClone(vfs.CrashCloneCfg{}))
	defer crashed.Close()
	if after, _ := crashed.Meta("position"); string(after) != "1" {
		t.Fatalf("position after a crash %q, want 1", after)
	}
	if got := scan(t, crashed, scn.Simple(7, 9), Range{}); !slices.Equal(got, []string{"key1="}) {
		t.Fatalf("rows after a crash: %v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestKeyOrder(t *testing.T) {
	keys := [][]byte{
		metaKey("a"), metaKey("b"),
		appendDataKey(nil, 1, []byte("a"), 9), appendDataKey(nil, 1, []byte("a"), 3),
		appendDataKey(nil, 1, []byte("ab"), 9), appendDataKey(nil, 1, []byte("b"), scn.Max),
		appendDataKey(nil, 2, nil, 0),
	}
	c := comparer()
	for i, a := range keys {
		for j, b := range keys {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := c.Compare(a, b); got != want {
				t.Errorf("Compare(%s, %s) = %d, want %d", c.FormatKey(a), c.FormatKey(b), got, want)
			}
			if x, y := c.AbbreviatedKey(a), c.AbbreviatedKey(b); want < 0 && x > y {
				t.Errorf("abbreviated %s sorts after %s", c.FormatKey(a), c.FormatKey(b))
			}
		}
		successor := c.ImmediateSuccessor(nil, prefixOf(a))
		if c.Compare(successor, a) <= 0 || bytes.Equal(prefixOf(successor), prefixOf(a)) {
			t.Errorf("successor of %s is %s", c.FormatKey(a), c.FormatKey(successor))
		}
	}
}

// quiet drops what Pebble tells about its work.
type quiet struct{ pebble.Logger }

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// What an idle store has merged it lets go of, though lookups before it have left iterators that could serve again.
func TestMergedFilesGo(t *testing.T) {
	s := openMem(t, 0)
	defer s.Close()
	for at := scn.SCN(1); at <= 2; at++ {
		b := s.NewBatch()
		b.Put(7, []byte("k"), at, []byte("v"))
		if err := errors.Join(b.Commit(), s.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	if _, found, err := s.Get(scn.Lineage{{Space: 7, Top: 2}}, []byte("k"), nil); err != nil || !found {
		t.Fatal(found, err)
	}
	if err := s.db.Compact(t.Context(), []byte{0}, []byte{255}, false); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for m := s.db.Metrics(); m.Table.ZombieCount > 0; m = s.db.Metrics() {
		if time.Now().After(deadline) {
			t.Fatalf("%d files are kept", m.Table.ZombieCount)
		}
		time.Sleep(time.Millisecond)
	}
}
