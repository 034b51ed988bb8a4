package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"redoubt/backup"
	"redoubt/backup/lease"
	"redoubt/sql"
	"redoubt/telemetry"
)

// drills is what is known of the drills of a repository, and makes those of the schedule.
type drills struct {
	n     *Node
	d     *destination
	began time.Time
	known backup.Drills
	scheduled[backup.Drill]
}

// watchDrills follows the drills of a repository, and makes them when they are due.
func (n *Node) watchDrills(i int, d *destination) {
	v := &drills{n: n, d: d, began: time.Now()}
	v.load = func(ctx context.Context) ([]backup.Drill, error) { return v.known.Load(ctx, d.store) }
	n.drilled = append(n.drilled, v)
	v.expose(i)
	n.background(func(ctx context.Context) { v.follow(ctx, n.config.DrillEvery, n.config.WatchEvery, v.round) })
}

// round looks which drills there were, on any node, and makes one if it is due. A standby that applies the log late lacks what to
// compare with.
func (v *drills) round(ctx context.Context) error {
	if err := v.look(ctx); err != nil {
		return err
	}
	drills := v.n.leads() || v.n.standby() && v.n.config.ApplyDelay == 0
	if !drills || !v.due(time.Now()) {
		return nil
	}
	v.setRunning(true)
	defer v.setRunning(false)
	return errors.Join(v.drill(ctx), v.look(ctx))
}

func (v *drills) due(now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	every, last := v.n.config.DrillEvery, v.newest()
	return every > 0 && (last == nil || now.Sub(last.Started) >= every)
}

// drill recovers the newest archived commit in a directory of its own, of which nothing stays, and compares it with the live database. What
// it found is kept in the repository. An error says that there was no drill.
func (v *drills) drill(ctx context.Context) error {
	work := filepath.Join(v.n.config.Data, verifyDir)
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	found := backup.Drill{Node: v.n.identity.NodeID, Started: time.Now().UTC(), Newest: v.n.engine.Applied()}
	r, err := testRestore(ctx, v.d.store, work, nil)
	found.Took = time.Since(found.Started)
	var conflict *lease.ConflictError
	if ctx.Err() != nil || errors.As(err, &conflict) {
		return err // the next round tries again
	}
	if err == nil {
		err = v.compare(ctx, &found, &r)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	event := v.n.logger.Info()
	if err != nil {
		found.Problem, event = err.Error(), v.n.logger.Error().Err(err)
	}
	found.Finished = time.Now().UTC()
	event.Str("repository", v.d.store.String()).Uint64("scn", uint64(found.SCN)).Uint64("lost_scns", found.LostSCNs()).Dur("took", found.Took).Msg("drill: recovered the newest archived commit")
	return backup.SaveDrill(ctx, v.d.store, &found)
}

// compare fills in what was reached, and tells how it differs from the live database.
func (v *drills) compare(ctx context.Context, found *backup.Drill, r *Recovered) error {
	found.Backup, found.Incarnation, found.SCN, found.TimeMicros, found.StateHash = r.Backup, r.Parent, r.SCN, r.TimeMicros, fmt.Sprintf("%016x", r.StateHash)
	if own := v.n.identity.incarnation(); r.Parent != own {
		return fmt.Errorf("the newest archived commit is one of incarnation %d, and this database is in %d", r.Parent, own)
	}
	if err := (nodes{v.n}).Reach(ctx, r.SCN); err != nil {
		return fmt.Errorf("compare with the live database: %w", err)
	}
	if found.LostSCNs() > 0 {
		micros, err := v.n.engine.SCNToTime(r.SCN + 1)
		if err != nil {
			return err
		}
		found.Lost = max(0, found.Started.Sub(time.UnixMicro(micros)))
	}
	live, err := v.n.engine.StateHashAt(r.SCN)
	if err != nil {
		return fmt.Errorf("compare with the live database: %w", err)
	}
	if found.LiveHash = fmt.Sprintf("%016x", live.Hash); found.LiveHash != found.StateHash {
		return fmt.Errorf("recovered to SCN %d it has state hash %s, and the live database had %s there", r.SCN, found.StateHash, found.LiveHash)
	}
	return nil
}

// problem is what somebody should know; empty: nothing.
func (v *drills) problem(now time.Time) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	every, last, since := v.n.config.DrillEvery, v.newest(), v.began
	if last != nil && since.Before(last.Started) {
		since = last.Started
	}
	switch {
	case last != nil && last.Problem != "":
		return fmt.Sprintf("drill %s failed: %s", last.ID, last.Problem)
	case v.failed != nil:
		return "no drill could be made: " + v.failed.Error()
	case every > 0 && now.Sub(since) > overdueAfter*every && !v.running:
		return fmt.Sprintf("there was no drill for %s, though drill-every is %s", now.Sub(since).Round(time.Second), every)
	}
	return ""
}

func (v *drills) expose(i int) {
	of := func(name string) string { return fmt.Sprintf("%s{destination=%q}", name, v.d.store.String()) }
	look := func() backup.Drill {
		v.mu.Lock()
		defer v.mu.Unlock()
		if last := v.newest(); last != nil {
			return *last
		}
		return backup.Drill{Started: v.began}
	}
	expose(v.n.metrics, look, []figure[backup.Drill]{
		{of("redoubt_drill_age_seconds"), func(d backup.Drill) uint64 { return uint64(max(time.Since(d.Started), 0).Seconds()) }, false},
		{of("redoubt_drill_failed"), func(d backup.Drill) uint64 { return one(d.Problem != "") }, false},
		{of("redoubt_drill_rpo_scns"), func(d backup.Drill) uint64 { return d.LostSCNs() }, false},
		{of("redoubt_drill_rpo_seconds"), func(d backup.Drill) uint64 { return wholeSeconds(d.Lost) }, false},
		{of("redoubt_drill_rto_seconds"), func(d backup.Drill) uint64 { return wholeSeconds(d.Took) }, false},
	})
	v.n.checks.Add(telemetry.Check{Name: nth("drill", i), Ask: func(context.Context) error {
		if problem := v.problem(time.Now()); problem != "" {
			return fmt.Errorf("%s: %s; V$DRILL has all of them", v.d.store, problem)
		}
		return nil
	}})
}

// wholeSeconds rounds up: what took any time took one.
func wholeSeconds(d time.Duration) uint64 { return uint64((d + time.Second - 1) / time.Second) }

// Drills implements sql.Backups.
func (b backups) Drills(ctx context.Context) (out []sql.Drill, err error) {
	for _, v := range b.drilled {
		if err := v.look(ctx); err != nil {
			return nil, err
		}
		v.mu.Lock()
		list := v.list
		v.mu.Unlock()
		for i := range list {
			d := &list[i]
			row := sql.Drill{
				Repository: v.d.store.String(), ID: d.ID, Node: d.Node, Started: d.Started, Finished: d.Finished, Backup: d.Backup, Incarnation: d.Incarnation, SCN: d.SCN,
				Newest: d.Newest, LostSCNs: d.LostSCNs(), Lost: d.Lost, Took: d.Took, StateHash: d.StateHash, LiveHash: d.LiveHash, Problem: d.Problem,
			}
			if d.SCN > 0 {
				row.Time = time.UnixMicro(d.TimeMicros)
			}
			out = append(out, row)
		}
	}
	return out, nil
}
