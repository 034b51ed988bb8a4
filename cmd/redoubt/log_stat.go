package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"redoubt/flashback/redolog"
	"redoubt/sql/logmine"
)

// oneLine is a statement in a comment.
func oneLine(e *logmine.Event) string {
	text := e.Redo
	if text == "" {
		text = fmt.Sprintf("%s of a row of %s.%s, which came with a change of definitions", e.Operation, e.Schema, e.Table)
	}
	return strings.Join(strings.Fields(text), " ")
}

// group is what counts are by.
type group struct{ schema, table, user, operation string }

// counts are what was found.
type counts struct {
	transactions, changes map[group]uint64
	first, last           *logmine.Event
	allTransactions, all  uint64
	bytes                 uint64
}

func (n *counts) add(e *logmine.Event, known bool) {
	g := group{e.Schema, e.Table, e.User, e.Operation}
	n.changes[g]++
	n.all++
	if !known {
		n.transactions[g]++
	}
	if n.last == nil || n.last.SCN != e.SCN {
		n.allTransactions++
		n.bytes += uint64(e.RedoBytes)
	}
	if n.first == nil {
		n.first = e
	}
	n.last = e
}

func logStatCommand() *cobra.Command {
	var m mining
	c := &cobra.Command{
		Use:   "stat",
		Short: "Count changes by table, user and operation",
		Args:  cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		m.filter.Bare = true
		if m.data != "" || m.repository.address != "" {
			m.filter.Cost = &redolog.Cost{}
		}
		n := &counts{transactions: map[group]uint64{}, changes: map[group]uint64{}}
		if err := m.events(c, n.read); err != nil {
			return err
		}
		return n.print(c, &m)
	}
	m.flags(c)
	formatFlag(c, &m.format, "table", "json", "csv")
	return c
}

func (n *counts) read(events iter.Seq2[*logmine.Event, error]) error {
	met := map[group]uint64{} // the transaction in which a group was met last
	for e, err := range events {
		if err != nil {
			return err
		}
		g := group{e.Schema, e.Table, e.User, e.Operation}
		n.add(e, met[g] == e.SCN)
		met[g] = e.SCN
	}
	return nil
}

func (n *counts) print(c *cobra.Command, m *mining) error {
	out := lister{w: c.OutOrStdout(), format: m.format}
	groups := slices.SortedFunc(maps.Keys(n.changes), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.schema, b.schema), cmp.Compare(a.table, b.table), cmp.Compare(a.user, b.user), cmp.Compare(a.operation, b.operation))
	})
	for _, g := range groups {
		err := out.print([]field{
			{"schema", orNone(g.schema)},
			{"table", orNone(g.table)},
			{"user", orNone(g.user)},
			{"operation", g.operation},
			{"transactions", n.transactions[g]},
			{"changes", n.changes[g]},
		})
		if err != nil {
			return err
		}
	}
	if err := out.end(); err != nil || m.format != "table" || n.first == nil {
		return err
	}
	return n.summary(c, m.filter.Cost)
}

func (n *counts) summary(c *cobra.Command, cost *redolog.Cost) error {
	w := c.OutOrStdout()
	took := n.last.Time.Sub(n.first.Time)
	_, err := fmt.Fprintf(w, "SCN %d to %d, %s to %s: %d transactions, %d changes", n.first.SCN, n.last.SCN,
		n.first.Time.Format(timeLayout), n.last.Time.Format(timeLayout), n.allTransactions, n.all)
	if took > 0 && n.allTransactions > 1 {
		fmt.Fprintf(w, ", %.1f transactions per second", float64(n.allTransactions-1)/took.Seconds())
	}
	if cost != nil {
		fmt.Fprintf(w, "\n%d bytes of redo; of sealed segments %d blocks were read, %d bytes, and %d skipped, besides %d segments as a whole", n.bytes, cost.BlocksRead, cost.BytesRead, cost.BlocksSkipped, cost.SegmentsSkipped)
	}
	_, last := fmt.Fprintln(w)
	return errors.Join(err, last)
}
