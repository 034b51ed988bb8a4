package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"redoubt/backup/catalog"
	"redoubt/backup/path"
	"redoubt/backup/retention"
	"redoubt/scn"
	"redoubt/sql"
	"redoubt/telemetry"
)

// recoverability is what was last seen of the repository: whether all that its policy promises can be recovered.
type recoverability struct {
	mu          sync.Mutex
	looked      bool
	err         error
	unreachable []retention.Kept // promises that are not kept
	scns        uint64           // of those
	backups     uint64           // that can be used
	newest      scn.SCN          // of the newest of them
}

// watchRecoverability looks at each repository from time to time.
func (n *Node) watchRecoverability() {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	for i, d := range n.followed {
		r := &recoverability{}
		n.recoverabilityMetrics(r, d, i)
		watching.Go(func() {
			tick := time.NewTicker(n.config.WatchEvery)
			defer tick.Stop()
			for {
				r.look(ctx, d, n.identity.incarnation(), d.archiver.Status().Archived)
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	n.closers = append(n.closers, func() error { cancel(); watching.Wait(); return nil })
}

// look reads the repository, in which the log of an incarnation was archived up to an SCN.
func (r *recoverability) look(ctx context.Context, d *destination, incarnation scn.Incarnation, archived scn.SCN) {
	c, err := catalog.LoadKnowing(ctx, d.store, time.Now(), &d.manifests)
	var unreachable []retention.Kept
	if err == nil {
		unreachable, err = broken(c)
		if tip, _ := c.Map.Newest(incarnation); tip.SCN < archived { // the end of the log is gone, and cannot be missed there
			gap := scn.Range{After: tip.SCN, To: archived}
			unreachable = append(unreachable, retention.Kept{Promise: retention.Promise{Incarnation: incarnation, SCNs: gap, By: "it was archived"}, Unreachable: []scn.Range{gap}})
		}
	}
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looked, r.err = true, err
	if err != nil {
		return
	}
	r.unreachable, r.scns, r.backups, r.newest = unreachable, 0, 0, 0
	for i := range unreachable {
		for _, gap := range unreachable[i].Unreachable {
			r.scns += uint64(gap.To - gap.After)
		}
	}
	for i := range c.Entries {
		if c.Entries[i].Problem == "" {
			r.backups++
		}
	}
	if e := c.NewestUsable(); e != nil {
		r.newest = e.SCN
	}
}

// broken gives the promises of a policy that are not kept.
func broken(c *catalog.Catalog) (out []retention.Kept, err error) {
	proof, err := retention.Prove(c.Map, c.Map, c.Decision.Promises)
	for _, p := range proof {
		if len(p.Unreachable) > 0 {
			out = append(out, p)
		}
	}
	return out, err
}

// problem tells what is wrong; nil if nothing is, or nobody has looked yet.
func (r *recoverability) problem() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	if len(r.unreachable) == 0 {
		return nil
	}
	p := &r.unreachable[0]
	gap := p.Unreachable[0]
	return fmt.Errorf("SCN %d to %d of incarnation %d can no longer be recovered, which is promised by: %s; V$RECOVERABILITY says why; make a backup, so that what comes now can be", gap.After+1, gap.To, p.Incarnation, p.By)
}

func (n *Node) recoverabilityMetrics(r *recoverability, d *destination, i int) {
	look := func() [3]uint64 {
		r.mu.Lock()
		defer r.mu.Unlock()
		return [3]uint64{r.scns, r.backups, uint64(r.newest)}
	}
	of := func(name string) string { return fmt.Sprintf("%s{destination=%q}", name, d.store.String()) }
	expose(n.metrics, look, []figure[[3]uint64]{
		{of("redoubt_recoverability_broken_scns"), func(f [3]uint64) uint64 { return f[0] }, false},
		{of("redoubt_backups_usable"), func(f [3]uint64) uint64 { return f[1] }, false},
		{of("redoubt_backup_newest_scn"), func(f [3]uint64) uint64 { return f[2] }, false},
	})
	n.checks.Add(telemetry.Check{Name: nth("recoverability", i), Ask: func(context.Context) error { return r.problem() }})
}

// loadCatalogs reads the repositories.
func (n *Node) loadCatalogs(ctx context.Context) (out []*catalog.Catalog, err error) {
	for _, d := range n.followed {
		c, err := catalog.LoadKnowing(ctx, d.store, time.Now(), &d.manifests)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// repositoryBackups are those of the repositories, for V$BACKUP.
func (n *Node) repositoryBackups(ctx context.Context) (out []sql.RepositoryBackup, err error) {
	catalogs, err := n.loadCatalogs(ctx)
	for _, c := range catalogs {
		for i := range c.Entries {
			e := &c.Entries[i]
			b := sql.RepositoryBackup{
				Repository: c.Repository, ID: e.ID, Kind: string(e.Kind), Base: e.Base, Incarnation: e.Incarnation, SCN: e.SCN, State: string(e.State),
				Problem: e.Problem, Keep: e.Marks.Hand(c.Loaded), Tag: e.Tag(), Files: len(e.Files), Bytes: e.Bytes(), StateHash: e.StateHash,
				Started: e.Started, Finished: e.Finished, Node: e.Node,
			}
			if e.TimeMicros != 0 {
				b.Time = time.UnixMicro(e.TimeMicros)
			}
			out = append(out, b)
		}
	}
	return out, err
}

// reaches tells which SCNs the repositories reach, for V$RECOVERABILITY.
func (n *Node) reaches(ctx context.Context) (out []sql.Reach, err error) {
	catalogs, err := n.loadCatalogs(ctx)
	for _, c := range catalogs {
		for _, incarnation := range c.Map.Incarnations() {
			ranges, rangesErr := c.Map.Ranges(incarnation)
			err = errors.Join(err, rangesErr)
			for i := range ranges {
				out = append(out, reach(c, &ranges[i]))
			}
		}
	}
	return out, err
}

func reach(c *catalog.Catalog, r *path.Range) sql.Reach {
	out := sql.Reach{
		Repository: c.Repository, Incarnation: r.Incarnation, SCNs: r.SCNs, Reachable: r.Gap == nil, Backup: r.Base, From: r.From, Bytes: r.Bytes, Predicted: r.Time,
		By: c.PredictedBy(), Promised: c.Promised(r.Incarnation, r.SCNs),
	}
	if r.Gap != nil {
		out.Gap = r.Gap.Error()
	}
	return out
}
