package asof

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// measureMariaDB reads tables WITH SYSTEM VERSIONING. Commits are not flushed while the versions are written: only the
// reads are measured.
func measureMariaDB(ctx context.Context, c Config) (f measure.Figures, err error) {
	kind := server.MariaDB("--innodb-flush-log-at-trx-commit=0")
	if _, err := kind.Installed(ctx); err != nil {
		return nil, err
	}
	dir := filepath.Join(c.Dir, "mariadb")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := kind.Init(ctx, dir); err != nil {
		return nil, err
	}
	r, err := kind.Start(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Stop()) }()
	if _, err := r.Answer(ctx, "SELECT 1"); err != nil {
		return nil, err
	}
	db, err := sql.Open("mysql", server.DSN(r.Address()))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	moment, err := changeMariaDB(ctx, db, c)
	if err != nil {
		return nil, err
	}
	return c.compare(ctx, []reader{{"sql", sqlRead(ctx, db, "FOR SYSTEM_TIME AS OF TIMESTAMP '"+moment+"'")}})
}

// changeMariaDB fills the tables, gives the time then, and writes the later versions.
func changeMariaDB(ctx context.Context, db *sql.DB, c Config) (moment string, err error) {
	if err := fill(ctx, db, " WITH SYSTEM VERSIONING"); err != nil {
		return "", err
	}
	pause := time.NewTimer(20 * time.Millisecond) // versions are told apart by their time
	<-pause.C
	if err := db.QueryRowContext(ctx, "SELECT NOW(6)").Scan(&moment); err != nil {
		return "", err
	}
	pause.Reset(20 * time.Millisecond)
	<-pause.C
	for version := 1; version <= c.SpreadVersions/Rows; version++ {
		if _, err := db.ExecContext(ctx, fmt.Sprintf("UPDATE bench.spread SET version = %d", version)); err != nil {
			return "", fmt.Errorf("change all rows: %w", err)
		}
	}
	// One statement in which each pass is a change of its own, and so a version of its own.
	loop := fmt.Sprintf("BEGIN NOT ATOMIC FOR i IN 1..%d DO UPDATE bench.hot SET version = i WHERE id = %d; END FOR; END", c.HotVersions, hotID)
	if _, err := db.ExecContext(ctx, loop); err != nil {
		return "", fmt.Errorf("change one row: %w", err)
	}
	return moment, nil
}
