package mvcc

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/scn"
)

// BenchmarkScan reads 100 neighbouring keys, of now and as of before all later versions, which are spread over all keys.
func BenchmarkScan(b *testing.B) {
	const keys = 20_000
	for _, versions := range []int{1, 5, 20, 50} {
		s, err := Open(Options{FS: vfs.NewMem(), Dir: "state", CacheBytes: 1 << 30, MemtableBytes: 64 << 20, Logger: quiet{pebble.DefaultLogger}})
		if err != nil {
			b.Fatal(err)
		}
		fill(b, s, keys, versions)
		now := scn.SCN(keys * (versions + 1) / 1000)
		for name, at := range map[string]scn.SCN{"now": now, "past": keys / 1000} {
			b.Run(fmt.Sprintf("versions=%d/%s", versions, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					low := rand.IntN(keys - 100)
					it, err := s.NewIterator(scn.Lineage{{Space: 2000, Top: at}}, Range{Low: number(low), High: number(low + 100)})
					if err != nil {
						b.Fatal(err)
					}
					n := 0
					for it.Next() {
						n++
					}
					if err := it.Close(); err != nil || n != 100 {
						b.Fatal(n, err)
					}
				}
			})
		}
		s.Close()
	}
}

func number(n int) []byte { return binary.BigEndian.AppendUint64([]byte{1}, uint64(n)) }

// fill writes each key, and then new versions of keys in random order, 1,000 in a commit.
func fill(b *testing.B, s *Store, keys, versions int) {
	value, r := make([]byte, 200), rand.New(rand.NewPCG(1, 2))
	var order []int
	for v := range versions + 1 {
		if round := r.Perm(keys); v > 0 {
			order = append(order, round...)
			continue
		}
		for k := range keys {
			order = append(order, k)
		}
	}
	for i := 0; i < len(order); i += 1000 {
		batch := s.NewBatch()
		for _, k := range order[i : i+1000] {
			for j := range value {
				value[j] = byte(r.Uint32() % 40)
			}
			if err := batch.Put(2000, number(k), scn.SCN(i/1000+1), value); err != nil {
				b.Fatal(err)
			}
		}
		if err := batch.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		b.Fatal(err)
	}
	s.SetVisible(scn.SCN(len(order) / 1000))
}
