package history

import "fmt"

// kind is a kind of dependency.
type kind uint8

const (
	ww kind = iota
	wr
	rw
)

func (k kind) String() string { return [...]string{"ww", "wr", "rw"}[k] }

type edge struct {
	to   int
	kind kind
}

// graph is the dependencies of each transaction's followers on it.
type graph [][]edge

// dependencies makes the graph of what is in the orders of the keys.
func (c *checker) dependencies() graph {
	g := make(graph, len(c.txns))
	add := func(from, to int, k kind) {
		if from != to {
			g[from] = append(g[from], edge{to, k})
		}
	}
	place := map[int64]int{} // of a value in its list
	for _, list := range c.order {
		for i, v := range list {
			place[v] = i
			if i > 0 {
				add(c.writer[list[i-1]].txn, c.writer[v].txn, ww)
			}
		}
	}
	for i, t := range c.txns {
		if t.Outcome == RolledBack {
			continue
		}
		own := map[int]bool{}
		for _, op := range t.Ops {
			if op.Append != 0 {
				own[op.Key] = true
			}
			if op.Append != 0 || own[op.Key] {
				continue // what it wrote itself says nothing of others that its writes do not
			}
			list := c.order[op.Key]
			if n := len(op.Read); n > 0 {
				add(c.writer[op.Read[n-1]].txn, i, wr)
			}
			if n := len(op.Read); n < len(list) {
				add(i, c.writer[list[n]].txn, rw)
			}
		}
	}
	return g
}

// circles looks for those that the level forbids.
func (c *checker) circles() {
	g := c.dependencies()
	c.firstCircle(g, "G0", func(k kind) bool { return k == ww })
	c.firstCircle(g, "G1c", func(k kind) bool { return k != rw })
	if c.level >= SnapshotIsolation {
		c.nonadjacent(g)
	}
	if c.level >= Serializable {
		c.firstCircle(g, "G2", func(kind) bool { return true })
	}
}

// firstCircle reports a circle of edges of some kinds, if there is one.
func (c *checker) firstCircle(g graph, name string, follow func(kind) bool) {
	for _, group := range components(len(g), func(v int, yield func(int)) {
		for _, e := range g[v] {
			if follow(e.kind) {
				yield(e.to)
			}
		}
	}) {
		if len(group) > 1 {
			c.report(name, fmt.Sprintf("%d transactions depend on each other in a circle", len(group)), group...)
			return
		}
	}
}

// nonadjacent reports a circle in which no two rw stand next to each other: snapshot isolation lets none of these
// happen, G-single, with one rw, among them. The search goes over pairs of a transaction and whether an rw leads to it.
func (c *checker) nonadjacent(g graph) {
	for _, group := range components(2*len(g), func(v int, yield func(int)) {
		for _, e := range g[v/2] {
			switch {
			case e.kind != rw:
				yield(2 * e.to)
			case v%2 == 0:
				yield(2*e.to + 1)
			}
		}
	}) {
		if len(group) > 1 {
			txns := make([]int, len(group))
			for i, v := range group {
				txns[i] = v / 2
			}
			c.report("G-nonadjacent", fmt.Sprintf("%d transactions depend on each other as snapshots cannot", len(group)), txns...)
			return
		}
	}
}

// components gives the strongly connected components of a graph of n nodes (Tarjan's algorithm, without recursion).
func components(n int, edges func(v int, yield func(int))) [][]int {
	t := &tarjan{index: make([]int, n), low: make([]int, n), on: make([]bool, n)}
	for v := range n {
		if t.index[v] == 0 {
			t.visit(v, edges)
		}
	}
	return t.out
}

type tarjan struct {
	index, low []int // from 1
	on         []bool
	count      int
	stack      []int
	out        [][]int
}

type frame struct {
	v    int
	next []int // successors that are still to be visited
}

func (t *tarjan) visit(root int, edges func(v int, yield func(int))) {
	enter := func(v int) frame {
		t.count++
		t.index[v], t.low[v], t.on[v] = t.count, t.count, true
		t.stack = append(t.stack, v)
		f := frame{v: v}
		edges(v, func(to int) { f.next = append(f.next, to) })
		return f
	}
	frames := []frame{enter(root)}
	for len(frames) > 0 {
		f := &frames[len(frames)-1]
		if len(f.next) > 0 {
			to := f.next[0]
			f.next = f.next[1:]
			switch {
			case t.index[to] == 0:
				frames = append(frames, enter(to))
			case t.on[to]:
				t.low[f.v] = min(t.low[f.v], t.index[to])
			}
			continue
		}
		v := f.v
		frames = frames[:len(frames)-1]
		if len(frames) > 0 {
			above := frames[len(frames)-1].v
			t.low[above] = min(t.low[above], t.low[v])
		}
		if t.low[v] == t.index[v] {
			t.pop(v)
		}
	}
}

// pop takes the component whose first node is v off the stack.
func (t *tarjan) pop(v int) {
	var group []int
	for {
		w := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.on[w] = false
		group = append(group, w)
		if w == v {
			break
		}
	}
	t.out = append(t.out, group)
}
