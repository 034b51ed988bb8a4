package sqlstat

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// histogram counts durations in microseconds, in four buckets for each power of two: a quantile, given as the middle of its
// bucket, is right within 13 %.
type histogram struct {
	counts [histogramBuckets]atomic.Uint32
	low    atomic.Uint32 // lowest and highest bucket that has any, plus one; 0: none has
	high   atomic.Uint32
}

const (
	perOctave        = 4
	histogramOctaves = 28 // up to 268 s; longer ones count as that long
	histogramBuckets = histogramOctaves * perOctave
)

func (h *histogram) add(micros uint64) {
	b := bucketOf(micros)
	h.counts[b].Add(1)
	h.has(uint32(b) + 1)
}

// has widens the range of buckets that have any.
func (h *histogram) has(b uint32) {
	for now := h.low.Load(); (now == 0 || b < now) && !h.low.CompareAndSwap(now, b); now = h.low.Load() {
	}
	for now := h.high.Load(); b > now && !h.high.CompareAndSwap(now, b); now = h.high.Load() {
	}
}

// fold adds the counts of another.
func (h *histogram) fold(other *histogram) {
	for i := range other.counts {
		if n := other.counts[i].Load(); n > 0 {
			h.counts[i].Add(n)
			h.has(uint32(i) + 1)
		}
	}
}

// bucketOf gives the bucket of a duration: the power of two below it, and the two bits behind its first.
func bucketOf(micros uint64) int {
	if micros < perOctave {
		return int(micros)
	}
	octave := bits.Len64(micros) - 1
	part := int(micros>>(octave-2)) & (perOctave - 1)
	return min((octave-1)*perOctave+part, histogramBuckets-1)
}

// middleOf is the middle of a bucket.
func middleOf(bucket int) uint64 {
	if bucket < perOctave {
		return uint64(bucket)
	}
	octave, part := bucket/perOctave+1, bucket%perOctave
	low := uint64(perOctave+part) << (octave - 2)
	return low + uint64(1)<<(octave-2)/2
}

// quantiles gives the durations below which such shares of all lie; shares ascend.
func (h *histogram) quantiles(shares [3]float64) (out [3]uint64) {
	low, high := int(h.low.Load())-1, int(h.high.Load())
	if low < 0 {
		return out
	}
	if low == high-1 {
		m := middleOf(low) // whatever the share
		return [3]uint64{m, m, m}
	}
	total := uint64(0)
	for i := low; i < high; i++ {
		total += uint64(h.counts[i].Load())
	}
	below, bucket := uint64(0), low
	for i, share := range shares {
		rank := max(uint64(math.Ceil(share*float64(total))), 1)
		for bucket < high-1 {
			n := uint64(h.counts[bucket].Load())
			if below+n >= rank {
				break
			}
			below += n
			bucket++
		}
		if total > 0 {
			out[i] = middleOf(bucket)
		}
	}
	return out
}
