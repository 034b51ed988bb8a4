package node

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rs/zerolog"

	"redoubt/backup"
	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/pitr"
	"redoubt/scn"
)

var (
	anyPointSeed    = flag.Uint64("any-point-seed", 0, "seed of TestAnyPoint; 0 takes one from the clock")
	anyPointTargets = flag.Int("any-point-targets", 5, "targets of each variant of TestAnyPoint; five kinds take turns")
)

// TestAnyPoint has a database live, with DDL and flashbacks, while it is archived and backups of all kinds are made. Then the
// machine is lost: to random targets of each kind, a recovery from the repository alone has the state hash that the database had
// there, and answers AS OF as it did. The repository is a directory or a bucket, and encrypted or not.
func TestAnyPoint(t *testing.T) {
	seed := *anyPointSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("replay: go test ./node -run '^TestAnyPoint$' -any-point-seed %d -any-point-targets %d", seed, *anyPointTargets)
	for i, v := range []struct {
		name              string
		bucket, encrypted bool
	}{{"directory", false, false}, {"directory, encrypted", false, true}, {"S3", true, false}, {"S3, encrypted", true, true}} {
		t.Run(v.name, func(t *testing.T) {
			config, err := Load("", flags(t, filepath.Join(t.TempDir(), "data")))
			if err != nil {
				t.Fatal(err)
			}
			config.Archive, config.ArchiveEvery = []string{"file://" + filepath.Join(t.TempDir(), "repository")}, 20*time.Millisecond
			if v.bucket {
				config.Archive = []string{fakeS3(t)}
				config.S3 = store.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}
			}
			if v.encrypted {
				config.ArchiveKey = newKey(t)
			}
			anyPoint(t, config, seed+uint64(i), *anyPointTargets)
		})
	}
}

// fakeS3 runs a server that understands S3, and gives the address of a repository there.
func fakeS3(t *testing.T) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(s.Close)
	return "s3://bucket/repository?endpoint=" + s.URL + "&region=here"
}

func anyPoint(t *testing.T, config *Config, seed uint64, targets int) {
	n, err := Open(context.Background(), config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	w := &wild{t: t, n: n, random: rand.New(rand.NewPCG(seed, 7))}
	w.live(200 + 2*targets)
	life := w.remember(targets)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	options, err := config.repository("")
	if err != nil {
		t.Fatal(err)
	}
	repository, err := repository.Open(context.Background(), config.Archive[0], options)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d commits, backups %v", len(life.hashes)-1, countBackups(t, repository))
	for i := range life.targets {
		life.try(t, repository, &life.targets[i])
		if t.Failed() {
			return
		}
	}
}

func countBackups(t *testing.T, repository *repository.Repository) map[string]int {
	t.Helper()
	list, err := backup.List(context.Background(), repository)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for i := range list {
		way := "log"
		if list[i].HasState() {
			way = "files"
		}
		kinds[fmt.Sprint(list[i].Kind, " of ", way)]++
	}
	return kinds
}

// wild is a database that lives.
type wild struct {
	t      *testing.T
	n      *Node
	random *rand.Rand
	points []string
}

// wildTables are the tables that it may have.
var wildTables = []string{"app.t", "app.u", "app.w", "app.x", "app.big"}

// live runs a number of steps, two others writing and making backups meanwhile.
func (w *wild) live(steps int) {
	w.t.Helper()
	db := connect(w.t, w.n)
	run(w.t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY, v VARCHAR(200), KEY (v))", "CREATE TABLE app.w (id INT PRIMARY KEY, v INT)",
		"CREATE TABLE app.big (id INT PRIMARY KEY, v VARCHAR(4000))", "INSERT INTO app.big VALUES (1, '')")
	var over atomic.Bool
	var others sync.WaitGroup
	for i, do := range []func(*sql.DB, *rand.Rand) error{w.write, w.backUp} {
		random := rand.New(rand.NewPCG(w.random.Uint64(), uint64(i)))
		others.Go(func() {
			for !over.Load() {
				if err := do(db, random); err != nil {
					w.t.Errorf("beside: %v", err)
					return
				}
			}
		})
	}
	for i := range steps {
		if err := w.step(db, i); err != nil {
			w.t.Errorf("step %d: %v", i, err)
			break
		}
	}
	over.Store(true)
	others.Wait()
	if w.t.Failed() {
		w.t.FailNow()
	}
}

