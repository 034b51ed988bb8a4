package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/report"
	"redoubt/internal/shell"
)

// nodeTimeout is how long one of several nodes may take for its part of a report.
const nodeTimeout = time.Minute

// across is a report of several nodes: how one of them is asked, and how all of them are written in some formats.
type across[R any] struct {
	collect func(ctx context.Context, conn *sql.Conn, w *reportWindow, now time.Time) (R, error)
	formats map[string]func([]R, []report.Missing, io.Writer) error
	check   func(w *reportWindow) error
}

var awrAcross = across[*report.AWR]{
	collect: func(ctx context.Context, conn *sql.Conn, w *reportWindow, now time.Time) (*report.AWR, error) {
		return report.CollectAWR(ctx, conn, w.from, w.to, now)
	},
	formats: map[string]func([]*report.AWR, []report.Missing, io.Writer) error{
		"text": func(r []*report.AWR, m []report.Missing, w io.Writer) error {
			return (&report.AWRNodes{Reports: r, Missing: m}).Text(w)
		},
		"html": func(r []*report.AWR, m []report.Missing, w io.Writer) error {
			return (&report.AWRNodes{Reports: r, Missing: m}).HTML(w)
		},
	},
	check: func(w *reportWindow) error {
		for flag, end := range map[string]string{"from": w.from, "to": w.to} {
			if _, err := strconv.ParseUint(end, 10, 63); err == nil {
				return fmt.Errorf("--%s %s: each node numbers its own snapshots: with --node give a time, as in -1h, or an SCN, as in scn:1234", flag, end)
			}
		}
		return nil
	},
}

var ashAcross = across[*report.ASH]{
	collect: func(ctx context.Context, conn *sql.Conn, w *reportWindow, now time.Time) (*report.ASH, error) {
		window, err := windowOf(ctx, conn, w.from, w.to, now)
		if err != nil {
			return nil, err
		}
		return report.CollectASHPart(ctx, conn, window)
	},
	formats: map[string]func([]*report.ASH, []report.Missing, io.Writer) error{
		"text": func(r []*report.ASH, m []report.Missing, w io.Writer) error {
			return (&report.ASHNodes{Reports: r, Missing: m}).Text(w)
		},
		"html": func(r []*report.ASH, m []report.Missing, w io.Writer) error {
			return (&report.ASHNodes{Reports: r, Missing: m}).HTML(w)
		},
	},
	check: func(*reportWindow) error { return nil },
}

// acrossNodes lets a report be one of several nodes.
func acrossNodes[R any](c *cobra.Command, login func() (shell.Options, error), w *reportWindow, how across[R]) *cobra.Command {
	nodes := ""
	c.Flags().StringVar(&nodes, "node", "", "nodes by their names, with commas between, or all; the node at --addr says where they are")
	one := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if nodes == "" {
			return one(c, args)
		}
		write := how.formats[w.format]
		if write == nil {
			return errFormat(w.format)
		}
		if err := how.check(w); err != nil {
			return err
		}
		o, err := login()
		if err != nil {
			return err
		}
		askOnce(&o)
		where, err := placesOf(c.Context(), o, nodes)
		if err != nil {
			return err
		}
		reports, missing := how.ask(c.Context(), o, where, w)
		if len(reports) == 0 {
			var all []error
			for _, m := range missing {
				all = append(all, fmt.Errorf("%s: %s", m.Node, m.Why))
			}
			return errors.Join(all...)
		}
		return write(reports, missing, c.OutOrStdout())
	}
	return c
}

// askOnce lets the password be asked for once, for all connections.
func askOnce(o *shell.Options) {
	if o.AskPassword != nil {
		o.AskPassword = sync.OnceValues(o.AskPassword)
	}
}

// place is a node and where it takes clients.
type place struct{ node, addr string }

// placesOf finds nodes by their names, in the order of their names.
func placesOf(ctx context.Context, o shell.Options, names string) (out []place, err error) {
	conn, done, err := shell.Connect(ctx, o)
	if err != nil {
		return nil, err
	}
	defer done()
	rows, err := conn.QueryContext(ctx, "SELECT node, mysql_address FROM v$node ORDER BY node")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	wanted := strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' })
	var known []string
	for rows.Next() {
		var p place
		var addr sql.NullString
		if err := rows.Scan(&p.node, &addr); err != nil {
			return nil, err
		}
		p.addr, known = addr.String, append(known, p.node)
		if names == "all" || slices.Contains(wanted, p.node) {
			out = append(out, p)
		}
	}
	for _, w := range wanted {
		if names != "all" && !slices.Contains(known, w) {
			return nil, fmt.Errorf("--node: there is no node %s; there are %s", w, strings.Join(known, ", "))
		}
	}
	if len(out) == 0 {
		return nil, errors.New("--node: want names of nodes, or all")
	}
	return out, rows.Err()
}

// ask asks all nodes at once. What one cannot tell is no failure of the others.
func (how across[R]) ask(ctx context.Context, o shell.Options, where []place, w *reportWindow) (found []R, missing []report.Missing) {
	reports, errs := make([]R, len(where)), make([]error, len(where))
	now := time.Now()
	var asking sync.WaitGroup
	for i, p := range where {
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
			defer cancel()
			own := o
			own.Addr = p.addr
			reports[i], errs[i] = how.askOne(ctx, own, w, now)
		})
	}
	asking.Wait()
	for i, p := range where {
		if errs[i] != nil {
			missing = append(missing, report.Missing{Node: p.node, Why: errs[i].Error()})
			continue
		}
		found = append(found, reports[i])
	}
	return found, missing
}

func (how across[R]) askOne(ctx context.Context, o shell.Options, w *reportWindow, now time.Time) (r R, err error) {
	if o.Addr == "" {
		return r, errors.New("it has not come yet")
	}
	conn, done, err := shell.Connect(ctx, o)
	if err != nil {
		return r, err
	}
	defer done()
	return how.collect(ctx, conn, w, now)
}
