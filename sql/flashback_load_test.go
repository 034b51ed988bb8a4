package sql

import (
	"context"
	gosql "database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"

	"redoubt/scn"
)

var loadSeed = flag.Uint64("flashback-load-seed", 0, "seed of TestFlashbackUnderLoad; 0 takes one from the clock")

// TestFlashbackUnderLoad flashes a table back, again and again, while clients write to it: nobody is cut off, nobody gets an
// error but those that say "try again", and each time the table is exactly what it was.
func TestFlashbackUnderLoad(t *testing.T) {
	seed := *loadSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("replay: go test ./sql -run '^TestFlashbackUnderLoad$' -flashback-load-seed %d", seed)
	const clients, rows = 16, 200
	flashbacks := 100
	if testing.Short() {
		flashbacks = 20
	}
	r := start(t)
	r.exec("CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, k INT, c CHAR(20), KEY (k))", "CREATE TABLE b LIKE a")
	for i := range rows {
		r.exec(fmt.Sprintf("INSERT INTO a (k, c) VALUES (%d, 'a%d')", i, i), fmt.Sprintf("INSERT INTO b (k, c) VALUES (%d, 'b%d')", i, i))
	}
	table, _ := r.database.Engine.Catalog().Table("test", "a")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var commits, retries atomic.Int64
	var writing sync.WaitGroup
	for client := range clients {
		c := r.connection()
		writing.Go(func() {
			w := loadClient{c: c, random: rand.New(rand.NewPCG(seed, uint64(client))), rows: rows}
			for ctx.Err() == nil {
				switch err := w.transaction(ctx); {
				case err == nil:
					commits.Add(1)
				case isRetryable(err):
					retries.Add(1)
				case ctx.Err() == nil:
					t.Errorf("client %d: %v", client, err)
					return
				}
			}
		})
	}
	own := r.connection()
	random := rand.New(rand.NewPCG(seed, 1000))
	for n := range flashbacks {
		since := commits.Load()
		for commits.Load() < since+int64(2*clients) && !t.Failed() {
			time.Sleep(time.Millisecond) // others are at work
		}
		now := uint64(r.database.Engine.Applied())
		to := now - random.Uint64N(min(now-uint64(2*rows), 300))
		answer, err := queryRows(on{own, t}, "FLASHBACK TABLE a TO SCN ?", to)
		if err != nil {
			t.Fatalf("flashback %d to SCN %d: %v", n, to, err)
		}
		at, _ := strconv.ParseUint(strings.Split(answer[0], "|")[2], 10, 64)
		then, err1 := r.database.Engine.TableStateAt(table.ID, scn.SCN(to))
		after, err2 := r.database.Engine.TableStateAt(table.ID, scn.SCN(at))
		if err := errors.Join(err1, err2); err != nil || then != after {
			t.Fatalf("flashback %d at SCN %d to %d: the table has %v, had %v; %v", n, at, to, after, then, err)
		}
		if n%10 == 0 {
			content := "SELECT * FROM a AS OF SCN %d ORDER BY id"
			if got, want := r.rows(fmt.Sprintf(content, at)), r.rows(fmt.Sprintf(content, to)); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("flashback %d at SCN %d to %d: other rows than then", n, at, to)
			}
		}
	}
	stop()
	writing.Wait()
	t.Logf("%d commits, %d retries", commits.Load(), retries.Load())
	r.database.CheckIndexes(t)
	r.database.CheckLaw(t)
}

func isRetryable(err error) bool {
	var e *mysqldriver.MySQLError
	return errors.As(err, &e) && (e.Number == 1213 || e.Number == 1205)
}

// loadClient writes to both tables at random.
type loadClient struct {
	c      *gosql.Conn
	random *rand.Rand
	rows   int
}

func (w *loadClient) transaction(ctx context.Context) error {
	t, err := w.c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint // after a commit it does nothing
	for range 1 + w.random.IntN(4) {
		name, id := []string{"a", "b"}[w.random.IntN(2)], 1+w.random.IntN(w.rows)
		switch w.random.IntN(4) {
		case 0:
			_, err = t.ExecContext(ctx, "DELETE FROM "+name+" WHERE id = ?", id)
		case 1:
			_, err = t.ExecContext(ctx, "INSERT IGNORE INTO "+name+" VALUES (?, ?, 'new')", id, w.random.IntN(50))
		case 2:
			_, err = t.ExecContext(ctx, "INSERT INTO "+name+" (k, c) VALUES (?, 'auto')", w.random.IntN(50))
		default:
			_, err = t.ExecContext(ctx, "UPDATE "+name+" SET k = k + 1, c = ? WHERE id = ?", fmt.Sprint(w.random.IntN(1000)), id)
		}
		if err != nil {
			return err
		}
	}
	return t.Commit()
}
