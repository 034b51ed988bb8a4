package node

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/repository"
	"redoubt/pitr"
	"redoubt/scn"
)

// madeBackup is a row that BACKUP DATABASE returns.
type madeBackup struct {
	id, kind, of, base                 string
	scn, log, lacking, sentFiles, sent uint64
	hash                               string
}

func takeBackup(t *testing.T, db *sql.DB, statement string) (b madeBackup) {
	t.Helper()
	rows, err := db.Query(statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	var skip any
	var base sql.NullString
	var log sql.NullInt64
	for rows.Next() {
		err := rows.Scan(&b.id, &b.kind, &b.of, &base, &skip, &b.scn, &skip, &skip, &skip, &log, &b.lacking, &b.sentFiles, &skip, &b.sent, &skip, &b.hash)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	b.base, b.log = base.String, uint64(log.Int64)
	return b
}

// noise is text that does not compress.
func noise(t *testing.T, bytes int) string {
	t.Helper()
	b := make([]byte, bytes/2)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

// TestBackupKinds: an incremental backup is relative to the newest one, a differential to the newest full one; each is the log
// or files, whichever is smaller; recoveries compare the state hash of those that are only the log.
func TestBackupKinds(t *testing.T) {
	f, repository := archived(t)
	f["memtable-size"] = "8MiB" // so that files come only with backups
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	live(t, n, mathrand.New(mathrand.NewPCG(8, 8)), 60)
	first := takeBackup(t, db, "BACKUP DATABASE INCREMENTAL TAG 'without a base'")
	if first.kind != "full" || first.of != "files" || first.base != "" {
		t.Errorf("an incremental backup without a base is %+v", first)
	}
	run(t, db, "REPLACE INTO app.t VALUES (1000, 'one')")
	log := takeBackup(t, db, "BACKUP DATABASE INCREMENTAL")
	if log.kind != "incremental" || log.of != "log" || log.base != first.id || log.sentFiles != 0 || log.log == 0 || log.log > log.lacking {
		t.Errorf("after one commit: %+v, want the log since %s", log, first.id)
	}
	// Values are changed as a whole: the log has them before and after, the state once.
	for i := range 120 {
		run(t, db, fmt.Sprintf("REPLACE INTO app.t VALUES (%d, '%s')", 2000+i%3, noise(t, 90)))
	}
	run(t, db, "CREATE TABLE app.big (id INT PRIMARY KEY, v VARCHAR(4000))", "INSERT INTO app.big VALUES (1, '')")
	for range 150 {
		run(t, db, "UPDATE app.big SET v = '"+noise(t, 4000)+"'")
	}
	way := get(t, db, "SELECT CONCAT(next_incremental, ' ', since_backup) FROM V$BLOCK_CHANGE_TRACKING")
	files := takeBackup(t, db, "BACKUP DATABASE INCREMENTAL")
	if files.of != "files" || files.base != log.id || files.sentFiles == 0 || files.log <= files.lacking || way != "files "+log.id {
		t.Errorf("after large changes: %+v, want files; V$BLOCK_CHANGE_TRACKING said %s", files, way)
	}
	run(t, db, "DELETE FROM app.t WHERE id = 1000")
	if way := get(t, db, "SELECT CONCAT(next_incremental, ' ', since_backup) FROM V$BLOCK_CHANGE_TRACKING"); way != "log "+files.id {
		t.Errorf("V$BLOCK_CHANGE_TRACKING says %s, want log %s", way, files.id)
	}
	again := takeBackup(t, db, "BACKUP DATABASE DIFFERENTIAL")
	if again.kind != "differential" || again.base != first.id || again.log <= files.log {
		t.Errorf("a differential backup is %+v, want one since %s", again, first.id)
	}
	mark := takeBackup(t, db, "BACKUP DATABASE INCREMENTAL")
	if mark.of != "log" || mark.base != again.id || mark.sentFiles != 0 {
		t.Errorf("right after another backup: %+v", mark)
	}
	hashes, _ := lives(t, n)
	for _, b := range []madeBackup{first, log, files, again, mark} {
		r, err := Recover(context.Background(), RecoverOptions{Repository: repository, Data: filepath.Join(t.TempDir(), "again"), Target: pitr.Target{SCN: scn.SCN(b.scn)}})
		if err != nil {
			t.Fatal(err)
		}
		if hash := fmt.Sprintf("%016x", r.StateHash); hash != b.hash || r.StateHash != hashes[b.scn] {
			t.Errorf("recovered to %+v: hash %s", b, hash)
		}
		if b.of == "log" && r.Checked == 0 {
			t.Errorf("the state hash of %+v was not compared", b)
		}
	}
	checkDeceived(t, repository, &log)
}

// checkDeceived: a recovery refuses if the state has not the hash that a backup says.
func checkDeceived(t *testing.T, from *repository.Repository, log *madeBackup) {
	t.Helper()
	ctx := context.Background()
	list, err := backup.List(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if list[i].ID != log.id {
			continue
		}
		list[i].StateHash = "0123456789abcdef"
		if err := backup.PutBack(ctx, from, &list[i]); err != nil {
			t.Fatal(err)
		}
	}
	_, err = Recover(ctx, RecoverOptions{Repository: from, Data: filepath.Join(t.TempDir(), "deceived"), Target: pitr.Target{SCN: scn.SCN(log.scn)}})
	if err == nil || !strings.Contains(err.Error(), log.id) {
		t.Errorf("a recovery past another state hash: %v", err)
	}
}

// TestBackupElsewhere: a backup makes its repository hold the log, also where the log is not archived; BACKUP ARCHIVELOG does
// only that; what somebody took away is sent again.
func TestBackupElsewhere(t *testing.T) {
	ctx := context.Background()
	f, _ := archived(t)
	n := start(t, f)
	defer func() { n.Close() }()
	db := connect(t, n)
	elsewhere, err := repository.At("file://"+filepath.Join(t.TempDir(), "elsewhere"), repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	random := mathrand.New(mathrand.NewPCG(9, 9))
	reaches := func(at uint64) {
		t.Helper()
		h, err := n.Engine().StateHashAt(scn.SCN(at))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Recover(ctx, RecoverOptions{Repository: elsewhere, Data: filepath.Join(t.TempDir(), "again"), Target: pitr.Target{SCN: scn.SCN(at)}})
		if err != nil || r.StateHash != h.Hash {
			t.Errorf("recovered to SCN %d: %+v, %v", at, r, err)
		}
	}
	live(t, n, random, 40)
	full := takeBackup(t, db, "BACKUP DATABASE TO '"+elsewhere.String()+"'")
	reaches(full.scn)
	reaches(full.scn / 2)
	live(t, n, random, 40)
	incremental := takeBackup(t, db, "BACKUP DATABASE INCREMENTAL TO '"+elsewhere.String()+"'")
	if incremental.base != full.id || incremental.sent == 0 {
		t.Errorf("an incremental backup to there: %+v", incremental)
	}
	reaches(incremental.scn)
	live(t, n, random, 40)
	at := n.Engine().Applied()
	run(t, db, "BACKUP ARCHIVELOG TO '"+elsewhere.String()+"'")
	reaches(uint64(at))
	pieces, err := archive.Pieces(ctx, elsewhere)
	if err != nil || len(pieces) == 0 {
		t.Fatalf("%d pieces, %v", len(pieces), err)
	}
	if err := elsewhere.Delete(ctx, pieces[0].Name); err != nil {
		t.Fatal(err)
	}
	run(t, db, "BACKUP ARCHIVELOG TO '"+elsewhere.String()+"'")
	reaches(uint64(at))
}

func targetSCN(at scn.SCN) pitr.Target { return pitr.Target{SCN: at} }
