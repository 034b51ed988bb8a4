package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"redoubt/engine"
	"redoubt/node/bridge"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/wal/redo"
)

// How much is applied at once.
const (
	rebuildGroup = 256 // transactions
	rebuildBytes = 8 << 20
)

// rebuild brings a state that is older than the log reaches back, an empty one if the state was lost, to where the
// log goes on, from the sealed segments: the state is a view of the log, wherever that lies.
func (n *Node) rebuild(ctx context.Context) error {
	mark, err := os.ReadFile(filepath.Join(n.config.Data, sealedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil // nothing is sealed: the log has everything
	}
	if err != nil {
		return fmt.Errorf("read what is sealed: %w", err)
	}
	sealed, err := bridge.DecodeMark(mark)
	if err != nil {
		return err
	}
	at := n.engine.Position()
	if at.Index <= sealed.Index {
		n.partsFrom = sealed.PartsFrom
	}
	if at.SCN >= sealed.SCN || n.log.FirstIndex() <= at.Index+1 {
		return nil // the log reaches back far enough
	}
	n.logger.Warn().Uint64("from", uint64(at.SCN)).Uint64("to", uint64(sealed.SCN)).Msg("the state is older than the log: making it from sealed segments")
	it := n.segments.Scan(segments.Filter{SCNs: scn.Range{After: at.SCN, To: sealed.SCN}})
	defer it.Close()
	commit := engine.Commit{Index: at.Index, Term: at.Term}
	bytes := 0
	for it.Next() {
		r := it.Record()
		if len(commit.Group.Txns) == 0 {
			commit.Group.FirstSCN = r.SCN
		}
		commit.Group.Txns = append(commit.Group.Txns, redo.GroupTxn{TimeMicros: r.TimeMicros, Body: slices.Clone(r.Payload)})
		last := r.SCN == sealed.SCN
		if last {
			commit.Index, commit.Term = sealed.Index, sealed.Term // until then a crash leaves it to be done again
		}
		if bytes += len(r.Payload); last || len(commit.Group.Txns) == rebuildGroup || bytes >= rebuildBytes {
			bytes = 0
			if err := errors.Join(n.engine.Apply([]engine.Commit{commit}), ctx.Err()); err != nil {
				return fmt.Errorf("make the state from sealed segments: %w", err)
			}
			commit.Group = redo.Group{}
		}
	}
	if err := it.Err(); err != nil {
		return fmt.Errorf("make the state from sealed segments: %w", err)
	}
	if got := n.engine.Applied(); got != sealed.SCN {
		return fmt.Errorf("make the state from sealed segments: they end at SCN %d, the log goes on after %d: restore the folder %s from a copy", got, sealed.SCN, segmentsDir)
	}
	_, err = n.engine.Persist(ctx)
	return err
}
