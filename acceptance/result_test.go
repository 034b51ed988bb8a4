package acceptance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// null stands for NULL in results that are compared as text.
const null = "␀"

// result is what a query gave, as text.
type result struct {
	columns []string
	rows    [][]string
}

// ask runs a query and reads all its rows. Only the last of several results is kept.
func ask(ctx context.Context, e executor, query string, args ...any) (result, error) {
	run := func() (*sql.Rows, error) { return e.QueryContext(ctx, query, args...) }
	if p, ok := e.(prepared); ok {
		statement, err := p.PrepareContext(ctx, query)
		if err != nil {
			return result{}, fmt.Errorf("prepare: %w", err)
		}
		defer statement.Close()
		run = func() (*sql.Rows, error) { return statement.QueryContext(ctx, args...) }
	}
	rows, err := run()
	if err != nil {
		return result{}, err
	}
	defer rows.Close()
	var r result
	for {
		if r, err = readAll(rows); err != nil {
			return r, err
		}
		if !rows.NextResultSet() {
			return r, rows.Err()
		}
	}
}

func readAll(rows *sql.Rows) (result, error) {
	columns, err := rows.Columns()
	if err != nil {
		return result{}, err
	}
	r := result{columns: columns}
	raw := make([]sql.RawBytes, len(columns))
	targets := make([]any, len(columns))
	for i := range raw {
		targets[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return r, err
		}
		row := make([]string, len(columns))
		for i, v := range raw {
			if row[i] = null; v != nil {
				row[i] = string(v)
			}
		}
		r.rows = append(r.rows, row)
	}
	return r, rows.Err()
}

// sorted is the same rows in an order that depends on nothing else.
func (r result) sorted() result {
	rows := slices.Clone(r.rows)
	slices.SortFunc(rows, slices.Compare[[]string])
	return result{r.columns, rows}
}

// difference says in words how two results differ; empty if they do not.
func difference(want, got result) string {
	if len(want.columns) != len(got.columns) {
		return fmt.Sprintf("want %d columns %q, got %d %q", len(want.columns), want.columns, len(got.columns), got.columns)
	}
	for i := range max(len(want.rows), len(got.rows)) {
		switch {
		case i >= len(got.rows):
			return fmt.Sprintf("want %d rows, got %d; row %d is missing: %s", len(want.rows), len(got.rows), i, show(want.rows[i]))
		case i >= len(want.rows):
			return fmt.Sprintf("want %d rows, got %d; row %d is too much: %s", len(want.rows), len(got.rows), i, show(got.rows[i]))
		case !slices.Equal(want.rows[i], got.rows[i]):
			return fmt.Sprintf("row %d of %d, which begins with %s:%s", i, len(want.rows), shorten(want.rows[i][0]), cells(want, got, i))
		}
	}
	return ""
}

// cells names the columns in which a row differs.
func cells(want, got result, at int) string {
	var b strings.Builder
	for i, w := range want.rows[at] {
		if g := got.rows[at][i]; g != w {
			fmt.Fprintf(&b, "\n  %s: want %s, got %s", want.columns[i], shorten(strconv.Quote(w)), shorten(strconv.Quote(g)))
		}
	}
	return b.String()
}

func show(row []string) string {
	parts := make([]string, len(row))
	for i, v := range row {
		parts[i] = shorten(fmt.Sprintf("%q", v))
	}
	return strings.Join(parts, " | ")
}

// number is the MySQL number of an error, 0 if it has none.
func number(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// wantNumber is nil if an error has that MySQL number.
func wantNumber(err error, want uint16) error {
	if number(err) == want {
		return nil
	}
	return fmt.Errorf("want error %d, got %v", want, err)
}
