package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/backup/repository"
	"redoubt/internal/shell"
)

// repositoryFlag adds the flags of a repository, and gives what opens it when the command runs.
func repositoryFlag(c *cobra.Command) func() (*repository.Repository, error) {
	from := &repositoryFlags{}
	from.add(c)
	return func() (*repository.Repository, error) { return from.open(c.Context()) }
}

// listing is rows that a command has before it prints them, by a lister, in the form that --format says.
type listing struct {
	columns []shell.Column
	rows    [][]any
}

// newListing names the columns; those of numbers begin with #.
func newListing(columns ...string) *listing {
	l := &listing{}
	for _, name := range columns {
		bare, number := strings.CutPrefix(name, "#")
		l.columns = append(l.columns, shell.Column{Name: bare, Number: number})
	}
	return l
}

// add adds a row. A zero time is nothing.
func (l *listing) add(values ...any) {
	for i, v := range values {
		switch v := v.(type) {
		case time.Time:
			if values[i] = nil; !v.IsZero() {
				values[i] = v.UTC().Format(timeLayout)
			}
		case string:
			if v == "" {
				values[i] = nil
			}
		}
	}
	l.rows = append(l.rows, values)
}

func (l *listing) print(c *cobra.Command, format string) error {
	f, err := shell.ParseFormat(format)
	if err != nil {
		return err
	}
	out := lister{w: c.OutOrStdout(), format: string(f)}
	if err := out.begin(l.columns); err != nil { // also if there is no row
		return err
	}
	for _, row := range l.rows {
		fields := make([]field, len(row))
		for i := range row {
			fields[i] = field{l.columns[i].Name, row[i]}
		}
		if err := out.print(fields); err != nil {
			return err
		}
	}
	return out.end()
}

// listingFormat adds --format.
func listingFormat(c *cobra.Command) *string {
	return c.Flags().String("format", "table", "form of what is listed: table, json, csv or tsv")
}

func micros(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMicro(at)
}

// bytesText is a size for people.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
