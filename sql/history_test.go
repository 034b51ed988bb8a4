package sql

import (
	"context"
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

	"redoubt/internal/history"
)

var (
	historyTxns = flag.Int("history-txns", 3000, "transactions of TestHistory at each level")
	historySeed = flag.Uint64("history-seed", 0, "seed of TestHistory; 0 takes one from the clock")
)

// TestHistory lets clients append to lists and read them, many at a time, and judges what they saw by the level.
func TestHistory(t *testing.T) {
	for name, level := range map[string]history.Level{
		readCommitted: history.ReadCommitted, repeatableRead: history.SnapshotIsolation, serializable: history.Serializable,
	} {
		t.Run(name, func(t *testing.T) {
			seed := *historySeed
			if seed == 0 {
				seed = uint64(time.Now().UnixNano()) % 1e12
			}
			t.Logf("replay: go test ./sql -run '^TestHistory$' -history-txns %d -history-seed %d", *historyTxns, seed)
			r := start(t)
			r.exec("CREATE TABLE list (k INT PRIMARY KEY, other INT, v LONGTEXT NOT NULL, KEY (other))")
			txns := listClients(t, r, name, seed)
			committed := 0
			for _, x := range txns {
				if x.Outcome == history.Committed {
					committed++
				}
			}
			if committed < len(txns)/5 {
				t.Errorf("only %d of %d transactions committed", committed, len(txns))
			}
			for _, a := range history.Check(txns, level) {
				t.Error(a)
			}
			if level == history.ReadCommitted && len(history.Check(txns, history.Serializable)) == 0 {
				t.Error("nothing that only SERIALIZABLE forbids: the clients do not get into each other's way")
			}
			r.database.CheckLaw(t)
		})
	}
}

const (
	listClientsCount = 12
	listKeys         = 5 // at a time; after listLength appends to one, new ones are used
	listLength       = 400
)

// listClients runs the clients and gives what all of them did, the last reads of all keys included.
func listClients(t *testing.T, r *running, level string, seed uint64) (all []history.Txn) {
	t.Helper()
	var mu sync.Mutex
	var value, done atomic.Int64
	var g sync.WaitGroup
	for w := range uint64(listClientsCount) {
		c := on{r.connection(), t}
		c.exec("SET SESSION TRANSACTION ISOLATION LEVEL " + level)
		g.Go(func() {
			random := rand.New(rand.NewPCG(seed, w))
			for done.Add(1) <= int64(*historyTxns) {
				x := listTxn(c, random, &value)
				mu.Lock()
				all = append(all, x)
				mu.Unlock()
			}
		})
	}
	g.Wait()
	c, last := on{r.connection(), t}, history.Txn{}
	for k := 0; k <= keyBase(value.Load())+listKeys; k++ {
		list, err := readList(c, fmt.Sprintf("SELECT v FROM list WHERE k = %d", k))
		if err != nil {
			t.Fatal(err)
		}
		last.Ops = append(last.Ops, history.Op{Key: k, Read: list})
	}
	return append(all, last)
}

func keyBase(value int64) int { return int(value/(listKeys*listLength)) * listKeys }

// listTxn runs one transaction of a few operations.
func listTxn(c on, random *rand.Rand, value *atomic.Int64) (x history.Txn) {
	run := func(statement string) error {
		_, err := c.ExecContext(context.Background(), statement)
		return err
	}
	fail := func(err error) history.Txn {
		x.Outcome = history.RolledBack
		var known *mysqldriver.MySQLError
		if !errors.As(err, &known) || known.Number != 1213 {
			c.t.Error(err)
			_ = run("ROLLBACK")
		}
		return x
	}
	if err := run("BEGIN"); err != nil {
		return fail(err)
	}
	for range 1 + random.IntN(4) {
		k := keyBase(value.Load()) + random.IntN(listKeys)
		if random.IntN(2) == 0 {
			list, err := readList(c, fmt.Sprintf([]string{
				"SELECT v FROM list WHERE k = %d", "SELECT v FROM list WHERE other = %d", "SELECT v FROM list WHERE k + 0 = %d",
				"SELECT v FROM list WHERE k IN (%d, -1)", "SELECT v FROM list WHERE k = %d FOR SHARE", "SELECT v FROM list WHERE k = %d FOR UPDATE",
			}[random.IntN(6)], k))
			if err != nil {
				return fail(err)
			}
			x.Ops = append(x.Ops, history.Op{Key: k, Read: list})
			continue
		}
		v := value.Add(1)
		statement := fmt.Sprintf("INSERT INTO list VALUES (%d, %d, '%d') ON DUPLICATE KEY UPDATE v = CONCAT(v, ',%d')", k, k, v, v)
		if random.IntN(2) == 0 {
			statement = fmt.Sprintf("UPDATE list SET v = CONCAT(v, ',%d') WHERE other = %d", v, k)
			if existing, err := readList(c, fmt.Sprintf("SELECT v FROM list WHERE k = %d", k)); err != nil {
				return fail(err)
			} else if x.Ops = append(x.Ops, history.Op{Key: k, Read: existing}); len(existing) == 0 {
				continue // there is nothing to append to
			}
		}
		if err := run(statement); err != nil {
			return fail(err)
		}
		x.Ops = append(x.Ops, history.Op{Key: k, Append: v})
	}
	if random.IntN(10) == 0 {
		x.Outcome = history.RolledBack
		if err := run("ROLLBACK"); err != nil {
			return fail(err)
		}
		return x
	}
	if err := run("COMMIT"); err != nil {
		return fail(err)
	}
	return x
}

func readList(c on, query string) (list []int64, err error) {
	rows, err := queryRows(c, query)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	for _, text := range strings.Split(rows[0], ",") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}
