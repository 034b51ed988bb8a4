package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Resolve gives the snapshots at the ends of a window.
func Resolve(ctx context.Context, c *sql.Conn, ends Ends, now time.Time) (first, last uint64, err error) {
	list, err := snapshotsOf(ctx, c)
	if err != nil {
		return 0, 0, err
	}
	begin, _, err := endOf(ctx, c, list, ends.From, now, false)
	if err != nil {
		return 0, 0, fmt.Errorf("--from: %w", err)
	}
	end, _, err := endOf(ctx, c, list, ends.To, now, true)
	if err != nil {
		return 0, 0, fmt.Errorf("--to: %w", err)
	}
	if begin >= end {
		return 0, 0, fmt.Errorf("--from %s --to %s: %w", ends.From, ends.To, ErrSnapshots)
	}
	return list[begin].ID, list[end].ID, nil
}

// BaselineEnds gives the window of a baseline.
func BaselineEnds(ctx context.Context, c *sql.Conn, name string) (Ends, error) {
	var ends Ends
	err := c.QueryRowContext(ctx, "SELECT start_snap_id, end_snap_id FROM dba_hist_baseline WHERE LOWER(baseline_name) = LOWER(?)", name).Scan(&ends.From, &ends.To)
	if errors.Is(err, sql.ErrNoRows) {
		return ends, fmt.Errorf("there is no baseline %s; redoubt report baseline ls lists them", name)
	}
	return ends, err
}

// ListBaselines writes the baselines of a node.
func ListBaselines(ctx context.Context, c *sql.Conn, w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "name\tsnapshots\tfrom, UTC\tto, UTC\tmissing\tbytes")
	err := each(ctx, c, "SELECT baseline_name, start_snap_id, COALESCE(CAST(start_snap_time AS CHAR), '-'), end_snap_id, COALESCE(CAST(end_snap_time AS CHAR), '-'), end_snap_id - start_snap_id + 1 - snapshots, bytes FROM dba_hist_baseline ORDER BY baseline_name", func(scan func(...any) error) error {
		var name, first, from, last, to, missing, bytes string
		if err := scan(&name, &first, &from, &last, &to, &missing, &bytes); err != nil {
			return err
		}
		from, _, _ = strings.Cut(from, ".")
		to, _, _ = strings.Cut(to, ".")
		fmt.Fprintf(out, "%s\t%s to %s\t%s\t%s\t%s\t%s\n", name, first, last, from, to, missing, bytes)
		return nil
	})
	return errors.Join(err, out.Flush())
}