// may lets errors pass that come from others who are at work: conflicts, deadlocks, and tables that are not there.
func may(_ sql.Result, err error) error {
	var m *mysql.MySQLError
	if errors.As(err, &m) {
		switch m.Number {
		case 1213, 1205, 1146, 1050, 1051, 1054, 1060, 1062, 1091, 1412:
			return nil
		}
	}
	return err
}

func (w *wild) write(db *sql.DB, random *rand.Rand) error {
	if random.IntN(8) == 0 { // so much that files are smaller than the log, which has what was before, too
		text := make([]byte, 3000)
		for range 30 {
			for i := range text {
				text[i] = 'a' + byte(random.IntN(26))
			}
			if _, err := db.Exec("UPDATE app.big SET v = ?", string(text)); err != nil {
				return may(nil, err)
			}
		}
		return nil
	}
	t, err := db.Begin()
	if err != nil {
		return err
	}
	defer t.Rollback()
	for range 1 + random.IntN(4) {
		id := random.IntN(80)
		if _, err := t.Exec(fmt.Sprintf("REPLACE INTO app.t VALUES (%d, '%s')", id, strings.Repeat("y", random.IntN(150)))); err != nil {
			return may(nil, err)
		}
	}
	return may(nil, t.Commit())
}

func (w *wild) backUp(db *sql.DB, random *rand.Rand) error {
	statements := []string{"BACKUP DATABASE INCREMENTAL", "BACKUP DATABASE INCREMENTAL TAG 'x'", "BACKUP DATABASE DIFFERENTIAL", "BACKUP DATABASE", "BACKUP ARCHIVELOG"}
	_, err := db.Exec(statements[random.IntN(len(statements))])
	return err
}

