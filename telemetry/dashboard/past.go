package dashboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	rowsShown   = 100
	readTimeout = 10 * time.Second
)

// scn turns an SCN into its time, or a time, in milliseconds since 1970, into the last SCN at or before it.
func (s *Server) scn(w http.ResponseWriter, r *http.Request, _ Account) {
	at, err := wantedNumber(r, "scn")
	if r.URL.Query().Has("time") {
		var millis uint64
		if millis, err = wantedNumber(r, "time"); err == nil {
			at, err = s.options.Past.SCNAt(int64(millis)*1000 + 999)
		}
	}
	var micros int64
	if err == nil {
		micros, err = s.options.Past.TimeOf(at)
	}
	if err != nil {
		s.refuseError(w, err)
		return
	}
	answer(w, map[string]any{"scn": at, "time": micros / 1000})
}

// tables lists the tables that there were at an SCN.
func (s *Server) tables(w http.ResponseWriter, r *http.Request, _ Account) {
	at, err := wantedNumber(r, "scn")
	var names [][2]string
	if err == nil {
		names, err = s.options.Past.Tables(at)
	}
	if err != nil {
		s.refuseError(w, err)
		return
	}
	answer(w, map[string]any{"tables": names})
}

// rows gives rows of a table as of an SCN, by the user's own privileges.
func (s *Server) rows(w http.ResponseWriter, r *http.Request, a Account) {
	at, err := wantedNumber(r, "scn")
	q := r.URL.Query()
	if err == nil && (q.Get("schema") == "" || q.Get("table") == "") {
		err = errors.New("schema and table are needed")
	}
	if err != nil {
		s.refuseError(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	text := fmt.Sprintf("SELECT * FROM %s.%s AS OF SCN %d LIMIT %d", quoted(q.Get("schema")), quoted(q.Get("table")), at, rowsShown)
	rows, err := a.Read(ctx, text)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	answer(w, map[string]any{"statement": text, "columns": rows.Columns, "rows": rows.Rows, "more": len(rows.Rows) == rowsShown})
}

// statement tells of one digest, on this node or another: its figures, the latest slow execution with its plan, and the operators of what runs now.
func (s *Server) statement(w http.ResponseWriter, r *http.Request, a Account) {
	q := r.URL.Query()
	if _, err := strconv.ParseUint(q.Get("sql"), 16, 64); err != nil {
		s.refuseError(w, errors.New("parameter sql is no digest"))
		return
	}
	found, err := s.ask(r.Context(), a, cmp.Or(q.Get("node"), s.options.Node), &question{SQL: q.Get("sql")})
	if err != nil {
		s.refuseError(w, err)
		return
	}
	answer(w, found.Statement)
}

// tell reads what this node knows of a digest.
func (s *Server) tell(ctx context.Context, a Account, digest uint64) (map[string]any, error) {
	id, out := digestText(digest), map[string]any{}
	for name, text := range map[string]string{
		"figures": "SELECT * FROM V$SQL WHERE sql_id = '" + id + "'",
		"slow":    "SELECT started, elapsed_us, session_id, user, rows_read, rows_sent, error, sql_fulltext, plan_text FROM V$SQL_SLOW WHERE sql_id = '" + id + "' ORDER BY number DESC LIMIT 1",
		"plan": "SELECT sid, plan_line_id, operation, rows_estimated, rows_given, starts, time_us, running FROM V$SQL_PLAN_MONITOR" +
			" WHERE sql_id = '" + id + "' AND sid = (SELECT MIN(sid) FROM V$SQL_PLAN_MONITOR WHERE sql_id = '" + id + "') ORDER BY place",
	} {
		rows, err := a.Read(ctx, text)
		if err != nil {
			return nil, err
		}
		out[name] = objects(rows)
	}
	return out, nil
}

// describe adds to a summary what V$SQL knows of its statements.
func (s *Server) describe(a Account, x *summary) error {
	if x == nil || len(x.SQL) == 0 {
		return nil
	}
	ids := make([]string, len(x.SQL))
	by := map[string]*entry{}
	for i, e := range x.SQL {
		ids[i] = "'" + e.Key + "'" // hexadecimal digits
		by[e.Key] = e
	}
	ctx, cancel := context.WithTimeout(s.stopping, readTimeout)
	defer cancel()
	rows, err := a.Read(ctx, "SELECT sql_id, sql_text, schema_name, executions, errors, average_us, p95_us, rows_processed FROM V$SQL WHERE sql_id IN ("+strings.Join(ids, ", ")+")")
	if err != nil {
		return err
	}
	for _, o := range objects(rows) {
		id, _ := o["sql_id"].(string)
		if e := by[id]; e != nil {
			e.Info = o
		}
	}
	return nil
}

func wantedNumber(r *http.Request, name string) (uint64, error) {
	n, err := strconv.ParseUint(r.URL.Query().Get(name), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("parameter %s=%s is not a number", name, r.URL.Query().Get(name))
	}
	return n, nil
}

// quoted is a name as SQL takes it whatever is in it.
func quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
