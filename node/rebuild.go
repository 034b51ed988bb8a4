package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"redoubt/node/bridge"
	"redoubt/pitr"
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
	if kept := n.segments.Range().After; at.SCN < kept {
		return fmt.Errorf("the state is at SCN %d, and the log begins behind SCN %d, because the database was recovered from a backup: it cannot be made again from here; recover it from the repository", at.SCN, kept)
	}
	n.logger.Warn().Uint64("from", uint64(at.SCN)).Uint64("to", uint64(sealed.SCN)).Msg("the state is older than the log: making it from sealed segments")
	if _, err := pitr.Replay(ctx, n.engine, n.segments, sealed.SCN, sealed.Index, sealed.Term, nil); err != nil {
		return fmt.Errorf("make the state from sealed segments: %w: if they are not whole, restore the folder %s from a copy", err, segmentsDir)
	}
	return nil
}
