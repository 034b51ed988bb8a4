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

// topSpan is the time that Top looks back over.
const topSpan = 15 * time.Second

// Top writes what goes on now on a node: sessions, load by wait class, log, statements, blockers.
func Top(ctx context.Context, c *sql.Conn, w io.Writer, now time.Time) error {
	out := &strings.Builder{}
	t := &topPage{ctx: ctx, conn: c, out: out, window: Window{now.UTC().Add(-topSpan), now.UTC().Add(time.Second)}}
	for _, part := range []func() error{t.head, t.load, t.statements, t.sessions} {
		if err := part(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

type topPage struct {
	ctx    context.Context
	conn   *sql.Conn
	out    *strings.Builder
	window Window
	cpus   int64
}

func (t *topPage) head() error {
	var node, version string
	var uptime, sessions, active int64
	row := t.conn.QueryRowContext(t.ctx, "SELECT instance_name, version, uptime_seconds, sessions, active_sessions, cpu_count FROM v$instance")
	if err := row.Scan(&node, &version, &uptime, &sessions, &active, &t.cpus); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "redoubt %s  node %s  up %s  %s UTC\n", version, node, time.Duration(uptime)*time.Second, t.window.To.Add(-time.Second).Format(timeLayout))
	fmt.Fprintf(t.out, "sessions %d, active %d  ", sessions, active)
	var scn, commits, bytes sql.NullFloat64
	row = t.conn.QueryRowContext(t.ctx, "SELECT MAX(scn), AVG(transactions), AVG(redo_bytes * transactions / GREATEST(transactions_read, 1)) FROM (SELECT * FROM v$redo_rate ORDER BY time DESC LIMIT 10) AS latest")
	err := row.Scan(&scn, &commits, &bytes)
	switch {
	case err != nil && !missing(err):
		return err
	case err == nil && scn.Valid:
		fmt.Fprintf(t.out, "commits %.1f/s  redo %s/s  SCN %.0f", commits.Float64, sizeText(bytes.Float64), scn.Float64)
	}
	fmt.Fprintln(t.out)
	return nil
}

// missing tells whether a view is not there: sampling is off.
func missing(err error) bool { return strings.Contains(err.Error(), "1146") }

func (t *topPage) load() error {
	rows, err := t.conn.QueryContext(t.ctx, "SELECT COALESCE(wait_class, 'CPU') AS class, SUM(usecs_per_row)"+t.from()+" GROUP BY class")
	if err != nil {
		return err
	}
	defer rows.Close()
	by, total := map[string]float64{}, 0.0
	for rows.Next() {
		var class string
		var micros float64
		if err := rows.Scan(&class, &micros); err != nil {
			return err
		}
		by[class] = micros / float64(topSpan.Microseconds())
		total += by[class]
	}
	classes := heaviest(by)
	fmt.Fprintf(t.out, "\nactive sessions, average of %s: %.2f on %d processors\n", topSpan, total, t.cpus)
	for _, class := range classes {
		fmt.Fprintf(t.out, "  %c %-14s %6.2f  %s\n", glyphs[class], class, by[class], bar(map[string]float64{class: by[class]}, []string{class}, max(total, float64(t.cpus))))
	}
	return rows.Err()
}

func (t *topPage) from() string {
	return " FROM v$active_session_history_fine WHERE " + t.window.condition() + " AND session_type = 'FOREGROUND'"
}

func (t *topPage) statements() error {
	rows, err := t.conn.QueryContext(t.ctx, "SELECT sql_id, SUM(usecs_per_row) AS spent, SUM(IF(event IS NULL, usecs_per_row, 0)), MAX(COALESCE(event, 'ON CPU'))"+t.from()+" AND sql_id IS NOT NULL GROUP BY sql_id ORDER BY spent DESC LIMIT 10")
	if err != nil {
		return err
	}
	type line struct {
		id, event  string
		spent, cpu float64
	}
	var lines []line
	for rows.Next() {
		var l line
		if err := rows.Scan(&l.id, &l.spent, &l.cpu, &l.event); err != nil {
			rows.Close()
			return err
		}
		lines = append(lines, l)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	fmt.Fprintln(t.out, "\nstatements")
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  sessions\ton cpu\tsql_id\texecutions\tp95\ttext")
	for _, l := range lines {
		var text string
		var executions, p95 int64
		err := t.conn.QueryRowContext(t.ctx, "SELECT sql_text, executions, p95_us FROM v$sql WHERE sql_id = '"+l.id+"'").Scan(&text, &executions, &p95)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		span := float64(topSpan.Microseconds())
		fmt.Fprintf(table, "  %.2f\t%.2f\t%s\t%d\t%s\t%s\n", l.spent/span, l.cpu/span, l.id, executions, time.Duration(p95)*time.Microsecond, shortened(text, textWidth))
	}
	return table.Flush()
}

func (t *topPage) sessions() error {
	rows, err := t.conn.QueryContext(t.ctx, "SELECT sid, COALESCE(username, ''), COALESCE(program, ''), COALESCE(event, 'ON CPU'), COALESCE(elapsed_us, 0), COALESCE(blocking_session, 0), COALESCE(current_object, ''), COALESCE(command, '') "+
		"FROM v$session WHERE type = 'USER' AND status = 'ACTIVE' AND sid <> CONNECTION_ID() ORDER BY elapsed_us DESC LIMIT 15")
	if err != nil {
		return err
	}
	defer rows.Close()
	fmt.Fprintln(t.out, "\nsessions")
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  sid\tuser\tprogram\trunning\tcommand\tevent\tblocked by\tobject")
	for rows.Next() {
		var sid, elapsed, blocker int64
		var user, program, event, object, command string
		if err := rows.Scan(&sid, &user, &program, &event, &elapsed, &blocker, &object, &command); err != nil {
			return err
		}
		by := ""
		if blocker != 0 {
			by = fmt.Sprint(blocker)
		}
		fmt.Fprintf(table, "  %d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", sid, user, program, (time.Duration(elapsed) * time.Microsecond).Round(time.Millisecond), command, event, by, object)
	}
	return errors.Join(rows.Err(), table.Flush())
}

// sizeText is a number of bytes for people.
func sizeText(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if n < 1024 {
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1024
	}
	return fmt.Sprintf("%.1f GiB", n)
}
