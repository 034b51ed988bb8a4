package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"redoubt/backup"
	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/repository"
	"redoubt/sql"
	"redoubt/telemetry"
)

// verifyDir, in the data directory, has what scheduled verifications need while they run.
const verifyDir = "verify"

// VerifyRepository verifies a repository, in temporary directories below work, and says of each backup there whether it is damaged.
// It fills in what of the options is a matter of the place: Store, Dir, Now and Recover.
func VerifyRepository(ctx context.Context, s *repository.Repository, work string, o backup.VerifyOptions) (*backup.Verification, error) {
	dir, err := os.MkdirTemp(work, "redoubt-verify-")
	if err != nil {
		return nil, err
	}
	o.Store, o.Dir, o.Now = s, dir, time.Now
	o.Recover = func(ctx context.Context, m *backup.Manifest) error { return TestRestore(ctx, s, work, m) }
	v, err := backup.Verify(ctx, o)
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		return nil, err
	}
	return v, catalog.MarkVerified(ctx, s, v)
}

// verifications is what is known of the verifications of a repository, and makes those of the schedule.
type verifications struct {
	n       *Node
	d       *destination
	began   time.Time
	results backup.Results
	scheduled[backup.Verification]
}

// watchVerifications follows the verifications and drills of each repository, and makes them when they are due, if this node leads.
func (n *Node) watchVerifications() error {
	if err := os.RemoveAll(filepath.Join(n.config.Data, verifyDir)); err != nil { // of one that was interrupted
		return err
	}
	for i, d := range n.followed {
		v := &verifications{n: n, d: d, began: time.Now()}
		v.load = func(ctx context.Context) ([]backup.Verification, error) { return v.results.Load(ctx, d.store) }
		n.verified = append(n.verified, v)
		v.expose(i)
		n.background(func(ctx context.Context) { v.follow(ctx, n.config.VerifyEvery, n.config.WatchEvery, v.round) })
		n.watchDrills(i, d)
	}
	return nil
}

// round looks at what the repository has, which other nodes and people add to, and verifies it if that is due.
func (v *verifications) round(ctx context.Context) error {
	if err := v.look(ctx); err != nil {
		return err
	}
	if !v.n.leads() || !v.due(time.Now()) {
		return nil
	}
	return errors.Join(v.verify(ctx), v.look(ctx))
}

// last gives the newest verification that read as much as the schedule wants, or more; nil if there is none.
func (v *verifications) last() *backup.Verification {
	for i := len(v.list) - 1; i >= 0; i-- {
		if v.list[i].Level.Covers(v.n.config.VerifyLevel) {
			return &v.list[i]
		}
	}
	return nil
}

// due tells whether the time between two verifications has passed.
func (v *verifications) due(now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	last := v.last()
	return v.n.config.VerifyEvery > 0 && (last == nil || now.Sub(last.Started) >= v.n.config.VerifyEvery)
}

func (v *verifications) verify(ctx context.Context) error {
	v.setRunning(true)
	defer v.setRunning(false)
	work := filepath.Join(v.n.config.Data, verifyDir)
	if err := os.MkdirAll(work, 0o700); err != nil {
		return err
	}
	return lease.With(ctx, v.d.store, lease.Use, "scheduled verification by "+v.n.identity.NodeID, nil, func(ctx context.Context) error {
		found, err := VerifyRepository(ctx, v.d.store, work, backup.VerifyOptions{Level: v.n.config.VerifyLevel, OlderThan: v.n.config.VerifyOlder})
		if err != nil {
			return err
		}
		for i := range found.Damage {
			v.n.logger.Error().Str("repository", v.d.store.String()).Str("verification", found.ID).Msg(found.Damage[i].Error())
		}
		v.n.logger.Info().Str("repository", v.d.store.String()).Str("verification", found.ID).Int("objects", found.Objects).Int("read", found.Read).Int("damaged", len(found.Damage)).Msg("verified")
		return nil
	})
}

// status tells how things are. Damage that was found counts until a verification of the same level, or one that reads more,
// finds none.
func (v *verifications) status(now time.Time) sql.VerificationStatus {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.n.config
	s := sql.VerificationStatus{Repository: v.d.name, Level: string(c.VerifyLevel), Every: c.VerifyEvery, Status: "NONE", Running: v.running, Age: now.Sub(v.began)}
	since := v.began
	if newest := v.newest(); newest != nil {
		s.Status, s.ID, s.LastLevel, s.Started, s.Finished, s.Age = "OK", newest.ID, string(newest.Level), newest.Started, newest.Finished, now.Sub(newest.Started)
	}
	if last := v.last(); last != nil {
		if since.Before(last.Started) {
			since = last.Started
		}
		if c.VerifyEvery > 0 {
			s.Next = last.Started.Add(c.VerifyEvery)
		}
	}
	damaged := backup.Unhealed(v.list)
	switch {
	case damaged != nil:
		s.Status, s.Damaged = "DAMAGED", len(damaged.Damage)
		s.Problem = fmt.Sprintf("verification %s found damage, in %d places: %s", damaged.ID, len(damaged.Damage), damaged.Damage[0].Error())
	case v.failed != nil:
		s.Status, s.Problem = "FAILED", "the repository could not be verified: "+v.failed.Error()
	case c.VerifyEvery > 0 && now.Sub(since) > overdueAfter*c.VerifyEvery && !v.running:
		s.Status = "OVERDUE"
		s.Problem = fmt.Sprintf("there was no verification of level %s for %s, though verify-every is %s", c.VerifyLevel, now.Sub(since).Round(time.Second), c.VerifyEvery)
	}
	return s
}

func (v *verifications) expose(i int) {
	of := func(name string) string { return fmt.Sprintf("%s{destination=%q}", name, v.d.store.String()) }
	expose(v.n.metrics, func() sql.VerificationStatus { return v.status(time.Now()) }, []figure[sql.VerificationStatus]{
		{of("redoubt_verification_age_seconds"), func(s sql.VerificationStatus) uint64 { return uint64(max(s.Age, 0).Seconds()) }, false},
		{of("redoubt_verification_damaged_objects"), func(s sql.VerificationStatus) uint64 { return uint64(s.Damaged) }, false},
		{of("redoubt_verification_running"), func(s sql.VerificationStatus) uint64 { return one(s.Running) }, false},
	})
	v.n.checks.Add(telemetry.Check{Name: nth("verification", i), Ask: func(context.Context) error {
		if s := v.status(time.Now()); s.Problem != "" {
			return fmt.Errorf("%s: %s; V$BACKUP_VERIFICATION has all of it", s.Repository, s.Problem)
		}
		return nil
	}})
}

// VerificationStatus implements sql.Backups.
func (b backups) VerificationStatus(ctx context.Context) (out []sql.VerificationStatus, err error) {
	for _, v := range b.verified {
		if err := v.look(ctx); err != nil {
			return nil, err
		}
		out = append(out, v.status(time.Now()))
	}
	return out, nil
}
