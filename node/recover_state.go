package node

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup"
	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback"
	"redoubt/node/bridge"
	"redoubt/pitr"
	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
	"redoubt/wal"
)

// layOut gives the new directory its sealed segments: those that end at or before the target as they are, and the last one up
// to it.
func (r *recovery) layOut() error {
	dir := filepath.Join(r.Data, segmentsDir)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	own, err := segments.OpenCatalog(segments.CatalogOptions{Dir: dir, DatabaseID: r.id})
	if err != nil {
		return err
	}
	defer own.Close()
	if r.log == nil {
		return nil
	}
	var partial *segments.Info
	for _, info := range r.log.Segments() {
		if info.LastSCN > r.result.SCN {
			partial = &info
			break
		}
		path := filepath.Join(dir, filepath.Base(info.Path))
		if err := os.Link(info.Path, path); err != nil {
			return err
		}
		info.Path = path
		if err := own.Add(info); err != nil {
			return err
		}
	}
	if partial == nil || partial.FirstSCN > r.result.SCN {
		return nil
	}
	h, _ := own.Next(r.result.Incarnation, 0)
	w, err := segments.Create(vfs.Default, dir, h, segments.S2)
	if err != nil {
		return err
	}
	it := r.log.Scan(segments.Filter{SCNs: scn.Range{After: partial.FirstSCN - 1, To: r.result.SCN}})
	for it.Next() && err == nil {
		err = w.Append(it.Record())
	}
	if err := errors.Join(err, it.Err(), it.Close()); err != nil {
		return errors.Join(err, w.Close())
	}
	info, err := w.Finish()
	if err != nil {
		return err
	}
	return own.Add(info)
}

// quietLogger passes on what ends the process, and nothing else.
type quietLogger struct{ pebble.Logger }

func (quietLogger) Infof(string, ...any) {}

// checkState compares a restored state with its manifest.
func checkState(dir string, m *backup.Manifest) error {
	is := backup.Manifest{}
	if _, err := summarizeState(dir, &is); err != nil {
		return &backup.DamageError{Backup: m.ID, File: "all", Object: m.ID, Reason: "cannot be opened: " + err.Error()}
	}
	if is.SCN != m.SCN || is.StateHash != m.StateHash {
		return &backup.DamageError{
			Backup: m.ID, File: "all", Object: m.ID,
			Reason: fmt.Sprintf("are at SCN %d with hash %s, not at %d with %s", is.SCN, is.StateHash, m.SCN, m.StateHash),
		}
	}
	return nil
}

// recoveredAt is the place in the new log that the recovered state has.
const recoveredAt = 1

// replayGCPercent is how much garbage there may be, in percent of what is alive, while the log is replayed: its transactions
// are read, applied and forgotten by the hundred thousand.
const replayGCPercent = 400

func (r *recovery) replay() error {
	e, err := engine.Open(engine.Options{FS: vfs.Default, Dir: filepath.Join(r.Data, stateDir), Collator: sql.Collator(), NodeOrdinal: firstOrdinal, StoreLogger: quietLogger{pebble.DefaultLogger}, CacheBytes: quarterMemory(), Replaying: true})
	if err != nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(replayGCPercent))
	if err := r.replayLog(e); err != nil {
		return errors.Join(err, e.Close())
	}
	if err := r.checkOnTheWay(e); err != nil {
		return errors.Join(err, e.Close())
	}
	r.result.StateHash = e.StateHash().Hash
	incarnation, err := highestIncarnation(e)
	r.result.Incarnation = max(r.result.Incarnation, incarnation+1)
	r.noteRates(r.ctx)
	return errors.Join(err, e.Close())
}

