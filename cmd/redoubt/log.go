package main

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/sql/logmine"
)

func logCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "log",
		Short: "Look into the redo log",
		Long: "Look into the redo log: of a data directory that no node has open (--data), of a repository (--repo), or of a running node\n" +
			"(--addr). A directory is locked while it is read, and nothing in it changes. Of a repository only the pieces are fetched that\n" +
			"have something of the SCNs asked for; mine, stat and tail also recover the state at the last of them into a temporary\n" +
			"directory (TMPDIR), which has the dictionary: that takes as long as a recovery, and the room of one.",
	}
	c.AddCommand(logListCommand(), logVerifyCommand(), logStatCommand(), logDumpCommand(), logMineCommand(), logTailCommand())
	return c
}

// dataFlag is the flag of commands that read files.
func dataFlag(c *cobra.Command, data *string) {
	c.Flags().StringVar(data, "data", "", "data directory, which no node has open")
}

// formatFlag is the flag of commands that print rows or lines.
func formatFlag(c *cobra.Command, format *string, formats ...string) {
	c.Flags().StringVar(format, "format", formats[0], "form of the output: "+strings.Join(formats[:len(formats)-1], ", ")+" or "+formats[len(formats)-1])
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, f := range formats {
			if *format == f {
				return run(c, args)
			}
		}
		return fmt.Errorf("--format %s: %s are known", *format, strings.Join(formats, ", "))
	}
}

// mining is what commands that look for changes have in common.
type mining struct {
	logSource
	format, table, fromTime, toTime string
	filter                          logmine.Filter
}

// flags adds the flags of the source and of the filter.
func (m *mining) flags(c *cobra.Command) {
	m.logSource.flags(c)
	f := c.Flags()
	f.StringVar(&m.fromTime, "from-time", "", "first commit time, 'YYYY-MM-DD hh:mm:ss', in UTC")
	f.StringVar(&m.toTime, "to-time", "", "last commit time, in UTC")
	f.StringVar(&m.table, "table", "", "SCHEMA.TABLE, or SCHEMA. for all tables in one; by their names at the time")
	f.StringVar(&m.filter.Key, "key", "", `key of the row as JSON, {"id": 1}`)
	f.Uint64Var(&m.filter.XID, "xid", 0, "transaction id")
	f.StringVar(&m.filter.User, "user", "", "user who made the change")
	f.StringVar(&m.filter.Operation, "operation", "", "INSERT, UPDATE, DELETE or DDL")
}

// complete reads the flags.
func (m *mining) complete() (err error) {
	if err := m.check(""); err != nil {
		return err
	}
	m.filter.FromSCN, m.filter.ToSCN = m.from, m.to
	if m.filter.FromTime, err = utc("from-time", m.fromTime); err != nil {
		return err
	}
	if m.filter.ToTime, err = utc("to-time", m.toTime); err != nil {
		return err
	}
	if m.table != "" {
		schema, table, ok := strings.Cut(m.table, ".")
		if !ok || schema == "" {
			return fmt.Errorf("--table %s: say SCHEMA.TABLE", m.table)
		}
		m.filter.Schema, m.filter.Table = schema, table
	}
	return m.filter.Validate()
}

// utc reads a time. Without a fraction the end of a range is the whole second.
func utc(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", time.RFC3339, "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			if flag == "to-time" && layout == "2006-01-02 15:04:05" && !strings.Contains(text, ".") {
				t = t.Add(time.Second - time.Microsecond)
			}
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s %s: it is no time 'YYYY-MM-DD hh:mm:ss'", flag, text)
}

// events gives what is looked for, from a directory, a repository or a node, to a function.
func (m *mining) events(c *cobra.Command, give func(iter.Seq2[*logmine.Event, error]) error) error {
	if err := m.complete(); err != nil {
		return err
	}
	ctx, stop := whileWanted(c.Context())
	defer stop()
	if m.data == "" && m.repository.address == "" {
		o, err := m.client()
		if err != nil {
			return err
		}
		return online(ctx, o, m.filter, give)
	}
	o, err := m.open(ctx, c.ErrOrStderr(), true)
	if err != nil {
		return err
	}
	return errors.Join(give(o.Miner().Events(ctx, m.filter)), o.Close())
}
