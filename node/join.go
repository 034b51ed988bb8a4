package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"

	"redoubt/replication/cluster"
	"redoubt/replication/peer"
	"redoubt/wal"
)

// joiningFile, in the data directory, says that the node has its place in a cluster and not yet all that it needs.
const joiningFile = "joining.json"

// joining is what a node knows of the cluster that it is about to be in.
type joining struct {
	Info  cluster.Info `json:"info"`
	Peers []string     `json:"peers"` // addresses of its nodes
	// Quarantine keeps what was there, in quarantineDir: it is damaged, and somebody may want to know how.
	Quarantine bool `json:"quarantine,omitempty"`
	// Left: what is there is of a cluster that was given up. If it cannot be rewound, it goes aside, its votes included.
	Left bool `json:"left,omitempty"`
	// Lineage is that of the cluster that a node is reinstated in; nil: it is none.
	Lineage *cluster.Lineage `json:"lineage,omitempty"`
	// Rewinding: what is there is being brought to where the cluster went on from.
	Rewinding bool `json:"rewinding,omitempty"`
	// Aside: it has gone there. What is there now came with a copy.
	Aside bool `json:"aside,omitempty"`
	// Copying: a copy comes, of which the state that is there may be a half.
	Copying bool `json:"copying,omitempty"`
	// Last is where its log ended; nil: it is not known.
	Last *uint64 `json:"last,omitempty"`
}

