package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/engine"
	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
)

// failoverFile, in the data directory, says that a failover has the state as it is to be, and is about to begin the new log.
const failoverFile = "failover.json"

// segmentsNext, in the data directory, has the sealed log of a failover, which is about to take the place of the one before.
const segmentsNext = "segments.next"

// FailedOver tells what a failover did, or would do.
type FailedOver struct {
	SCN         scn.SCN // the newest commit that this node has
	TimeMicros  int64   // of it; 0 in a preview
	Incarnation scn.Incarnation
	Parent      scn.Incarnation
	Others      []string // addresses of the nodes that are given up
}

// failover is what failoverFile has.
type failover struct {
	SCN         scn.SCN         `json:"scn"`
	TimeMicros  int64           `json:"time_micros"`
	Incarnation scn.Incarnation `json:"incarnation"`
	Parent      scn.Incarnation `json:"parent"`
	Cluster     string          `json:"cluster"`
	Left        string          `json:"left"`
}

// Failover makes the directory of a node, which must not run, that of a database on its own: for when more than half of its cluster is lost
// for ever. What it has of the log counts, to the end; what only others had is lost. The other nodes can never come back: it gets another
// cluster id, and begins an incarnation. If it is interrupted, the same call goes on. Without confirm it only tells.
func Failover(ctx context.Context, dir string, confirm bool) (FailedOver, error) {
	identity, lock, err := lockToRead(dir)
	if err != nil {
		return FailedOver{}, err
	}
	f := &failing{ctx: ctx, dir: dir, identity: identity}
	err = f.run(confirm)
	return f.result, errors.Join(err, lock.Close())
}

// failing is a failover on its way.
type failing struct {
	ctx      context.Context
	dir      string
	identity *Identity
	id       [16]byte
	plan     failover
	result   FailedOver
}

func (f *failing) run(confirm bool) (err error) {
	if f.id, err = f.identity.Database(); err != nil {
		return err
	}
	if f.result.Others, err = readPeers(f.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	b, err := os.ReadFile(filepath.Join(f.dir, failoverFile))
	switch {
	case err == nil:
		err = json.Unmarshal(b, &f.plan)
	case errors.Is(err, os.ErrNotExist):
		err = f.settle(confirm)
	}
	f.result.SCN, f.result.TimeMicros, f.result.Incarnation, f.result.Parent = f.plan.SCN, f.plan.TimeMicros, f.plan.Incarnation, f.plan.Parent
	if err != nil || !confirm {
		return err
	}
	return f.begin()
}

// settle brings the state to the end of the log, and seals all of that.
func (f *failing) settle(confirm bool) (err error) {
	o := &Offline{}
	if err := o.open(f.ctx, f.dir, f.identity, nil); err != nil {
		return errors.Join(err, o.Close())
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	f.plan = failover{SCN: o.end, Parent: f.identity.incarnation(), Incarnation: f.identity.incarnation() + 1}
	if !confirm {
		return nil
	}
	if err := f.settleState(o); err != nil {
		return err
	}
	f.plan.Cluster, f.plan.Left = newID(), f.identity.members()
	b, err := json.Marshal(f.plan)
	if err != nil {
		return err
	}
	return writeFileSync(filepath.Join(f.dir, failoverFile), b)
}

// settle seals all of a log up to its end, aside, and opens the state of its directory, brings it there too, and gives it its place in the log
// that goes on from there.
func (o *Offline) settle(ctx context.Context, dir string, identity *Identity, ordinal uint16) error {
	id, err := identity.Database()
	if err != nil {
		return err
	}
	next := filepath.Join(dir, segmentsNext)
	if err := errors.Join(os.RemoveAll(next), os.MkdirAll(next, 0o700)); err != nil {
		return err
	}
	tail := func(after scn.SCN, add func(segments.Record) error) error {
		return unsealed(ctx, o.history, after, o.end, add)
	}
	if err := layOutLog(next, id, o.segments, o.history.Kept(), o.end, identity.incarnation(), tail); err != nil {
		return fmt.Errorf("seal the log: %w", err)
	}
	o.engine, err = engine.Open(engine.Options{
		FS: vfs.Default, Dir: filepath.Join(dir, stateDir), Collator: sql.Collator(), NodeOrdinal: ordinal, StoreLogger: quietLogger{pebble.DefaultLogger},
	})
	if err == nil {
		if err = o.settleState(ctx); err != nil {
			err = errors.Join(err, o.engine.Close())
		}
	}
	if err != nil {
		return fmt.Errorf("bring the state to SCN %d: %w", o.end, err)
	}
	return nil
}

func (o *Offline) settleState(ctx context.Context) error {
	if at := o.engine.Applied(); at > o.end {
		return fmt.Errorf("on disk it is at SCN %d already", at)
	}
	if err := o.apply(ctx); err != nil {
		return err
	}
	if err := o.engine.Rebase(recoveredAt, recoveredAt); err != nil {
		return err
	}
	_, err := o.engine.Persist(ctx)
	return err
}

// useNext puts what is sealed aside in the place of what was sealed before. It may be done again.
func useNext(dir string) error {
	next, sealed := filepath.Join(dir, segmentsNext), filepath.Join(dir, segmentsDir)
	if _, err := os.Stat(next); err == nil {
		return errors.Join(os.RemoveAll(sealed), os.Rename(next, sealed))
	}
	return nil
}

func (f *failing) settleState(o *Offline) (err error) {
	if err := o.settle(f.ctx, f.dir, f.identity, f.identity.Ordinal); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.engine.Close()) }()
	highest, err := highestIncarnation(o.engine)
	if err != nil {
		return err
	}
	f.plan.Incarnation = max(f.plan.Incarnation, highest+1)
	f.plan.TimeMicros = o.engine.Position().TimeMicros
	return nil
}

// begin begins the new log. It may be done again after a crash in its middle.
func (f *failing) begin() error {
	if err := useNext(f.dir); err != nil {
		return err
	}
	at := replication.Position{Index: recoveredAt, Term: recoveredAt, SCN: f.plan.SCN, TimeMicros: f.plan.TimeMicros}
	if err := beginLog(f.dir, f.id, f.identity.NodeID, at); err != nil {
		return err
	}
	f.identity.Incarnation, f.identity.Branch, f.identity.Parent = f.plan.Incarnation, f.plan.SCN, f.plan.Parent
	f.identity.Cluster, f.identity.Left, f.identity.Alone = f.plan.Cluster, f.plan.Left, true
	f.identity.Reinstated, f.identity.Created = false, time.Now().UTC()
	if err := f.identity.write(f.dir); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(f.dir, peersFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Remove(filepath.Join(f.dir, failoverFile))
}

// forgetOthers takes the nodes that the database had before it left them out of it. What it says of this one is of that time, too: its
// addresses may be those of a node that goes on there.
func (n *Node) forgetOthers(ctx context.Context) error {
	if !n.identity.Alone {
		return nil
	}
	registry := bridge.Nodes{Engine: n.engine}
	known, err := registry.Nodes()
	if err != nil {
		return err
	}
	for _, other := range known {
		if err := registry.Drop(ctx, other.ID); err != nil {
			return fmt.Errorf("forget node %s: %w", other.ID, err)
		}
	}
	n.identity.Alone = false
	n.settled.Store(true)
	return n.identity.write(n.config.Data)
}
