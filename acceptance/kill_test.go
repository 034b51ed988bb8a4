package acceptance

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestNothingLost kills the server in the midst of writing, again and again, and holds what it says after each restart
// against what its clients were told.
func TestNothingLost(t *testing.T) {
	cycles := 200
	if testing.Short() {
		cycles = 20
	}
	random := rand.New(rand.NewPCG(seed(t, 0), 4))
	// Small files, so that rotation, flushes, checkpoints and sealing fall into the killing too.
	s := startServer(t, still, "--log-file-size=1MiB", "--checkpoint-size=2MiB", "--memtable-size=1MiB", "--segment-size=1MiB", "--segment-time=1s")
	db := open(t, s.mysql, "ledger")
	prepareLedger(t, s)
	ledgers := newLedgers(random)
	var acknowledgements atomic.Int64
	var worked time.Duration
	for cycle := 1; cycle <= cycles; cycle++ {
		while := time.Duration(20+random.IntN(1200)) * time.Millisecond
		worked += while
		end := s.kill
		if cycle%10 == 0 {
			end = s.stop // a clean stop under load loses as little
		}
		if err := loadUntil(t.Context(), db, ledgers, &acknowledgements, while, end); err != nil {
			t.Fatalf("cycle %d: %v\n%s", cycle, err, s.out)
		}
		restart(t, s, random)
		if err := verify(t.Context(), db, ledgers); err != nil {
			t.Fatalf("cycle %d: %v", cycle, err)
		}
		if cycle%5 == 0 {
			checkTables(t, db, ledgerTables)
		}
		if cycle%20 == 0 {
			sameAfterReplay(t, s, db)
		}
	}
	rate := float64(acknowledgements.Load()) / worked.Seconds()
	t.Logf("%d cycles, %d acknowledgements, %.0f a second", cycles, acknowledgements.Load(), rate)
	if rate < 100 {
		t.Fatalf("the run is void: %.0f acknowledgements a second, 100 are wanted", rate)
	}
}

// still makes a server that commits nothing by itself: what is compared is what clients left.
const still = "--statistics-time=24h"

// TestReplayEverything throws the state away: the log alone must lead to the same one, whatever crashes lie in it.
func TestReplayEverything(t *testing.T) {
	random := rand.New(rand.NewPCG(seed(t, 0), 5))
	s := startServer(t, still, "--log-file-size=1MiB", "--memtable-size=1MiB", "--checkpoint-size=2MiB") // nothing is sealed, so nothing is cut
	db := open(t, s.mysql, "ledger")
	prepareLedger(t, s)
	ledgers := newLedgers(random)
	var acknowledgements atomic.Int64
	for range 3 {
		if err := loadUntil(t.Context(), db, ledgers, &acknowledgements, 2*time.Second, s.kill); err != nil {
			t.Fatalf("%v\n%s", err, s.out)
		}
		s.start()
	}
	want := position(t, db)
	s.stop()
	if err := os.RemoveAll(filepath.Join(s.dir, "state")); err != nil {
		t.Fatal(err)
	}
	s.start()
	if got := position(t, db); got != want {
		t.Errorf("SCN and state hash after replay of the whole log: %s, want %s", got, want)
	}
	if err := verify(t.Context(), db, ledgers); err != nil {
		t.Error(err)
	}
	checkTables(t, db, ledgerTables)
}

func newLedgers(random *rand.Rand) []*ledger {
	ledgers := make([]*ledger, writers)
	for i := range ledgers {
		ledgers[i] = &ledger{writer: i, random: rand.New(rand.NewPCG(random.Uint64(), uint64(i)))}
	}
	return ledgers
}

func prepareLedger(t *testing.T, s *server) {
	t.Helper()
	c := conn(t, s.mysql, "")
	mustExec(t, c, ledgerSchema...)
	for i := range writers {
		mustExec(t, c, "INSERT INTO counter VALUES ("+literal(i)+", 0)")
	}
	for i := range accounts {
		mustExec(t, c, "INSERT INTO account VALUES ("+literal(i)+", "+literal(deposit)+")")
	}
}

// restart brings a killed server back; one time in five it is killed once more while it recovers.
func restart(t *testing.T, s *server, random *rand.Rand) {
	t.Helper()
	if random.IntN(5) == 0 {
		s.launch()
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond) // any moment of the recovery will do
		s.kill()
	}
	s.start()
}

const ledgerTables = "entry, keyless, counter, account, moved"

// checkTables has the server read tables with all their indexes.
func checkTables(t *testing.T, db *sql.DB, tables string) {
	t.Helper()
	r, err := ask(t.Context(), db, "CHECK TABLE "+tables)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.rows {
		if row[3] != "OK" {
			t.Errorf("CHECK TABLE: %v", row)
		}
	}
}

// position is where the database is: its SCN and the hash of its state.
func position(t *testing.T, db *sql.DB) string {
	t.Helper()
	r, err := ask(t.Context(), db, "SELECT current_scn, state_hash FROM redoubt.`V$DATABASE`")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(r.rows[0], " ")
}

// sameAfterReplay kills an idle server: the log from the last flush on must lead to the same state.
func sameAfterReplay(t *testing.T, s *server, db *sql.DB) {
	t.Helper()
	want := position(t, db)
	s.kill()
	s.start()
	if got := position(t, db); got != want {
		t.Errorf("SCN and state hash after replay: %s, want %s", got, want)
	}
}
