package main

import (
	"fmt"
	"io"
	"iter"

	"github.com/spf13/cobra"

	"redoubt/sql/logmine"
)

func logMineCommand() *cobra.Command {
	var m mining
	c := &cobra.Command{
		Use:   "mine",
		Short: "Find changes, with the SQL that does them again and takes them back",
		Long: "Find changes of rows and of definitions, by the names and columns that tables had then. With --format sql-redo or\n" +
			"sql-undo it prints a script; that of undo begins with the last change.",
		Example: "  redoubt log mine --data /var/lib/redoubt --table shop.orders --operation delete --format sql-undo",
		Args:    cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		return m.events(c, func(events iter.Seq2[*logmine.Event, error]) error {
			return printEvents(c.OutOrStdout(), m.format, events)
		})
	}
	m.flags(c)
	formatFlag(c, &m.format, "table", "json", "csv", "sql-redo", "sql-undo")
	return c
}

func printEvents(w io.Writer, format string, events iter.Seq2[*logmine.Event, error]) error {
	switch format {
	case "json":
		return printLines(w, events)
	case "sql-redo":
		return printRedo(w, events)
	case "sql-undo":
		return printUndo(w, events)
	}
	out := lister{w: w, format: format}
	for e, err := range events {
		if err != nil {
			return err
		}
		if err := out.print(eventFields(e)); err != nil {
			return err
		}
	}
	return out.end()
}

func printLines(w io.Writer, events iter.Seq2[*logmine.Event, error]) error {
	for e, err := range events {
		if err != nil {
			return err
		}
		line, err := e.JSON()
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// printRedo prints transactions as they were, as far as they were asked for.
func printRedo(w io.Writer, events iter.Seq2[*logmine.Event, error]) error {
	at := uint64(0)
	for e, err := range events {
		if err != nil {
			return err
		}
		if e.SCN != at {
			at = e.SCN
			fmt.Fprintf(w, "-- SCN %d, %s, transaction %d of %s\n", e.SCN, e.Time.Format(timeLayout), e.XID, e.User)
		}
		if e.Redo == "" {
			fmt.Fprintf(w, "-- %s of a row of %s.%s, which came with a change of definitions\n", e.Operation, e.Schema, e.Table)
		} else if _, err := fmt.Fprintf(w, "%s;\n", e.Redo); err != nil {
			return err
		}
	}
	return nil
}

// printUndo prints what takes changes back, the last one first. It has to hold them all for that.
func printUndo(w io.Writer, events iter.Seq2[*logmine.Event, error]) error {
	var list []*logmine.Event
	for e, err := range events {
		if err != nil {
			return err
		}
		list = append(list, e)
	}
	at := uint64(0)
	for i := len(list) - 1; i >= 0; i-- {
		e := list[i]
		if e.SCN != at {
			at = e.SCN
			fmt.Fprintf(w, "-- takes back SCN %d, %s, transaction %d of %s\n", e.SCN, e.Time.Format(timeLayout), e.XID, e.User)
		}
		if e.Undo == "" {
			fmt.Fprintf(w, "-- cannot be taken back row by row: %s\n", oneLine(e))
		} else if _, err := fmt.Fprintf(w, "%s;\n", e.Undo); err != nil {
			return err
		}
	}
	return nil
}