// join gives a directory what it lacks to be a node of a cluster: a place, if the directory is empty and config names a cluster, or is to
// be reinstated, and a copy of another node's state. Any other directory it leaves alone. If it is interrupted, the next call goes on.
func join(ctx context.Context, config *Config, logger zerolog.Logger) error {
	_, err := os.Stat(filepath.Join(config.Data, joiningFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err != nil { // no copy is needed, unless the node is new or comes back
		_, err := readIdentity(config.Data)
		if config.Join == "" || !errors.Is(err, os.ErrNotExist) && !config.Reinstate {
			return nil // claimDirectory looks at it
		}
	}
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	lock, err := vfs.Default.Lock(filepath.Join(config.Data, lockFile))
	if err != nil {
		return fmt.Errorf("data directory %s is in use by another process (%w): stop it, or choose another directory with --data", config.Data, err)
	}
	if err = joinWith(ctx, config, logger); err != nil {
		err = fmt.Errorf("join the cluster: %w", err)
	}
	return errors.Join(err, lock.Close())
}

func joinWith(ctx context.Context, config *Config, logger zerolog.Logger) error {
	security, err := config.security()
	if err != nil {
		return err
	}
	j, err := readJoining(config.Data)
	if errors.Is(err, os.ErrNotExist) {
		var stays bool
		if j, stays, err = leave(ctx, config, security, logger); stays || err != nil {
			return err
		}
		err = takePlace(ctx, config, security, &j)
	}
	if err != nil {
		return err
	}
	rewound, err := j.rewind(ctx, config.Data, logger)
	if err != nil {
		return err
	}
	if rewound == nil {
		if err := j.setAside(config.Data); err != nil {
			return err
		}
	}
	hello, err := j.hello(config.Data)
	if err != nil {
		return err
	}
	if err := j.noteLast(config.Data); err != nil {
		return err
	}
	note := j.catchUp(ctx, config, rewound, hello, security, logger)
	if note == nil {
		if err := j.setAside(config.Data); err != nil {
			return err
		}
		j.Copying = true
		if err := j.write(config.Data); err != nil {
			return err
		}
		if note, err = copyFrom(ctx, config.Data, j.Peers, j.Last, hello, security, readyTimeout, logger); err != nil {
			return err
		}
	}
	identity := &Identity{
		Format: dirFormat, DatabaseID: note.DatabaseID, NodeID: j.Info.ID, Ordinal: j.Info.Ordinal, Created: time.Now().UTC(),
		Incarnation: note.Incarnation, Branch: note.Branch, Parent: note.Parent, Cluster: note.Cluster, Left: note.Left, Clone: note.Clone,
		Reinstated: j.Left,
	}
	if err := identity.write(config.Data); err != nil {
		return err
	}
	return os.Remove(filepath.Join(config.Data, joiningFile))
}

// quarantineDir, in the data directory, has the state and the log that a copy took the place of because they were damaged, or of a cluster
// that was given up: the latest.
const quarantineDir = "quarantine"

// hello is what the node says that takes a copy. One that is in a cluster takes it from there: at the address of another node there may be a
// node of another cluster by now, which a failover has begun.
func (j *joining) hello(data string) (peer.Hello, error) {
	h := peer.Hello{Node: j.Info.ID}
	identity, err := readIdentity(data)
	if j.Left || errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err == nil {
		h.Database, err = identity.peers()
	}
	return h, err
}

// setAside moves state and log into quarantine, and the votes if they count no more. If it is interrupted, the rest follows with the next
// call. Once all is there it does nothing: what comes after that is the copy.
func (j *joining) setAside(data string) error {
	if j.Aside || !j.Quarantine && !j.Left {
		return nil
	}
	aside := filepath.Join(data, quarantineDir)
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return err
	}
	for _, dir := range []string{logDir, segmentsDir, stateDir, raftDir} {
		from, to := filepath.Join(data, dir), filepath.Join(aside, dir)
		if dir == raftDir && !j.Left {
			from = "" // they stay; only what an earlier call has put there goes
		} else if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
			continue // it went with the call before
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		if from == "" {
			continue
		}
		if err := os.Rename(from, to); err != nil {
			return fmt.Errorf("set %s aside: %w", dir, err)
		}
	}
	j.Aside = true
	return j.write(data)
}

// noteLast keeps where the log ends that the node has, before a copy takes its place. Of one that is damaged, or of another cluster, nobody knows.
func (j *joining) noteLast(data string) error {
	if j.Last != nil || j.Copying || j.Quarantine || j.Left {
		return nil
	}
	identity, err := readIdentity(data)
	if errors.Is(err, os.ErrNotExist) {
		j.Last = new(uint64) // a new node has said nothing
		return nil
	}
	if err != nil {
		return err
	}
	id, err := identity.Database()
	if err != nil {
		return err
	}
	log, err := wal.Open(wal.Options{Dir: filepath.Join(data, logDir), DatabaseID: id, ReadOnly: true})
	if err != nil {
		return nil // only a node that leads gives a copy then
	}
	last := log.LastIndex()
	if err := log.Close(); err != nil || last == 0 {
		return err
	}
	j.Last = &last
	return j.write(data)
}

// readJoining reads what a call before has noted.
func readJoining(data string) (j joining, err error) {
	b, err := os.ReadFile(filepath.Join(data, joiningFile))
	if err != nil {
		return j, err
	}
	return j, json.Unmarshal(b, &j)
}

// takePlace asks the cluster for a place, and notes what it says.
func takePlace(ctx context.Context, config *Config, security *peer.Security, j *joining) (err error) {
	args := cluster.JoinArgs{Info: cluster.Info{
		ID: config.NodeID, Raft: config.Raft, MySQL: config.MySQL, HTTP: config.HTTP, Standby: config.Standby,
	}}
	if args.Info.ID == "" {
		args.Info.ID = j.Info.ID
	}
	if security != nil {
		if args.Info.ID, err = security.Name(); err != nil {
			return err
		}
		if config.NodeID != "" && config.NodeID != args.Info.ID {
			return fmt.Errorf("the certificate is that of node %s, not of %s", args.Info.ID, config.NodeID)
		}
	}
	reply, err := cluster.AskToJoin(ctx, config.Join, &args, security)
	if err != nil {
		return err
	}
	j.Info, j.Peers = reply.Info, reply.Peers
	return j.write(config.Data)
}

// copyPause is between two tries to take a copy.
const copyPause = time.Second

// copyFrom takes a copy from the first node that gives one.
func copyFrom(ctx context.Context, data string, peers []string, last *uint64, hello peer.Hello, security *peer.Security, patience time.Duration, logger zerolog.Logger) (note *copyNote, err error) {
	err = askPeers(ctx, peers, patience, logger, func(addr string) (came bool, err error) {
		logger.Info().Str("from", addr).Msg("copying the state of another node")
		if note, came, err = receiveCopy(ctx, data, addr, last, hello, security); err == nil {
			logger.Info().Str("from", addr).Uint64("scn", uint64(note.State.At.SCN)).Str("state_hash", note.StateHash).Msg("copied the state")
		}
		return came, err
	})
	return note, err
}

// askPeers asks nodes for a copy until one gives it. It asks again for a while: there may be an election. The time in which a copy comes does
// not count: a large one takes as long as it takes.
func askPeers(ctx context.Context, peers []string, patience time.Duration, logger zerolog.Logger, ask func(addr string) (came bool, err error)) error {
	until := time.Now().Add(patience)
	for {
		var errs []error
		for _, addr := range peers {
			began := time.Now()
			came, err := ask(addr)
			if err == nil {
				return nil
			}
			if came {
				until = until.Add(time.Since(began))
			}
			errs = append(errs, err)
		}
		if ctx.Err() != nil || time.Now().After(until) {
			return errors.Join(errs...)
		}
		logger.Warn().Errs("errors", errs).Msg("no node gives a copy: asking again")
		select {
		case <-time.After(copyPause):
		case <-ctx.Done():
			return errors.Join(errs...)
		}
	}
}

// wantCopy makes the node take a copy of another node of its cluster when it starts next.
func (n *Node) wantCopy(quarantine bool) error {
	j := joining{Info: n.self(), Quarantine: quarantine, Peers: n.replication.Others()}
	return j.write(n.config.Data)
}

func (j *joining) write(data string) error {
	b, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return writeFileSync(filepath.Join(data, joiningFile), b)
}
