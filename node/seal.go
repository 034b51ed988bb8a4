package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"redoubt/node/bridge"
	"redoubt/segments"
	"redoubt/segments/sealing"
)

// firstIncarnation is that of a new database.
const firstIncarnation = 1

// sealedFile, in the data directory, notes up to where the log is sealed.
const sealedFile = "sealed.json"

// openSegments opens the sealed segments.
func (n *Node) openSegments(context.Context) error {
	id, err := n.identity.Database()
	if err != nil {
		return err
	}
	dir := filepath.Join(n.config.Data, segmentsDir)
	if n.segments, err = segments.OpenCatalog(segments.CatalogOptions{Dir: dir, DatabaseID: id, Holds: &n.holds}); err != nil {
		return fmt.Errorf("open sealed segments: %w", err)
	}
	n.closers = append(n.closers, n.segments.Close)
	return nil
}

// startSealing seals the log as it grows.
func (n *Node) startSealing(context.Context) (err error) {
	if err := n.openHistory(); err != nil {
		return err
	}
	n.sealer, err = sealing.New(sealing.Options{
		FS: n.sealedFiles(), Dir: filepath.Join(n.config.Data, segmentsDir), Catalog: n.segments, Incarnation: n.identity.incarnation(),
		MarkFile: filepath.Join(n.config.Data, sealedFile), Bytes: n.config.SegmentBytes, Compression: n.config.SegmentPacking, After: n.config.SegmentAge,
		Open:   n.openSource,
		Sealed: n.sealed,
	})
	if err != nil {
		return err
	}
	n.background(n.sealer.Run)
	return nil
}

// openHistory makes all of the committed log readable, sealed or not.
func (n *Node) openHistory() error {
	n.history = bridge.NewHistory(n.segments, n.replication)
	mark, err := os.ReadFile(filepath.Join(n.config.Data, sealedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil // nothing is sealed
	}
	if err != nil {
		return fmt.Errorf("read what is sealed: %w", err)
	}
	at, err := bridge.DecodeMark(mark)
	if err == nil {
		n.history.Sealed(at)
	}
	return err
}

// openSource gives the log behind a mark to the sealer, and lets history know the places that it comes by.
func (n *Node) openSource(mark []byte) (sealing.Source, error) {
	source, err := bridge.OpenSource(n.replication, mark)
	if err != nil {
		return nil, err
	}
	source.Passed = n.history.Passed
	return source, nil
}

// sealed lets the log go up to a mark.
func (n *Node) sealed(mark []byte) {
	at, err := bridge.DecodeMark(mark)
	if err != nil {
		n.logger.Error().Err(err).Msg("sealing")
		return
	}
	n.history.Sealed(at)
	n.retainFrom.Store(at.Retain())
	if err := n.replication.ReleaseLog(); err != nil {
		n.logger.Warn().Err(err).Msg("let go of sealed log")
	}
}

// retain is the lowest log entry that must stay: the first that is not sealed, or what a transaction on its way needs, or what other nodes
// may need that were away for a while.
func (n *Node) retain() uint64 {
	from := max(n.retainFrom.Load(), 1)
	if n.others.Load() {
		from = min(from, n.keptForOthers())
	}
	if needed, held := n.copies.floor(time.Now()); held {
		from = min(from, needed)
	}
	return from
}

// keptForOthers is the beginning of the newest files of the log that have log-keep bytes.
func (n *Node) keptForOthers() uint64 {
	bytes := int64(0)
	for _, f := range slices.Backward(n.log.Files()) {
		if bytes += f.UsedBytes; bytes >= n.config.LogKeepBytes && f.FirstIndex > 0 {
			return f.FirstIndex
		}
	}
	return 1
}

func (n *Node) segmentMetrics() {
	expose(n.metrics, n.segments.Segments, []figure[[]segments.Info]{
		{"redoubt_segments", func(s []segments.Info) uint64 { return uint64(len(s)) }, false},
		{"redoubt_segment_bytes", func(s []segments.Info) (bytes uint64) {
			for i := range s {
				bytes += uint64(s[i].Bytes)
			}
			return bytes
		}, false},
		{"redoubt_scn_sealed", func(s []segments.Info) uint64 {
			if len(s) == 0 {
				return 0
			}
			return uint64(s[len(s)-1].LastSCN)
		}, false},
	})
}
