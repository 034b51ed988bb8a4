package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/node/bridge"
	"redoubt/wal"
	"redoubt/wal/redo"
)

// startInParts starts a node on which a transaction of more than some KiB goes in parts.
func startInParts(t *testing.T, f map[string]string) *Node {
	t.Helper()
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	config.partBytes = 16 << 10
	n, err := Open(context.Background(), config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// relay passes proposals of parts on, and calls after when a part is in the log. Its error is the answer.
type relay struct {
	bridge.Proposer
	after func(part *redo.Part) error
}

func (r relay) ProposePart(ctx context.Context, body []byte, part *redo.Part) error {
	if err := r.Proposer.ProposePart(ctx, body, part); err != nil {
		return err
	}
	return r.after(part)
}

func (n *Node) relay(after func(part *redo.Part) error) {
	n.engine.Propose(relay{bridge.Proposer{Log: n.replication}, after})
}

// insertMany is a transaction of about 200 KiB.
func insertMany(first int) []string {
	statements := []string{"BEGIN"}
	for i := range 20 {
		var rows []string
		for j := range 50 {
			rows = append(rows, fmt.Sprintf("(%d, %d, '%s')", first+i*50+j, j, strings.Repeat("x", 180)))
		}
		statements = append(statements, "INSERT INTO app.t VALUES "+strings.Join(rows, ", "))
	}
	return statements
}

const createMany = "CREATE TABLE app.t (id INT PRIMARY KEY, k INT, c VARCHAR(200), KEY (k))"

// TestTransactionInParts: a large transaction through SQL commits and rolls back whole, is sealed whole, and its parts
// show in the log.
func TestTransactionInParts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	f := flags(t, dir)
	f["checkpoint-size"], f["segment-time"] = "256MiB", "1h"
	n := startInParts(t, f)
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", createMany, "CREATE TABLE app.other (id INT AUTO_INCREMENT PRIMARY KEY)")
	var parts, seen atomic.Int64
	other := connect(t, n)
	n.relay(func(part *redo.Part) error {
		if part.Number > 0 {
			parts.Add(1)
			run(t, other, "INSERT INTO app.other VALUES ()")
			if got := get(t, other, "SELECT count(*) FROM app.t"); got != "0" {
				t.Errorf("%s rows after part %d", got, part.Number)
			}
			seen.Add(1)
		}
		return nil
	})
	db.SetMaxOpenConns(1)
	run(t, db, append(insertMany(0), "ROLLBACK")...)
	if parts.Load() != 0 {
		t.Fatal("a transaction that was rolled back is in the log")
	}
	run(t, db, append(insertMany(0), "COMMIT")...)
	if parts.Load() < 10 || seen.Load() != parts.Load() {
		t.Fatalf("it went in %d parts", parts.Load())
	}
	if got := get(t, db, "SELECT count(*) FROM app.t FORCE INDEX (k) WHERE k < 50"); got != "1000" {
		t.Fatalf("%s rows, want 1000", got)
	}
	if got := n.replication.Stats().Parts; got != uint64(parts.Load()) {
		t.Errorf("%d parts are counted, %d were proposed", got, parts.Load())
	}
	hash := n.Engine().StateHash()
	waitSealed(t, n, hash.SCN)
	checkSegmentsGiveState(t, n, hash)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if text := inspectDir(t, filepath.Join(dir, logDir)); strings.Count(text, " part transaction=") != int(parts.Load()) {
		t.Fatalf("the log shows %d parts, want %d", strings.Count(text, " part transaction="), parts.Load())
	}
	n = startInParts(t, f)
	defer n.Close()
	if got := get(t, connect(t, n), "SELECT count(*) FROM app.t"); got != "1000" {
		t.Fatalf("%s rows after a restart, want 1000", got)
	}
}

func inspectDir(t *testing.T, dir string) string {
	t.Helper()
	var out bytes.Buffer
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if wal.IsLogFile(e.Name()) && !strings.HasPrefix(e.Name(), "spare-") {
			if err := Inspect(filepath.Join(dir, e.Name()), &out); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.String()
}

// TestSealingBetweenParts: the log is sealed while a transaction is on its way, and lets go of all but its parts. Then the
// state is lost, and made from segments and what is left of the log.
func TestSealingBetweenParts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	f := flags(t, dir)
	f["segment-size"], f["segment-time"], f["log-file-size"] = "2MiB", "1h", "1MiB"
	n := startInParts(t, f)
	db, other := connect(t, n), connect(t, n)
	run(t, db, "CREATE DATABASE app", createMany, "CREATE TABLE app.other (id INT PRIMARY KEY, c VARCHAR(4000))")
	mark := func() bridge.Mark {
		text, err := os.ReadFile(filepath.Join(dir, sealedFile))
		if errors.Is(err, os.ErrNotExist) {
			return bridge.Mark{}
		}
		at, err := bridge.DecodeMark(text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	n.relay(func(part *redo.Part) error {
		if part.Number != 3 {
			return nil
		}
		deadline := time.Now().Add(2 * time.Minute)
		for i := 0; mark().PartsFrom == 0 || n.log.FirstIndex() == 1; i++ {
			if time.Now().After(deadline) {
				t.Errorf("sealed up to %+v, the log begins at %d", mark(), n.log.FirstIndex())
				return errors.New("timeout")
			}
			run(t, other, fmt.Sprintf("REPLACE INTO app.other VALUES (%d, '%d%s')", i%10, i, strings.Repeat("y", 3900)))
		}
		return nil
	})
	run(t, other, fmt.Sprintf("INSERT INTO app.other VALUES (-1, '%s')", strings.Repeat("y", 3900)))
	for range 400 { // log that may go
		run(t, other, fmt.Sprintf("UPDATE app.other SET c = '%s' WHERE id = -1", strings.Repeat("z", 3800)), "UPDATE app.other SET c = '' WHERE id = -1")
	}
	db.SetMaxOpenConns(1)
	run(t, db, append(insertMany(0), "COMMIT")...)
	if at := mark(); at.PartsFrom == 0 || n.log.FirstIndex() > at.PartsFrom {
		t.Fatalf("sealed up to %+v, the log begins at %d", at, n.log.FirstIndex())
	}
	hash := n.Engine().StateHash()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, stateDir)); err != nil {
		t.Fatal(err)
	}
	n = startInParts(t, f)
	defer n.Close()
	db = connect(t, n)
	if got := get(t, db, "SELECT count(*) FROM app.t"); got != "1000" {
		t.Fatalf("%s rows, want 1000", got)
	}
	table, _ := n.Engine().Catalog().Table("app", "t")
	if got, want := n.Engine().TableHash(table.ID), hash.Tables[table.ID]; got != want {
		t.Fatalf("sums were %+v, made anew %+v", want, got)
	}
	run(t, db, "INSERT INTO app.other VALUES (-2, '')")
	if left := n.Engine().Underway(); left != 0 {
		t.Fatalf("parts of %d transactions are kept", left)
	}
}

// TestTransactionTooLarge: the statement that passes the limit is taken back and says which setting it was; what the
// transaction did before can be committed, and the server goes on.
func TestTransactionTooLarge(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["transaction-size"] = "1MiB"
	n := startInParts(t, f)
	defer n.Close()
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", createMany)
	for i := range 6 { // each fits, all together do not
		run(t, db, insertMany(i * 1000)[1:6]...)
	}
	db.SetMaxOpenConns(1)
	for _, tooLarge := range []string{
		"INSERT INTO app.t SELECT id + 100000, k, c FROM app.t",
		"UPDATE app.t SET c = CONCAT(k, c)",
		"UPDATE app.t SET k = k + 1000",
		"DELETE FROM app.t WHERE id >= 0",
		"REPLACE INTO app.t SELECT id, k + 1, c FROM app.t",
	} {
		before := get(t, db, "SELECT CONCAT_WS(' ', COUNT(*), SUM(k), SUM(LENGTH(c)), MAX(id)) FROM app.t")
		run(t, db, "BEGIN", "UPDATE app.t SET c = 'kept' WHERE id = 1")
		_, err := db.Exec(tooLarge)
		if err == nil || !strings.Contains(err.Error(), "1197") || !strings.Contains(err.Error(), "transaction-size") {
			t.Fatalf("%s: got %v", tooLarge, err)
		}
		if got := get(t, db, "SELECT COUNT(*) FROM app.t WHERE c <> 'kept'"); got != "1499" {
			t.Errorf("after %s: %s rows are not the one that was changed before", tooLarge, got)
		}
		run(t, db, "COMMIT")
		if got := get(t, db, "SELECT c FROM app.t WHERE id = 1"); got != "kept" {
			t.Errorf("after %s and COMMIT: %s", tooLarge, got)
		}
		run(t, db, fmt.Sprintf("UPDATE app.t SET c = '%s' WHERE id = 1", strings.Repeat("x", 180)))
		if after := get(t, db, "SELECT CONCAT_WS(' ', COUNT(*), SUM(k), SUM(LENGTH(c)), MAX(id)) FROM app.t"); after != before {
			t.Errorf("%s left %s of %s", tooLarge, after, before)
		}
	}
}

// TestKilledBetweenParts: a client that is killed while its transaction is on its way hears so, and nothing is left of it.
func TestKilledBetweenParts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n := startInParts(t, flags(t, dir))
	defer n.Close()
	db, killer := connect(t, n), connect(t, n)
	db.SetMaxOpenConns(1)
	run(t, db, "CREATE DATABASE app", createMany)
	id := get(t, db, "SELECT CONNECTION_ID()")
	n.relay(func(part *redo.Part) error {
		if part.Number == 3 {
			run(t, killer, "KILL QUERY "+id)
		}
		return nil
	})
	before := n.Engine().StateHash()
	run(t, db, insertMany(0)...)
	if _, err := db.Exec("COMMIT"); err == nil {
		t.Fatal("a killed COMMIT was acknowledged")
	}
	if after := n.Engine().StateHash(); !after.Equal(before) {
		t.Errorf("the state changed, in tables %v", after.Differing(before))
	}
	if left := n.Engine().Underway(); left != 0 {
		t.Errorf("parts of %d transactions are kept", left)
	}
	run(t, killer, "INSERT INTO app.t VALUES (1, 1, '')") // nobody holds anything
}
