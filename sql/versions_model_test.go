package sql

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"redoubt/engine"
	"redoubt/flashback"
	"redoubt/scn"
)

var (
	versionsSeed = flag.Uint64("versions-seed", 0, "seed of TestVersionsModel; 0 takes one from the clock")
	versionsRuns = flag.Int("versions-runs", 4, "histories of TestVersionsModel")
)

// TestVersionsModel compares VERSIONS BETWEEN with what AS OF each SCN of the range shows, over random statements.
func TestVersionsModel(t *testing.T) {
	seed := *versionsSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; again: go test ./sql -run TestVersionsModel -versions-seed=%d", seed, seed)
	for i := range *versionsRuns {
		m := &versionsModel{running: start(t), random: rand.New(rand.NewPCG(seed, uint64(i)))}
		m.exec("CREATE TABLE m (id INT PRIMARY KEY, v VARCHAR(9), n INT, KEY (n))")
		m.first = m.scn()
		for step := range 70 {
			m.step()
			if step%10 == 9 {
				m.compare()
			}
		}
	}
}

type versionsModel struct {
	*running
	random *rand.Rand
	first  uint64
	extra  int // columns that were added
	log    []string
}

// step runs a random statement. Some cannot be run as things are; then nothing happens.
func (m *versionsModel) step() {
	id, n := m.random.IntN(6), m.random.IntN(4)
	var s string
	switch k := m.random.IntN(40); {
	case k < 10:
		s = fmt.Sprintf("REPLACE INTO m (id, v, n) VALUES (%d, '%c', %d), (%d, 'z', %d)", id, 'a'+rune(n), n, id+1, m.random.IntN(4))
	case k < 17:
		s = fmt.Sprintf("UPDATE m SET n = (n + %d) %% 4 WHERE id >= %d", n, id)
	case k < 21:
		s = fmt.Sprintf("DELETE FROM m WHERE id = %d", id)
	case k < 23:
		s = fmt.Sprintf("UPDATE m SET id = id + 10 WHERE id = %d", id)
	case k < 29:
		s = fmt.Sprintf("FLASHBACK TABLE m TO SCN %d", m.first+m.random.Uint64N(m.scn()-m.first+1))
	case k < 30:
		s = "UNFLASHBACK TABLE m"
	case k < 32:
		s = "TRUNCATE TABLE m"
	case k < 33:
		s = "DROP TABLE m"
	case k < 35:
		s = "FLASHBACK TABLE m TO BEFORE DROP"
	case k < 36:
		m.extra++
		s = fmt.Sprintf("ALTER TABLE m ADD COLUMN x%d INT DEFAULT %d", m.extra, n)
	case k < 37:
		s = fmt.Sprintf("ALTER TABLE m DROP COLUMN x%d", 1+m.random.IntN(m.extra+1))
	case k < 38:
		s = fmt.Sprintf("FLASHBACK DATABASE TO SCN %d", m.first+m.random.Uint64N(m.scn()-m.first+1))
	case k < 39:
		s = "ALTER TABLE m DROP INDEX n"
	default:
		s = "ALTER TABLE m ADD INDEX n (n)"
	}
	if m.random.IntN(12) == 0 {
		if _, err := m.database.Engine.Fold(m.t.Context(), engine.Pace{}); err != nil {
			m.t.Fatal(err)
		}
	}
	if m.random.IntN(60) == 0 {
		m.restart()
	}
	_, err := m.db.Exec(s)
	m.log = append(m.log, fmt.Sprintf("%s -> %d %v", s, m.scn(), err))
	var known *mysqldriver.MySQLError
	if err != nil && !errors.As(err, &known) {
		m.t.Fatalf("%s: %v", s, err)
	}
	if known != nil && !slices.Contains([]uint16{1051, 1105, 1146, 1091, 1050, 1061, 1062, 1054, 1060}, known.Number) {
		m.t.Fatalf("%s: %v\n%s", s, err, strings.Join(m.log, "\n"))
	}
}

