package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ASH is what active sessions of clients did in a window.
type ASH struct {
	Window
	Node, Version string
	Source        string // the view that it was made from
	Period        string // between two of its samples
	Samples       int64
	Seconds       float64 // database time: that sessions were active
	FirstSCN      sql.NullInt64
	LastSCN       sql.NullInt64
	Sections      []Section
	Timeline      []Bucket
	Classes       []string // that the timeline has
	Peak          float64
	CPUs          int64
	NothingBefore time.Time // samples begin here

	part bool // of ASHNodes
}

// Average is how many sessions were active on average.
func (a *ASH) Average() float64 {
	if d := a.To.Sub(a.From).Seconds(); d > 0 {
		return a.Seconds / d
	}
	return 0
}

// Section is a table of the report: what took the database time.
type Section struct {
	Title   string
	Columns []string
	Rows    []Row
}

// Row is a line of a Section.
type Row struct {
	Seconds float64
	Share   float64 // of the report's database time
	Active  float64 // sessions on average
	Cells   []string
}

// Bucket is a stretch of the window.
type Bucket struct {
	From   time.Time
	To     time.Time          // of a report between snapshots
	Active map[string]float64 // sessions on average, by class
	Total  float64
}

const (
	topRows     = 10
	bucketCount = 30
	views       = 2
)

var errNoSamples = errors.New("no session was active in that time, or nobody looked: V$ACTIVE_SESSION_HISTORY goes back about an hour, DBA_HIST_ACTIVE_SESS_HISTORY as far as ash-disk allows")

// CollectASH asks a node about a window.
func CollectASH(ctx context.Context, c *sql.Conn, w Window) (*ASH, error) {
	return collectASH(ctx, c, &ASH{Window: w})
}

