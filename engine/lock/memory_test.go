package lock

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"
)

// TestMemory: package txn counts 150 bytes and twice the key for a lock.
func TestMemory(t *testing.T) {
	const n = 1 << 16
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	m := New()
	for i := range uint64(n) {
		if _, err := m.Lock(context.Background(), Request{Owner: 1, Space: 1000, Key: binary.BigEndian.AppendUint64([]byte{1}, i), Mode: Exclusive}); err != nil {
			t.Fatal(err)
		}
	}
	took := float64(heap()-before) / n
	t.Logf("%.0f bytes a lock", took)
	if counted := 150.0 + 2*16; took > 1.3*counted || took < 0.7*counted {
		t.Errorf("a lock takes %.0f bytes, package txn counts %.0f", took, counted)
	}
	m.Release(1)
}