// replayLog brings a state to the target, and gives it its place in the new log.
func (r *recovery) replayLog(e *engine.Engine) (err error) {
	if at := e.Position(); at.SCN < r.to.SCN {
		progress := func(at scn.SCN) { r.Progress("replay", uint64(at), uint64(r.to.SCN)) }
		if r.result.Replayed, err = pitr.Replay(r.ctx, e, r.log, r.to.SCN, at.Index, at.Term, progress); err != nil {
			return err
		}
		if at.SCN == r.way.From() { // all of the log of the way
			r.rates.Log = rate(r.way.LogBytes(), r.result.Replayed.Took)
		}
	}
	if err := e.Rebase(recoveredAt, recoveredAt); err != nil {
		return err
	}
	_, err = e.Persist(r.ctx)
	return err
}

// highestIncarnation is that of any flashback of the database, or of a recovery, in a state.
func highestIncarnation(e *engine.Engine) (highest scn.Incarnation, err error) {
	t := e.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	all, err := t.Flashbacks()
	for _, f := range all {
		highest = max(highest, scn.Incarnation(f.Incarnation))
	}
	return highest, err
}

// begin makes the log that goes on from the state.
func (r *recovery) begin() error {
	at := replication.Position{Index: recoveredAt, Term: recoveredAt, SCN: r.result.SCN, TimeMicros: r.result.TimeMicros}
	return beginLog(r.Data, r.id, r.NodeID, at)
}

// firstLogBytes is the size of the file that a log begins with here: next to nothing goes there, and the node that goes on makes files
// of the size that it is set to.
const firstLogBytes = 64 << 10

// beginLog makes the log of a data directory, which goes on from the state's position.
func beginLog(data string, id [16]byte, nodeID string, at replication.Position) error {
	for _, dir := range []string{logDir, raftDir} {
		if err := os.RemoveAll(filepath.Join(data, dir)); err != nil {
			return err
		}
	}
	log, err := wal.Open(wal.Options{Dir: filepath.Join(data, logDir), DatabaseID: id, SegmentBytes: firstLogBytes, SpareFiles: wal.NoSpareFiles})
	if err != nil {
		return err
	}
	servers := []replication.Server{{ID: nodeID, Addr: defaultRaft}}
	if err := errors.Join(replication.Begin(vfs.Default, filepath.Join(data, raftDir), log, at, servers), log.Close()); err != nil {
		return err
	}
	mark, err := json.Marshal(bridge.Mark{Position: at})
	if err != nil {
		return err
	}
	return writeFileSync(filepath.Join(data, sealedFile), mark)
}

// identify makes it a data directory, which ends the recovery.
func (r *recovery) identify() error {
	identity := &Identity{
		Format: dirFormat, DatabaseID: hex.EncodeToString(r.id[:]), NodeID: r.NodeID, Ordinal: firstOrdinal, Created: time.Now().UTC(),
		Incarnation: r.result.Incarnation, Branch: r.result.SCN, Parent: r.result.Parent,
	}
	identity.leaveOthers()
	if err := identity.write(r.Data); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(filepath.Join(r.Data, fetchDir)), os.Remove(filepath.Join(r.Data, restoredFile)), os.Remove(filepath.Join(r.Data, recoveringFile)))
}

// noteRecovery lets a database know that it was recovered: its incarnation becomes one of those that V$DATABASE_INCARNATION
// lists.
func (n *Node) noteRecovery(ctx context.Context) error {
	if n.identity.Incarnation <= firstIncarnation {
		return nil
	}
	highest, err := highestIncarnation(n.engine)
	if err != nil || highest >= n.identity.Incarnation {
		return err
	}
	t := n.engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
	t.StartStatement(0, "")
	all, err := t.Flashbacks()
	if err == nil {
		err = t.PutFlashback(catalog.Flashback{
			Kind: catalog.FlashbackRecovery, To: n.identity.Branch, Incarnation: uint64(n.identity.Incarnation), Parent: flashback.Current(all),
		})
	}
	if err != nil {
		t.Rollback()
		return err
	}
	if _, err := t.Commit(ctx); err != nil {
		return fmt.Errorf("note the recovery: %w", err)
	}
	return nil
}