func collectASH(ctx context.Context, c *sql.Conn, a *ASH) (*ASH, error) {
	if w := a.Window; !w.From.Before(w.To) {
		return nil, fmt.Errorf("the window ends at %s, before it begins at %s", w.To.Format(timeLayout), w.From.Format(timeLayout))
	}
	err := c.QueryRowContext(ctx, "SELECT instance_name, version, cpu_count FROM v$instance").Scan(&a.Node, &a.Version, &a.CPUs)
	if err != nil {
		return nil, err
	}
	if err := a.choose(ctx, c); err != nil {
		return nil, err
	}
	steps := []func(context.Context, *sql.Conn) error{a.totals, a.timeline, a.sections}
	for _, step := range steps {
		if err := step(ctx, c); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// choose takes samples of each second if they reach back far enough, else those on disk.
func (a *ASH) choose(ctx context.Context, c *sql.Conn) error {
	candidates := [views]struct{ view, period string }{
		{"v$active_session_history", "one second"}, {"dba_hist_active_sess_history", "ten seconds"},
	}
	var oldest [views]sql.NullString
	for i, v := range candidates {
		if err := c.QueryRowContext(ctx, "SELECT CAST(MIN(sample_time) AS CHAR) FROM "+v.view).Scan(&oldest[i]); err != nil {
			return err
		}
	}
	at := 0
	if reachesOnly(oldest[1], oldest[0], a.From) {
		at = 1
	}
	a.Source, a.Period = candidates[at].view, candidates[at].period
	if begin, err := time.Parse(timeForms[0], oldest[at].String); err == nil && begin.After(a.From) {
		a.NothingBefore = begin
	}
	return nil
}

// reachesOnly tells whether the first reaches further back than the second, and the second not to the beginning.
func reachesOnly(first, second sql.NullString, from time.Time) bool {
	if !first.Valid {
		return false
	}
	if !second.Valid {
		return true
	}
	begin, err := time.Parse(timeForms[0], second.String)
	return err == nil && begin.After(from.Add(10*time.Second)) && first.String < second.String
}

// where bounds all questions to the window and to sessions of clients.
func (a *ASH) where() string {
	return " FROM " + a.Source + " WHERE " + a.condition() + " AND session_type = 'FOREGROUND'"
}

func (a *ASH) totals(ctx context.Context, c *sql.Conn) error {
	var seconds sql.NullFloat64
	err := c.QueryRowContext(ctx, "SELECT COUNT(*), SUM(usecs_per_row) / 1000000, MIN(read_scn), GREATEST(MAX(COALESCE(read_scn, 0)), MAX(COALESCE(commit_scn, 0)))"+a.where()).
		Scan(&a.Samples, &seconds, &a.FirstSCN, &a.LastSCN)
	a.Seconds = seconds.Float64
	if err == nil && a.Samples == 0 && !a.part {
		err = errNoSamples
	}
	return err
}

// timeline cuts the window into stretches.
func (a *ASH) timeline(ctx context.Context, c *sql.Conn) error {
	width := max(a.To.Sub(a.From)/bucketCount, time.Second)
	if a.Period != "one second" {
		width = max(width, 10*time.Second)
	}
	tenths := width.Milliseconds() / 100
	first := a.From.UnixMilli() / 100
	query := fmt.Sprintf("SELECT FLOOR((sample_id - %d) / %d) AS bucket, COALESCE(wait_class, 'CPU') AS class, SUM(usecs_per_row)%s GROUP BY bucket, class ORDER BY bucket", first, tenths, a.where())
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	byClass := map[string]float64{}
	buckets := map[int64]*Bucket{}
	for rows.Next() {
		var at int64
		var class string
		var micros float64
		if err := rows.Scan(&at, &class, &micros); err != nil {
			return err
		}
		b := buckets[at]
		if b == nil {
			b = &Bucket{From: a.From.Add(time.Duration(at) * width), Active: map[string]float64{}}
			buckets[at] = b
		}
		active := micros / float64(width.Microseconds())
		b.Active[class] += active
		b.Total += active
		byClass[class] += active
	}
	count := int64((a.To.Sub(a.From) + width - 1) / width)
	for i := range count {
		b := buckets[i]
		if b == nil && a.From.Add(time.Duration(i+1)*width).Before(a.NothingBefore) {
			continue // nobody looked
		}
		if b == nil {
			b = &Bucket{From: a.From.Add(time.Duration(i) * width), Active: map[string]float64{}}
		}
		a.Timeline = append(a.Timeline, *b)
		a.Peak = max(a.Peak, b.Total)
	}
	a.Classes = heaviest(byClass)
	return rows.Err()
}

// sections asks what took the time.
func (a *ASH) sections(ctx context.Context, c *sql.Conn) error {
	for _, s := range []struct {
		title, dimensions, condition string
		columns                      []string
	}{
		{"Wait classes", "COALESCE(wait_class, 'CPU')", "", []string{"class"}},
		{"Events", "COALESCE(event, 'ON CPU'), COALESCE(wait_class, 'CPU')", "", []string{"event", "class"}},
		{"Statements", "COALESCE(sql_id, ''), COALESCE(sql_opname, ''), COALESCE(event, 'ON CPU')", "sql_id IS NOT NULL", []string{"sql_id", "kind", "event", "text"}},
		{"Who blocked whom", "blocking_session, session_id, COALESCE(event, ''), COALESCE(current_object, '')", "blocking_session IS NOT NULL", []string{"blocker", "session", "event", "object"}},
		{"Sessions", "session_id, COALESCE(user_name, ''), COALESCE(program, ''), COALESCE(machine, '')", "", []string{"session", "user", "program", "machine"}},
		{"Users and programs", "COALESCE(user_name, ''), COALESCE(program, '')", "", []string{"user", "program"}},
		{"Objects", "COALESCE(current_object, ''), COALESCE(event, 'ON CPU')", "current_object IS NOT NULL", []string{"object", "event"}},
	} {
		section, err := a.section(ctx, c, s.title, s.dimensions, s.condition, s.columns)
		if err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		if len(section.Rows) > 0 {
			a.Sections = append(a.Sections, section)
		}
	}
	return a.texts(ctx, c)
}

func (a *ASH) section(ctx context.Context, c *sql.Conn, title, dimensions, condition string, columns []string) (Section, error) {
	s, limit := Section{Title: title, Columns: columns}, topRows
	if a.part {
		limit = partRows
	}
	if condition != "" {
		condition = " AND " + condition
	}
	rows, err := c.QueryContext(ctx, "SELECT SUM(usecs_per_row) AS spent, "+dimensions+a.where()+condition+" GROUP BY "+dimensions+fmt.Sprintf(" ORDER BY spent DESC LIMIT %d", limit))
	if err != nil {
		return s, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return s, err
	}
	for rows.Next() {
		var micros float64
		cells := make([]string, len(names)-1)
		into := []any{&micros}
		for i := range cells {
			into = append(into, &cells[i])
		}
		if err := rows.Scan(into...); err != nil {
			return s, err
		}
		r := Row{Seconds: micros / 1e6, Cells: cells}
		r.Share = r.Seconds / a.Seconds
		r.Active = r.Seconds / a.To.Sub(a.From).Seconds()
		s.Rows = append(s.Rows, r)
	}
	return s, rows.Err()
}

// texts adds the texts of statements, as far as they are still known.
func (a *ASH) texts(ctx context.Context, c *sql.Conn) error {
	for i := range a.Sections {
		s := &a.Sections[i]
		if s.Title != "Statements" {
			continue
		}
		for k := range s.Rows {
			var text string
			err := c.QueryRowContext(ctx, "SELECT sql_text FROM v$sql WHERE sql_id = '"+s.Rows[k].Cells[0]+"'").Scan(&text)
			if errors.Is(err, sql.ErrNoRows) {
				text, err = "(no longer in V$SQL)", nil
			}
			if err != nil {
				return err
			}
			s.Rows[k].Cells = append(s.Rows[k].Cells, text)
		}
	}
	return nil
}
