package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/shell"
	"redoubt/node"
	"redoubt/sql/transfer"
)

// recoverInto is a recovery of a part of a database into a running node, as flags.
type recoverInto struct {
	table, schema, as string
	client            func() (shell.Options, error)
}

func (i *recoverInto) flags(c *cobra.Command) {
	c.Flags().StringVar(&i.table, "table", "", "SCHEMA.TABLE: only that, into the node --into")
	c.Flags().StringVar(&i.schema, "schema", "", "only that schema, into the node --into")
	c.Flags().StringVar(&i.as, "as", "", "its name there: TABLE, SCHEMA.TABLE or, with --schema, SCHEMA")
	i.client = intoFlags(c)
	c.MarkFlagsMutuallyExclusive("table", "schema")
	c.MarkFlagsMutuallyExclusive("data", "into")
}

// wanted tells whether the flags ask for a part, and whether they can be meant.
func (i *recoverInto) wanted(c *cobra.Command) (bool, error) {
	into, part := c.Flags().Changed("into"), i.table != "" || i.schema != ""
	switch {
	case into && !part:
		return false, errors.New("say what goes into that node: --table SCHEMA.TABLE or --schema SCHEMA")
	case part && !into:
		return false, errors.New("say which node gets it: --into HOST:PORT")
	case i.as != "" && !part:
		return false, errors.New("--as is the name of a table or schema: say which, by --table or --schema")
	}
	return part, nil
}

// names are the name of what is recovered, and the one that it gets.
func (i *recoverInto) names() (of, as transfer.Name, err error) {
	if i.schema != "" {
		if as.Schema = i.as; as.Schema == "" {
			as.Schema = i.schema
		}
		return transfer.Name{Schema: i.schema}, as, nil
	}
	var ok bool
	if of.Schema, of.Table, ok = strings.Cut(i.table, "."); !ok || of.Schema == "" || of.Table == "" {
		return of, as, fmt.Errorf("--table %s: say SCHEMA.TABLE", i.table)
	}
	switch schema, table, qualified := strings.Cut(i.as, "."); {
	case i.as == "":
		as = of
	case qualified:
		as = transfer.Name{Schema: schema, Table: table}
	default:
		as = transfer.Name{Schema: of.Schema, Table: i.as}
	}
	return of, as, nil
}

// run recovers the state in a temporary directory and copies the part.
func (i *recoverInto) run(ctx context.Context, o node.RecoverOptions, out, errs io.Writer) (err error) {
	of, as, err := i.names()
	if err != nil {
		return err
	}
	client, err := i.client()
	if err != nil {
		return err
	}
	conn, disconnect, err := shell.Connect(ctx, client) // before the work, not after it
	if err != nil {
		return err
	}
	defer func() { _ = disconnect() }()
	began := time.Now()
	progress := newProgress(errs)
	copier := &transfer.Copier{Conn: conn, Progress: func(table string, rows, of uint64) { progress.say("copy "+table, rows, of) }}
	state, r, err := node.RecoverInto(ctx, o, copier, of, as)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s as it was at SCN %d of %s UTC is %s of %s now, after %s\n", of, state.SCN, utcText(state.TimeMicros), as, client.Addr, round(time.Since(began)))
	for _, t := range r.Tables {
		fmt.Fprintf(out, "%s: %d rows, checksum %s there and here\n", t.Name, t.Rows, t.Sum)
	}
	if r.Objects > 0 {
		fmt.Fprintf(out, "and %d views, triggers, procedures and events\n", r.Objects)
	}
	for _, note := range append(state.Notes, r.Notes...) {
		fmt.Fprintln(out, "note:", note)
	}
	return nil
}

// progress says how far something has come, not more often than once a second.
type progress struct {
	w    io.Writer
	last time.Time
}

func newProgress(w io.Writer) *progress { return &progress{w, time.Now()} }

func (p *progress) say(step string, done, of uint64) {
	if time.Since(p.last) > time.Second {
		fmt.Fprintf(p.w, "%s: %d of %d\n", step, done, of)
		p.last = time.Now()
	}
}

func utcText(micros int64) string { return time.UnixMicro(micros).UTC().Format(timeLayout) }
