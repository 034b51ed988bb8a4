package simcluster

import (
	"fmt"
	"slices"

	"redoubt/internal/history"
)

// moment is when an operation on a list began or was over, and the length that it showed: a read's, or the place of what was appended.
type moment struct {
	tick   int64
	begins bool
	append bool
	length int
	op     *Op
}

// linearizable tells what of a key's strong reads and appends cannot have happened one after the other, each between its begin and its
// end. No value is appended twice and the list tells their order, so this is exact: whoever begins must see all that others, who were
// done before, have shown or done.
func linearizable(key int, order []int64, ops []*Op) error {
	place := map[int64]int{}
	for i, v := range order {
		place[v] = i + 1
	}
	moments := momentsOf(key, place, ops)
	slices.SortFunc(moments, func(a, b moment) int { return int(a.tick - b.tick) })
	least, of := 0, (*Op)(nil)
	for _, m := range moments {
		switch {
		case !m.begins && m.length > least:
			least, of = m.length, m.op
		case m.begins && !m.append && m.length < least:
			return fmt.Errorf("list %d: %v read %d values, %v was over before and showed %d", key, m.op, m.length, of, least)
		case m.begins && m.append && m.length <= least:
			return fmt.Errorf("list %d: %v appended value %d, %v was over before and showed %d", key, m.op, m.length, of, least)
		}
	}
	return nil
}

// momentsOf lists them. An append whose outcome nobody knew shows nothing to those after it.
func momentsOf(key int, place map[int64]int, ops []*Op) (moments []moment) {
	for _, op := range ops {
		own := 0
		for _, o := range op.ops {
			if o.Key != key {
				continue
			}
			m := moment{begins: true, append: o.Append != 0, op: op, tick: op.Begin}
			end := op.End
			switch {
			case m.append:
				own++
				if m.length = place[o.Append]; op.outcome != history.Committed || m.length == 0 {
					continue
				}
			case op.Read == 0:
				continue
			default:
				m.length, end = len(o.Read)-own, op.Read
			}
			moments = append(moments, m)
			if m.begins = false; end != 0 {
				m.tick = end
				moments = append(moments, m)
			}
		}
	}
	return moments
}

// String names it.
func (op *Op) String() string {
	return fmt.Sprintf("transaction %d (client %d at %s, ticks %d, %d, %d; %v: %v)", op.xid, op.Client, op.Node, op.Begin, op.Read, op.End, op.ops, op.why)
}
