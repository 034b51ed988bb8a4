package tap

import (
	"cmp"
	"container/heap"
	"slices"
)

// top keeps about the heaviest of very many keys: a key that is not kept has no more weight than the lightest that is.
type top[K comparable] struct {
	max   int
	by    map[K]*item[K]
	items items[K] // a heap, the lightest first
}

// item is a key that is kept.
type item[K comparable] struct {
	key    K
	weight uint64 // changes, at most excess too many
	excess uint64
	also   Amounts // what came while it was kept
	at     int
}

// Amounts are what is added up beside the weight.
type Amounts struct {
	Transactions, Inserts, Updates, Deletes, Bytes uint64
}

func (a *Amounts) add(b Amounts) {
	a.Transactions += b.Transactions
	a.Inserts += b.Inserts
	a.Updates += b.Updates
	a.Deletes += b.Deletes
	a.Bytes += b.Bytes
}

func newTop[K comparable](size int) *top[K] { return &top[K]{max: size, by: map[K]*item[K]{}} }

func (t *top[K]) add(key K, weight uint64, also Amounts) {
	if i, ok := t.by[key]; ok {
		i.weight += weight
		i.also.add(also)
		heap.Fix(&t.items, i.at)
		return
	}
	if len(t.items) < t.max {
		i := &item[K]{key: key, weight: weight, also: also}
		t.by[key] = i
		heap.Push(&t.items, i)
		return
	}
	i := t.items[0] // it makes room, and its weight may all have been the new key's
	delete(t.by, i.key)
	*i = item[K]{key: key, weight: i.weight + weight, excess: i.weight, also: also, at: i.at}
	t.by[key] = i
	heap.Fix(&t.items, 0)
}

// items is a heap.
type items[K comparable] []*item[K]

// Len implements heap.Interface.
func (h items[K]) Len() int { return len(h) }

// Less implements heap.Interface.
func (h items[K]) Less(i, j int) bool { return h[i].weight < h[j].weight }

// Swap implements heap.Interface.
func (h items[K]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements heap.Interface.
func (h *items[K]) Push(x any) {
	i := x.(*item[K])
	i.at = len(*h)
	*h = append(*h, i)
}

// Pop implements heap.Interface. Nothing is ever popped: items make room for others.
func (h *items[K]) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// Counted is a key and what was counted of it. Changes may be too high by Excess.
type Counted[K comparable] struct {
	Key     K
	Changes uint64
	Excess  uint64
	Amounts
}

// merged adds up the tops of several minutes, the heaviest first.
func merged[K comparable](tops []*top[K]) []Counted[K] {
	by := map[K]*Counted[K]{}
	for _, t := range tops {
		for _, i := range t.items {
			c := by[i.key]
			if c == nil {
				c = &Counted[K]{Key: i.key}
				by[i.key] = c
			}
			c.Changes += i.weight
			c.Excess += i.excess
			c.add(i.also)
		}
	}
	out := make([]Counted[K], 0, len(by))
	for _, c := range by {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Counted[K]) int { return cmp.Compare(b.Changes, a.Changes) })
	return out
}
