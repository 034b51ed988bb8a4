package node

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

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
	n.sealer, err = sealing.New(sealing.Options{
		FS: vfs.Default, Dir: filepath.Join(n.config.Data, segmentsDir), Catalog: n.segments, Incarnation: firstIncarnation,
		MarkFile: filepath.Join(n.config.Data, sealedFile), Bytes: n.config.SegmentBytes, Compression: n.config.SegmentPacking, After: n.config.SegmentAge,
		Open:   func(mark []byte) (sealing.Source, error) { return bridge.OpenSource(n.replication, mark) },
		Sealed: n.sealed,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	n.serving.Go(func() {
		defer close(done)
		n.sealer.Run(ctx)
	})
	n.closers = append(n.closers, func() error { cancel(); <-done; return nil })
	return nil
}

// sealed lets the log go up to a mark.
func (n *Node) sealed(mark []byte) {
	at, err := bridge.DecodeMark(mark)
	if err != nil {
		n.logger.Error().Err(err).Msg("sealing")
		return
	}
	n.retainFrom.Store(at.Retain())
	if err := n.replication.ReleaseLog(); err != nil {
		n.logger.Warn().Err(err).Msg("let go of sealed log")
	}
}

// retain is the lowest log entry that must stay: the first that is not sealed, or what a transaction on its way needs.
func (n *Node) retain() uint64 { return max(n.retainFrom.Load(), 1) }

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