// compare asks for the versions of a random range, by several ways.
func (m *versionsModel) compare() {
	newest := m.scn()
	from := m.first + m.random.Uint64N(newest-m.first+1)
	to := from + m.random.Uint64N(newest-from+1)
	want := m.naive(from, to)
	if want == nil {
		return // there was no table
	}
	clause := fmt.Sprintf(" FROM m VERSIONS BETWEEN SCN %d AND %d ", from, to)
	columns := "SELECT id, v, n, versions_startscn, versions_endscn, versions_operation, ora_rowscn"
	check := func(query string, want []string, args ...any) {
		m.t.Helper()
		got := m.rows(query, args...)
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			m.t.Fatalf("%s:\n%s\nwant\n%s\nafter\n%s", query, strings.Join(got, "\n"), strings.Join(want, "\n"), strings.Join(m.log, "\n"))
		}
	}
	id, n := m.random.IntN(6), m.random.IntN(4)
	only := func(column int, value int) (out []string) {
		for _, row := range want {
			if strings.Split(row, "|")[column] == fmt.Sprint(value) {
				out = append(out, row)
			}
		}
		return out
	}
	check(columns+clause, want)
	check(fmt.Sprintf("%s%sWHERE id = %d", columns, clause, id), only(0, id))
	check(fmt.Sprintf("%s%sWHERE n = %d", columns, clause, n), only(2, n))
	check(fmt.Sprintf("%s%sWHERE n BETWEEN %d AND %d", columns, clause, n, n+1), append(only(2, n), only(2, n+1)...))
	check(fmt.Sprintf("SELECT count(*)%s", clause), []string{fmt.Sprint(len(want))})
	check(columns+" FROM m VERSIONS BETWEEN SCN ? AND ? WHERE id = ?", only(0, id), from, to, id)
	check(fmt.Sprintf("%s FROM m VERSIONS BETWEEN TIMESTAMP SCN_TO_TIMESTAMP(%d) AND SCN_TO_TIMESTAMP(%d)", columns, from, to), want)
	m.commits(clause, from)
}

// commits compares what is said of the commits that made and ended versions with what the engine knows of them.
func (m *versionsModel) commits(clause string, from uint64) {
	view, err := m.database.Engine.View(m.database.Engine.Applied())
	if err != nil {
		m.t.Fatal(err)
	}
	defer view.Rollback()
	flashbacks, err := view.Flashbacks()
	if err != nil {
		m.t.Fatal(err)
	}
	for _, row := range m.rows("SELECT versions_startscn, versions_xid, versions_user, versions_incarnation, versions_starttime <=> SCN_TO_TIMESTAMP(versions_startscn), versions_endtime <=> SCN_TO_TIMESTAMP(versions_endscn)" + clause) {
		got := strings.Split(row, "|")
		want := []string{"NULL", "NULL", "NULL", fmt.Sprint(flashback.At(flashbacks, scn.SCN(from-1))), "1", "1"}
		if got[0] != "NULL" {
			at, err := scn.Parse(got[0])
			if err != nil {
				m.t.Fatal(err)
			}
			c, err := m.database.Engine.CommitOf(at)
			if err != nil {
				m.t.Fatal(err)
			}
			want = []string{got[0], fmt.Sprint(c.XID), c.User, fmt.Sprint(flashback.At(flashbacks, at)), "1", "1"}
		}
		if !slices.Equal(got, want) {
			m.t.Fatalf("%s: %v, want %v", clause, got, want)
		}
	}
}

// naive makes the versions out of what AS OF each SCN shows; nil if there was no table in the range.
func (m *versionsModel) naive(from, to uint64) []string {
	type run struct{ start, operation, values, at string }
	open, out, there := map[string]run{}, []string{}, false
	end := func(id string, r run, s string) {
		if r.start != "NULL" || s != fmt.Sprint(from) {
			out = append(out, strings.Join([]string{id, r.values, r.start, s, r.operation, r.at}, "|"))
		}
	}
	for s := from - 1; s <= to; s++ {
		now := map[string]run{}
		rows, err := queryRows(m.db, fmt.Sprintf("SELECT id, v, n, ora_rowscn FROM m AS OF SCN %d", s))
		there = there || err == nil && s >= from-1
		for _, row := range rows {
			c := strings.Split(row, "|")
			now[c[0]] = run{fmt.Sprint(s), "I", c[1] + "|" + c[2], c[3]}
		}
		for id, r := range open {
			n, still := now[id]
			switch {
			case still && n.at == r.at && n.values == r.values:
				now[id] = r
			case still:
				end(id, r, fmt.Sprint(s))
				n.operation = "U"
				now[id] = n
			default:
				end(id, r, fmt.Sprint(s))
				out = append(out, strings.Join([]string{id, r.values, fmt.Sprint(s), "NULL", "D", r.at}, "|"))
			}
		}
		if open = now; s < from {
			for id, r := range open {
				r.start, r.operation = "NULL", "NULL"
				open[id] = r
			}
		}
	}
	for id, r := range open {
		end(id, r, "NULL")
	}
	if !there {
		return nil
	}
	return out
}
