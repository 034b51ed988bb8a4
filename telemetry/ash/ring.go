package ash

import (
	"sort"
	"sync"
)

// ring keeps the latest rows, in chunks, so that a node with little to do takes little memory. Rows come in order of time.
type ring struct {
	mu      sync.RWMutex
	chunks  [][]row // full but for the last; the oldest goes when there are too many
	max     int     // chunks
	dropped uint64  // rows that had to go
}

const chunkRows = 1024

func newRing(bytesMax int64) *ring {
	return &ring{max: max(int(bytesMax/(chunkRows*rowBytes)), 2)}
}

func (r *ring) add(rows []row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(rows) > 0 {
		last := len(r.chunks) - 1
		if last < 0 || len(r.chunks[last]) == chunkRows {
			if len(r.chunks) >= r.max {
				r.dropped += uint64(len(r.chunks[0]))
				r.chunks = append(r.chunks[:0:0], r.chunks[1:]...)
			}
			r.chunks = append(r.chunks, make([]row, 0, chunkRows))
			last = len(r.chunks) - 1
		}
		room := min(chunkRows-len(r.chunks[last]), len(rows))
		r.chunks[last] = append(r.chunks[last], rows[:room]...)
		rows = rows[room:]
	}
}

// forget drops chunks that hold nothing from a moment on.
func (r *ring) forget(before int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < len(r.chunks)-1 && r.chunks[n][len(r.chunks[n])-1].micros < before {
		r.dropped += uint64(len(r.chunks[n]))
		n++
	}
	if n > 0 {
		r.chunks = append(r.chunks[:0:0], r.chunks[n:]...)
	}
}

// window gives the rows of [from, to), in order. The slices are not to be changed; what was added stays as it is.
func (r *ring) window(from, to int64) (out [][]row) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, c := range r.chunks {
		if len(c) == 0 || c[len(c)-1].micros < from || c[0].micros >= to {
			continue
		}
		low := sort.Search(len(c), func(i int) bool { return c[i].micros >= from })
		high := sort.Search(len(c), func(i int) bool { return c[i].micros >= to })
		if low < high {
			out = append(out, c[low:high:high])
		}
	}
	return out
}

// len is how many rows there are.
func (r *ring) len() (n int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, c := range r.chunks {
		n += len(c)
	}
	return n
}

// gone is how many rows had to go.
func (r *ring) gone() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.dropped
}

// bytes is what the ring takes in memory.
func (r *ring) bytes() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return int64(len(r.chunks)) * chunkRows * rowBytes
}

// oldest is the moment of the oldest row; 0 if there is none.
func (r *ring) oldest() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.chunks) == 0 {
		return 0
	}
	return r.chunks[0][0].micros
}