// step is one change of another kind than rows of app.t.
func (w *wild) step(db *sql.DB, i int) error {
	now := w.n.Engine().Applied()
	back := max(now, 35) - scn.SCN(w.random.Uint64N(30))
	var statement string
	switch w.random.IntN(14) {
	case 0:
		statement = "CREATE TABLE IF NOT EXISTS app.u AS SELECT id, LEFT(v, 50) AS v FROM app.t"
	case 1:
		statement = "DROP TABLE IF EXISTS app.u"
	case 2:
		statement = fmt.Sprintf("ALTER TABLE app.w ADD COLUMN c%d INT DEFAULT %d", w.random.IntN(3), i)
	case 3:
		statement = fmt.Sprintf("ALTER TABLE app.w DROP COLUMN c%d", w.random.IntN(3))
	case 4:
		statement = fmt.Sprintf("FLASHBACK TABLE app.w TO SCN %d", back)
	case 5:
		statement = fmt.Sprintf("FLASHBACK TABLE app.t TO SCN %d", back)
	case 6:
		statement = "CREATE TABLE IF NOT EXISTS app.x (id INT PRIMARY KEY AUTO_INCREMENT, v INT)"
	case 7:
		statement = "TRUNCATE TABLE app.x"
	case 8:
		statement = "CREATE INDEX i ON app.w (v)"
		if w.random.IntN(2) == 0 {
			statement = "DROP INDEX i ON app.w"
		}
	case 9:
		w.points = append(w.points, fmt.Sprint("p", i))
		statement = fmt.Sprint("CREATE RESTORE POINT p", i)
	case 10:
		statement = "INSERT INTO app.x (v) SELECT id FROM app.t"
	case 11:
		statement = fmt.Sprintf("FLASHBACK SCHEMA app TO SCN %d", back)
	default:
		statement = fmt.Sprintf("REPLACE INTO app.w (id, v) VALUES (%d, %d)", w.random.IntN(30), i)
	}
	err := may(db.Exec(statement))
	var m *mysql.MySQLError
	if errors.As(err, &m) && (strings.HasPrefix(statement, "FLASHBACK") || m.Number == 1061) {
		return nil // the table was not there then, or has changed; the index is there
	}
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// life is what is known of a database that is lost.
type life struct {
	hashes  []uint64
	targets []wildTarget
}

// wildTarget is where a recovery goes, and what is asked there.
type wildTarget struct {
	pitr.Target
	at      scn.SCN
	answers map[scn.SCN]string
}

// remember chooses targets, and asks the live database.
func (w *wild) remember(targets int) *life {
	w.t.Helper()
	l := &life{}
	var times []time.Time
	l.hashes, times = lives(w.t, w.n)
	db := connect(w.t, w.n)
	last := scn.SCN(len(l.hashes) - 1)
	for i := range targets {
		g := wildTarget{at: 1 + scn.SCN(w.random.Uint64N(uint64(last))), answers: map[scn.SCN]string{}}
		switch i % 5 {
		case 0:
			g.SCN = g.at
		case 1:
			g.Time = times[g.at]
		case 2:
			if len(w.points) > 0 {
				g.RestorePoint = w.points[w.random.IntN(len(w.points))]
				fmt.Sscan(get(w.t, db, "SELECT scn FROM V$RESTORE_POINT WHERE name = ?", g.RestorePoint), &g.at)
			}
		case 3:
			fmt.Sscan(get(w.t, db, "SELECT CONCAT(xid, ' ', scn) FROM FLASHBACK_TRANSACTION_QUERY WHERE scn >= ? ORDER BY scn LIMIT 1", g.at/2+1), &g.Transaction, &g.at)
		case 4:
			g.at = last // the newest: a clean stop may add commits
		}
		for range 3 {
			at := 3 + scn.SCN(w.random.Uint64N(max(uint64(g.at), 4)-3))
			if at <= g.at {
				g.answers[at] = ask(w.t, db, at)
			}
		}
		if g.at > 3 {
			g.answers[g.at] = ask(w.t, db, g.at)
		}
		l.targets = append(l.targets, g)
	}
	return l
}

// ask gives what all tables had as of an SCN, in words; that one was not there is an answer, too.
func ask(t *testing.T, db *sql.DB, at scn.SCN) string {
	t.Helper()
	var b strings.Builder
	for _, table := range wildTables {
		fmt.Fprintf(&b, "%s:", table)
		rows, err := db.Query(fmt.Sprintf("SELECT * FROM %s AS OF SCN %d ORDER BY 1", table, at))
		var m *mysql.MySQLError
		if errors.As(err, &m) && (m.Number == 1146 || m.Number == 1049) {
			b.WriteString(" not there\n")
			continue
		}
		if err != nil {
			t.Fatalf("%s as of %d: %v", table, at, err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, columns)
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		for rows.Next() {
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				fmt.Fprintf(&b, "%v ", *v.(*sql.NullString))
			}
			b.WriteByte('\n')
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return b.String()
}

// try recovers to a target and compares.
func (l *life) try(t *testing.T, from *repository.Repository, g *wildTarget) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "again")
	r, err := Recover(context.Background(), RecoverOptions{Repository: from, Data: dir, Target: g.Target})
	if err != nil {
		t.Errorf("to %s: %v", g.Target, err)
		return
	}
	if newest := g.Target == (pitr.Target{}); r.SCN < g.at || !newest && (r.SCN != g.at || r.StateHash != l.hashes[g.at]) {
		t.Errorf("to %s: reached SCN %d with hash %x, want %d with %x", g.Target, r.SCN, r.StateHash, g.at, l.hashes[g.at])
	}
	n := start(t, flags(t, dir))
	db := connect(t, n)
	defer func() {
		if err := errors.Join(db.Close(), n.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	}()
	if h, err := n.Engine().StateHashAt(g.at); err != nil || h.Hash != l.hashes[g.at] {
		t.Errorf("recovered to %s from %q, SCN %d has hash %x, want %x; %v", g.Target, r.Backup, g.at, h.Hash, l.hashes[g.at], err)
	}
	for at, want := range g.answers {
		if got := ask(t, db, at); got != want {
			t.Errorf("recovered to %s from %q, as of SCN %d it says\n%s\nnot\n%s", g.Target, r.Backup, at, got, want)
		}
	}
}
