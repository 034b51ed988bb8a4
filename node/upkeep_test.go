package node

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// waitFor waits until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func count64(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const upkeepRows = 1000

// fillStock makes a table of upkeepRows rows and gives a function that changes each of them once.
func fillStock(t *testing.T, db *sql.DB) (change func()) {
	t.Helper()
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.stock (item INT PRIMARY KEY, n INT, note VARCHAR(300), KEY (n))")
	var values []string
	for i := range upkeepRows {
		values = append(values, fmt.Sprintf("(%d, 0, '')", i))
	}
	run(t, db, "INSERT INTO app.stock VALUES "+strings.Join(values, ", "))
	return func() {
		t.Helper()
		run(t, db, "UPDATE app.stock SET n = n + 1, note = concat(sha2(concat(item, ' ', n), 512), sha2(concat(n, ' ', item), 512))")
	}
}

// TestHistoryGoesByItself: a node drops, while clients write, what its retention does not cover, never what a guaranteed restore
// point holds, and gives the disk back.
func TestHistoryGoesByItself(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["upkeep-time"], f["upkeep-rate"] = "20ms", "1GiB"
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	change := fillStock(t, db)
	for range 5 {
		change()
	}
	run(t, db, "CREATE RESTORE POINT safe GUARANTEE FLASHBACK DATABASE")
	safe := get(t, db, "SELECT scn FROM v$restore_point")
	table, _ := n.Engine().Catalog().Table("app", "stock")
	want := n.Engine().TableHash(table.ID)
	run(t, db, "SET FLASHBACK RETENTION 2 VERSIONS")
	for range 25 {
		change()
	}
	oldest := func() string {
		return get(t, db, "SELECT oldest_flashback_scn FROM v$flashback_database_log WHERE object = 'app.stock'")
	}
	waitFor(t, "the floor is at the restore point", func() bool { return oldest() == safe })
	waitFor(t, "what is older has gone", func() bool { return n.Engine().UpkeepStats().CollectedVersions >= 4*upkeepRows })
	if got := get(t, db, "SELECT sum(n) FROM app.stock AS OF RESTORE POINT safe"); count64(t, got) != 5*upkeepRows {
		t.Fatalf("the sum at the restore point is %s", got)
	}
	bytes := func() uint64 {
		if _, err := n.Engine().Persist(context.Background()); err != nil {
			t.Fatal(err)
		}
		return count64(t, get(t, db, "SELECT state_bytes FROM v$flashback_database_log WHERE object = 'app.stock'"))
	}
	full := bytes()
	run(t, db, "FLASHBACK TABLE app.stock TO RESTORE POINT safe")
	if got := n.Engine().TableHash(table.ID); got != want {
		t.Fatalf("the table has the sums %v after it went back, had %v", got, want)
	}
	waitFor(t, "the flashback is folded", func() bool { return n.Engine().UpkeepStats().Unfolded == 0 })
	run(t, db, "DROP RESTORE POINT safe")
	for range 3 {
		change()
	}
	waitFor(t, "the floor has left the restore point", func() bool { return count64(t, oldest()) > count64(t, safe)+1 })
	waitFor(t, "the table takes a third of what it did", func() bool { return bytes() < full/3 })
	t.Logf("%d bytes with the history of 26 changes, %d without", full, bytes())
	if got := get(t, db, "SELECT sum(n) FROM app.stock"); count64(t, got) != 8*upkeepRows {
		t.Fatalf("the sum is %s", got)
	}
	if body := fetch(t, "http://"+n.Addresses().HTTP+"/metrics"); !strings.Contains(body, "redoubt_history_dropped_versions_total ") || !strings.Contains(body, "redoubt_flashbacks_unfolded 0") {
		t.Error("metrics lack the figures of upkeep")
	}
}

// TestWritersAndUpkeep: clients write and read the past within their retention all the time, flashbacks among them, while the node
// folds and drops at full speed; nobody gets an error but retryable ones, and no snapshot changes under its reader.
func TestWritersAndUpkeep(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["upkeep-time"], f["upkeep-rate"] = "1ms", "1GiB"
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	fillStock(t, db)
	run(t, db, "SET FLASHBACK RETENTION 1 VERSION")
	ctx, cancel := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	for c := range 2 {
		clients.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				if _, err := db.Exec("UPDATE app.stock SET n = n + 1 WHERE item % 10 = ?", (i+c)%10); err != nil && !strings.Contains(err.Error(), "1213") {
					t.Errorf("update: %v", err)
				}
			}
		})
	}
	clients.Go(func() {
		for ctx.Err() == nil {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
			if err != nil {
				return
			}
			var first, again string
			for _, into := range []*string{&first, &again} {
				if err := tx.QueryRow("SELECT concat(count(*), ' ', sum(n)) FROM app.stock").Scan(into); err != nil && ctx.Err() == nil {
					t.Errorf("read: %v", err)
				}
			}
			if first != again && ctx.Err() == nil {
				t.Errorf("a snapshot reads %s, then %s", first, again)
			}
			_ = tx.Rollback()
		}
	})
	for i := range 10 {
		point := fmt.Sprint("p", i)
		run(t, db, "CREATE RESTORE POINT "+point+" GUARANTEE FLASHBACK DATABASE")
		sum := get(t, db, "SELECT sum(n) FROM app.stock AS OF '"+point+"'")
		for attempt := 0; ; attempt++ {
			_, err := db.Exec("FLASHBACK TABLE app.stock TO RESTORE POINT " + point)
			if err == nil {
				break
			}
			if attempt == 20 || !strings.Contains(err.Error(), "1213") {
				t.Fatalf("flashback: %v", err)
			}
		}
		if got := get(t, db, "SELECT sum(n) FROM app.stock AS OF '"+point+"'"); got != sum {
			t.Fatalf("the sum at %s was %s, is %s", point, sum, got)
		}
		run(t, db, "DROP RESTORE POINT "+point)
	}
	cancel()
	clients.Wait()
	waitFor(t, "all is folded and something has gone", func() bool {
		s := n.Engine().UpkeepStats()
		return s.Unfolded == 0 && s.CollectedVersions > 0
	})
	if got := get(t, db, "SELECT count(*) FROM app.stock"); count64(t, got) != upkeepRows {
		t.Fatalf("%s rows", got)
	}
	run(t, db, "CHECK TABLE app.stock")
}

// TestRecycleBinLetsGo: the recycle bin keeps so many entries, and none that is too old.
func TestRecycleBinLetsGo(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["recyclebin-objects"], f["upkeep-time"] = "2", "20ms"
	n := start(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app")
	for i := range 4 {
		run(t, db, fmt.Sprintf("CREATE TABLE app.t%d (id INT PRIMARY KEY)", i), fmt.Sprintf("DROP TABLE app.t%d", i))
	}
	left := func() string {
		return get(t, db, "SELECT COALESCE(GROUP_CONCAT(original_name ORDER BY dropscn), '') FROM DBA_RECYCLEBIN")
	}
	waitFor(t, "the oldest have left the recycle bin", func() bool { return left() == "t2,t3" })
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	f["recyclebin-age"] = "1ms"
	n = start(t, f)
	defer n.Close()
	db = connect(t, n)
	waitFor(t, "all that is old has left the recycle bin", func() bool { return left() == "" })
}
