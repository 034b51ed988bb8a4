package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"redoubt/backup/repository"
	"redoubt/node"
	"redoubt/pitr"
)

// demoPlaces are the directories of a demo.
type demoPlaces struct{ data, repository, again string }

func placesIn(dir string) demoPlaces {
	return demoPlaces{filepath.Join(dir, "data"), filepath.Join(dir, "repository"), filepath.Join(dir, "again")}
}

func (p *demoPlaces) address() string { return "file://" + p.repository }

// lostMachine makes a mistake, and tells when; the directory of the database is lost after it.
func (d *demonstration) lostMachine() (mistake time.Time) {
	d.title("The machine is gone")
	d.section("The log went to a repository all the time; a backup makes the way back shorter")
	d.back("BACKUP DATABASE TAG 'demo'")
	d.later(1100 * time.Millisecond) // so that the last second before the mistake is after all that was right
	d.do("DELETE FROM orders")
	if d.err == nil {
		d.err = d.db.QueryRowContext(d.ctx, "SELECT scn_to_timestamp(current_scn())").Scan(&mistake)
	}
	d.awaitArchive()
	d.ask("SELECT status, archived_scn, gap_scn FROM V$ARCHIVE")
	return mistake
}

// later lets time pass.
func (d *demonstration) later(span time.Duration) {
	if d.err != nil {
		return
	}
	select {
	case <-time.After(span):
	case <-d.ctx.Done():
		d.err = d.ctx.Err()
	}
}

// awaitArchive waits until all that was committed is in the repository.
func (d *demonstration) awaitArchive() {
	for gap := uint64(1); gap > 0 && d.err == nil; {
		if d.err = d.db.QueryRowContext(d.ctx, "SELECT gap_scn FROM V$ARCHIVE").Scan(&gap); gap > 0 {
			d.later(20 * time.Millisecond)
		}
	}
}

// comeBack loses the directory, recovers to one second before the mistake, and shows that all is there.
func comeBack(ctx context.Context, out, errs io.Writer, places demoPlaces, mistake time.Time, wantRevenue string) (err error) {
	to := mistake.Add(-time.Second)
	fmt.Fprintf(out, "  $ rm -r %s\n", places.data)
	if err := os.RemoveAll(places.data); err != nil {
		return err
	}
	from, err := repository.Open(ctx, places.address(), repository.Options{})
	if err != nil {
		return err
	}
	began := time.Now()
	fmt.Fprintf(out, "  $ redoubt recover --repo %s --data %s --to-time '%s'\n", places.address(), places.again, to.UTC().Format(timeLayout))
	r, err := node.Recover(ctx, node.RecoverOptions{Repository: from, Data: places.again, Target: pitr.Target{Time: to}})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  recovered to SCN %d from backup %s, state hash %016x, in %s\n", r.SCN, r.Backup, r.StateHash, round(time.Since(began)))
	n, err := startDemoNode(ctx, places.again, places.address(), errs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	return withDemo(ctx, out, n, func(d *demonstration) {
		d.revenue = wantRevenue
		d.exec("USE shop")
		d.checkRevenue()
		d.section("Its past came along")
		d.ask("SELECT incarnation, parent, began_scn, status FROM V$DATABASE_INCARNATION")
	})
}
