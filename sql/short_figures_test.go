package sql

import (
	"fmt"
	"regexp"
	"strings"

	"redoubt/sql/storage"
)

// sameFigures compares what both ways have left in V$SQL, V$SESSION, V$SESSTAT and the status variables. Only one may have taken
// the short path.
func (b *bothWays) sameFigures(r *running) {
	b.t.Helper()
	b.sameStatements(r)
	sessions := [2]string{}
	for i, c := range []on{{b.full, b.t}, {b.short, b.t}} {
		id, err := queryRows(c, "SELECT CONNECTION_ID()"+[]string{mark, ""}[i])
		if err != nil {
			b.t.Fatal(err)
		}
		status, err := queryRows(c, "SHOW SESSION STATUS WHERE Variable_name IN ('Questions', 'Com_select', 'Com_insert', 'Com_update', 'Com_delete')"+[]string{mark, ""}[i])
		if err != nil {
			b.t.Fatal(err)
		}
		seen := r.rows("SELECT sql_exec_id, xid IS NULL, username FROM v$session WHERE sid = " + id[0])
		figures := r.rows(`SELECT name, value FROM v$sesstat WHERE sid = ` + id[0] + ` AND name NOT IN
			('DB time', 'rows read', 'short path executions', 'bytes received via SQL*Net from client', 'bytes sent via SQL*Net to client') ORDER BY name`)
		sessions[i] = strings.Join(append(append(status, seen...), figures...), "\n")
	}
	if sessions[0] != sessions[1] {
		b.t.Errorf("the session of the full way:\n%s\nof the short path:\n%s", sessions[0], sessions[1])
	}
}

// sameStatements compares V$SQL, without times.
func (b *bothWays) sameStatements(r *running) {
	b.t.Helper()
	figures := [2]map[string][]uint64{{}, {}}
	rows, err := r.db.Query(`SELECT sql_id, sql_text, command, executions, errors, conflicts, rows_processed, rows_changed, short_path_executions
		FROM v$sql WHERE schema_name IN ('shortly', 'fully')`)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	var taken uint64
	for rows.Next() {
		var id, text, command string
		var short uint64
		n := make([]uint64, 5)
		if err := rows.Scan(&id, &text, &command, &n[0], &n[1], &n[2], &n[3], &n[4], &short); err != nil {
			b.t.Fatal(err)
		}
		if want := fmt.Sprintf("%016x", storage.Digest(text)); id != want {
			b.t.Errorf("V$SQL says %s of the digest of %s, which is %s", id, text, want)
		}
		plain, fully := strings.CutSuffix(text, mark)
		if fully && short > 0 {
			b.t.Errorf("%s took the short path %d times", text, short)
		}
		taken += short
		way := 1
		if fully {
			way = 0
		}
		key := command + ": " + likeTemplate(plain)
		sum := append(make([]uint64, 0, 5), figures[way][key]...)
		if len(sum) == 0 {
			sum = make([]uint64, 5)
		}
		for i := range n {
			sum[i] += n[i]
		}
		figures[way][key] = sum
	}
	if err := rows.Err(); err != nil {
		b.t.Fatal(err)
	}
	if counted := shortCount(r); taken > counted || taken == 0 {
		b.t.Errorf("V$SQL says that %d statements took the short path, the counter %d", taken, counted)
	}
	for key := range figures[0] {
		if full, short := fmt.Sprint(figures[0][key]), fmt.Sprint(figures[1][key]); full != short {
			b.t.Errorf("executions, errors, conflicts, rows sent and changed of %s\nthe full way:   %s\nthe short path: %s", key, full, short)
		}
	}
	if len(figures[0]) != len(figures[1]) {
		b.t.Errorf("V$SQL has %d statements of the full way and %d of the short path", len(figures[0]), len(figures[1]))
	}
}

var (
	valueLists = regexp.MustCompile(`(values \([^()]*\))(?:, \([^()]*\))+`)
	nullInList = regexp.MustCompile(`([(,] ?)null\b`)
)

// likeTemplate makes of an INSERT's rows one, as the short path does in its digests, and of NULL in it a literal.
func likeTemplate(text string) string {
	at := strings.Index(text, " values (")
	if !strings.HasPrefix(text, "insert") || at < 0 {
		return text
	}
	end := strings.Index(text, " on duplicate")
	if end < 0 {
		end = len(text)
	}
	return text[:at] + nullInList.ReplaceAllString(valueLists.ReplaceAllString(text[at:end], "$1"), "$1?") + text[end:]
}
