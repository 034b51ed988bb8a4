package history

import (
	"fmt"
	"slices"
)

// Level is what was promised.
type Level int

// Levels, each forbidding more than the one before.
const (
	ReadCommitted Level = iota
	SnapshotIsolation
	Serializable
)

// Outcome is what became of a transaction.
type Outcome int

// Outcomes. Unknown ones count as committed if anybody saw them.
const (
	Committed Outcome = iota
	RolledBack
	Unknown
)

// Op appends a value to the list of a key, or reads the list.
type Op struct {
	Key    int
	Append int64   // 0: it reads
	Read   []int64 // what it read
}

// Txn is a transaction: its operations in their order.
type Txn struct {
	Ops     []Op
	Outcome Outcome
}

// Anomaly is something that the level forbids.
type Anomaly struct {
	// Kind is the name in the literature: G0, G1a, G1b, G1c, G-single, G-nonadjacent, G2; or: order, internal, lost,
	// twice.
	Kind string
	// Txns are the numbers of the transactions that show it.
	Txns []int
	What string
}

func (a Anomaly) String() string {
	return fmt.Sprintf("%s: %s, transactions %v", a.Kind, a.What, a.Txns)
}

// Check gives what in a history the level forbids. The last reads of each key, after everything else, must be part of
// it: what was committed and is not in the longest list counts as lost.
func Check(txns []Txn, level Level) []Anomaly {
	c := &checker{txns: txns, level: level, writer: map[int64]write{}, order: map[int][]int64{}}
	c.collect()
	c.orders()
	if len(c.found) > 0 {
		return c.found // without an order there are no dependencies
	}
	c.reads()
	c.lost()
	c.circles()
	return c.found
}

// write is where a value was appended.
type write struct {
	txn, key int
	last     bool // the transaction's last to the key
}

type checker struct {
	txns   []Txn
	level  Level
	writer map[int64]write
	order  map[int][]int64 // by key
	found  []Anomaly
}

func (c *checker) report(kind, what string, txns ...int) {
	c.found = append(c.found, Anomaly{kind, txns, what})
}

// collect notes who wrote what.
func (c *checker) collect() {
	for i, t := range c.txns {
		last := map[int]int64{}
		for _, op := range t.Ops {
			if op.Append == 0 {
				continue
			}
			c.writer[op.Append] = write{txn: i, key: op.Key}
			last[op.Key] = op.Append
		}
		for _, v := range last {
			w := c.writer[v]
			w.last = true
			c.writer[v] = w
		}
	}
}

// orders finds the order of each key: the longest list, of which all others are a beginning.
func (c *checker) orders() {
	c.eachRead(func(txn int, op Op) {
		if len(op.Read) > len(c.order[op.Key]) {
			c.order[op.Key] = op.Read
		}
	})
	c.eachRead(func(txn int, op Op) {
		longest := c.order[op.Key]
		if !slices.Equal(longest[:len(op.Read)], op.Read) {
			c.report("order", fmt.Sprintf("key %d was read as %v and as %v", op.Key, op.Read, longest), txn)
		}
	})
	for key, list := range c.order {
		seen := map[int64]bool{}
		for _, v := range list {
			if w, ok := c.writer[v]; seen[v] || !ok || w.key != key {
				c.report("twice", fmt.Sprintf("key %d has %d more than once, or from nobody", key, v))
			}
			seen[v] = true
		}
	}
}

// eachRead calls f for the reads of transactions that were not rolled back: what others read may be from anywhere.
func (c *checker) eachRead(f func(txn int, op Op)) {
	for i, t := range c.txns {
		if t.Outcome == RolledBack {
			continue
		}
		for _, op := range t.Ops {
			if op.Append == 0 {
				f(i, op)
			}
		}
	}
}

// reads looks at each read by itself: at what it must not see, and at what its own transaction did before.
func (c *checker) reads() {
	for i, t := range c.txns {
		if t.Outcome == RolledBack {
			continue
		}
		own, seen := map[int][]int64{}, map[int][]int64{}
		for _, op := range t.Ops {
			if op.Append != 0 {
				own[op.Key] = append(own[op.Key], op.Append)
				continue
			}
			c.read(i, op, own[op.Key])
			others := op.Read[:max(0, len(op.Read)-len(own[op.Key]))]
			if before, again := seen[op.Key]; again && c.level >= SnapshotIsolation && !slices.Equal(before, others) {
				c.report("internal", fmt.Sprintf("key %d was %v, then %v", op.Key, before, others), i)
			}
			seen[op.Key] = others
		}
	}
}

func (c *checker) read(txn int, op Op, own []int64) {
	others := op.Read
	if len(own) > 0 {
		if len(op.Read) < len(own) || !slices.Equal(op.Read[len(op.Read)-len(own):], own) {
			c.report("internal", fmt.Sprintf("key %d does not end in the reader's own %v", op.Key, own), txn)
			return
		}
		others = op.Read[:len(op.Read)-len(own)]
	}
	for i, v := range others {
		w := c.writer[v]
		if c.txns[w.txn].Outcome == RolledBack {
			c.report("G1a", fmt.Sprintf("value %d of key %d was rolled back and read", v, op.Key), w.txn, txn)
		}
		if i == len(others)-1 && !w.last {
			c.report("G1b", fmt.Sprintf("key %d was read in the middle of a transaction", op.Key), w.txn, txn)
		}
	}
}

// lost looks for what was committed and is nowhere.
func (c *checker) lost() {
	for i, t := range c.txns {
		if t.Outcome != Committed {
			continue
		}
		for _, op := range t.Ops {
			if op.Append != 0 && !slices.Contains(c.order[op.Key], op.Append) {
				c.report("lost", fmt.Sprintf("value %d of key %d was committed and is not there", op.Append, op.Key), i)
			}
		}
	}
}
