package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// spoolDir, in the data directory, has what is on its way to the repository.
const spoolDir = "archive"

// destination is a repository that this node sends its log to: all the time, or when a backup is made there.
type destination struct {
	name     string // the same for the same place
	store    *repository.Repository
	archiver *archive.Archiver

	manifests backup.Manifests // that were read, by those who look again and again
}

// openStorage finds the storage of an address.
func openStorage(address string, o repository.Options) (storage store.Store, name string, err error) {
	if storage, err = store.Open(address, o.Store); err != nil {
		return nil, "", err
	}
	return storage, strings.TrimRight(storage.String(), "/"), nil
}

// newDestination makes the repository in a storage a destination.
func (n *Node) newDestination(ctx context.Context, name string, to *repository.Repository) (*destination, error) {
	id, err := n.identity.Database()
	if err != nil {
		return nil, err
	}
	if n.identity.Clone != "" {
		if err := n.claim(ctx, to, id); err != nil {
			return nil, err
		}
	}
	d := &destination{name: name, store: to}
	spool := fmt.Sprintf("%016x", xxhash.Sum64String(name))
	d.archiver, err = archive.New(archive.Options{
		Store: to, Source: archiveSource{n}, DatabaseID: id, Incarnation: n.identity.incarnation(),
		After: n.history.Kept(), Branch: archive.Branch{Incarnation: n.identity.incarnation(), Parent: n.identity.Parent, SCN: n.identity.Branch},
		Spool: filepath.Join(n.config.Data, spoolDir, spool), Every: n.config.ArchiveEvery, StopTimeout: n.config.ArchiveStop, Compression: n.config.SegmentPacking, Now: time.Now,
		Leads: n.leadsIn,
	})
	return d, err
}

// follows finds what the log goes to all the time; nil if it does not go there.
func (n *Node) follows(name string) *destination {
	for _, d := range n.followed {
		if d.name == name {
			return d
		}
	}
	return nil
}

// startArchive makes repositories follow the log, if any are set.
func (n *Node) startArchive(ctx context.Context) error {
	if err := os.RemoveAll(filepath.Join(n.config.Data, spoolDir)); err != nil {
		return fmt.Errorf("empty the spool of the archive: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(n.config.Data, recoverDir)); err != nil {
		return fmt.Errorf("remove what an interrupted recovery left: %w", err)
	}
	for _, address := range n.config.Archive {
		d, err := n.follow(ctx, address)
		if err != nil {
			return fmt.Errorf("setting archive: %w", err)
		}
		n.followed = append(n.followed, d)
	}
	if len(n.followed) == 0 {
		return nil
	}
	n.archiveMetrics()
	n.watchRecoverability()
	if err := n.watchVerifications(); err != nil {
		return err
	}
	archivers := make([]func(context.Context), len(n.followed))
	for i, d := range n.followed {
		archivers[i] = func(ctx context.Context) { n.archive(ctx, d) }
	}
	n.background(archivers...)
	return nil
}

// archive sends the log to d until ctx ends, and says what a stop left behind.
func (n *Node) archive(ctx context.Context, d *destination) {
	d.archiver.Run(ctx)
	if s := d.archiver.Status(); s.Error != nil {
		n.logger.Warn().Err(s.Error).Str("destination", s.Destination).Uint64("archived_scn", uint64(s.Archived)).Uint64("applied_scn", uint64(n.engine.Applied())).
			Msg("the node stops before all of its log is archived: the rest follows when it starts again")
	}
}

// follow opens a repository that the log goes to all the time.
func (n *Node) follow(ctx context.Context, address string) (*destination, error) {
	options, err := n.repositoryOptions("")
	if err != nil {
		return nil, err
	}
	storage, name, err := openStorage(address, options)
	if err != nil {
		return nil, err
	}
	if n.follows(name) != nil {
		return nil, fmt.Errorf("%s is there twice", address)
	}
	return n.newDestination(ctx, name, repository.In(storage, options))
}

// repositoryOptions are what this node opens repositories with; a key file, if one is named, instead of the setting's.
func (n *Node) repositoryOptions(keyFile string) (repository.Options, error) {
	o, err := n.config.repository(keyFile)
	if err != nil {
		return o, fmt.Errorf("the key of the repository: %w", err)
	}
	host, err := os.Hostname()
	o.Who = fmt.Sprintf("node %s on %s", n.identity.NodeID, host)
	return o, err
}

// archiveSource is this node's log for the archiver.
type archiveSource struct{ n *Node }

func (s archiveSource) Segments() []segments.Info { return s.n.segments.Segments() }

func (s archiveSource) Applied() scn.SCN { return s.n.engine.Applied() }

func (s archiveSource) Tail(ctx context.Context, after, to scn.SCN, add func(segments.Record) error) error {
	return unsealed(ctx, s.n.history, after, to, add)
}

// unsealed gives what is in a range of the log, ready to be sealed.
func unsealed(ctx context.Context, history redolog.Log, after, to scn.SCN, add func(segments.Record) error) error {
	for r, err := range history.Scan(ctx, redolog.Filter{SCNs: scn.Range{After: after, To: to}}) {
		if err != nil {
			return err
		}
		record, err := sealable(r)
		if err == nil {
			err = add(record)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sealable makes what is in the log what goes into a segment.
func sealable(r redolog.Record) (segments.Record, error) {
	tables, err := redo.TransactionTables(r.Body)
	if err != nil {
		return segments.Record{}, fmt.Errorf("SCN %d: %w", r.SCN, err)
	}
	return segments.Record{SCN: r.SCN, TimeMicros: r.TimeMicros, Tables: tables, Payload: r.Body}, nil
}

// archiveLateAfter is how many rounds without a move make the archived log late.
const archiveLateAfter = 6

// archiveState tells whether an archived log follows: never "ok" unless what is archived moves, or nothing is left to archive.
func (n *Node) archiveState(d *destination) (sql.Archive, error) {
	s := d.archiver.Status()
	applied := n.engine.Applied()
	a := sql.Archive{
		Destination: s.Destination, Archived: s.Archived, Applied: applied, Moved: s.Moved, Pieces: s.Pieces, Bytes: s.Bytes, Error: s.Error,
	}
	late := time.Duration(0)
	if s.Archived < applied {
		micros, err := n.engine.SCNToTime(s.Archived + 1)
		if err != nil {
			return a, err
		}
		late = max(0, time.Since(time.UnixMicro(micros)))
	}
	a.Gap = late
	switch {
	case !n.leads():
		a.Status, a.Gap = "FOLLOWER", 0 // the node that leads archives
	case s.Error != nil:
		a.Status = "FAILED"
	case s.Archived < applied && time.Since(s.Moved) > archiveLateAfter*n.config.ArchiveEvery:
		a.Status = "LATE"
	case s.Rounds == 0:
		a.Status = "STARTING"
	default:
		a.Status = "OK"
	}
	return a, nil
}

// archives are the repositories, for V$ARCHIVE.
func (n *Node) archives() (out []sql.Archive, err error) {
	for _, d := range n.followed {
		a, err := n.archiveState(d)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// archivedLog lists the pieces in the repositories that this node archives to, for V$ARCHIVED_LOG.
func (n *Node) archivedLog(ctx context.Context) (out []sql.ArchivedPiece, err error) {
	for _, d := range n.followed {
		pieces, err := archive.Pieces(ctx, d.store)
		if err != nil {
			return nil, err
		}
		for _, p := range pieces {
			piece := sql.ArchivedPiece{
				Name: p.Name, Destination: d.store.String(), Incarnation: p.Incarnation, First: p.First, Last: p.Last, Bytes: p.Bytes, Sealed: p.Sealed,
			}
			if n.ownHistory(p.Incarnation, p.Last) {
				piece.FirstMicros, err = n.engine.SCNToTime(p.First)
				if err == nil {
					piece.LastMicros, err = n.engine.SCNToTime(p.Last)
				}
				if err != nil {
					return nil, err
				}
			}
			out = append(out, piece)
		}
	}
	return out, nil
}

// ownHistory tells whether an SCN of an incarnation lies in the history of this node.
func (n *Node) ownHistory(incarnation scn.Incarnation, at scn.SCN) bool {
	if info, sealed := n.segments.Find(at); sealed {
		return info.Incarnation == incarnation
	}
	return incarnation == n.identity.incarnation() && at <= n.engine.Applied()
}

func (n *Node) archiveMetrics() {
	figures := []figure[sql.Archive]{
		{"redoubt_archive_scn", func(a sql.Archive) uint64 { return uint64(a.Archived) }, false},
		{"redoubt_archive_gap_scn", func(a sql.Archive) uint64 { return uint64(a.Applied - min(a.Archived, a.Applied)) }, false},
		{"redoubt_archive_gap_seconds", func(a sql.Archive) uint64 { return uint64(a.Gap.Seconds()) }, false},
		{"redoubt_archive_pieces_total", func(a sql.Archive) uint64 { return a.Pieces }, true},
		{"redoubt_archive_bytes_total", func(a sql.Archive) uint64 { return a.Bytes }, true},
	}
	for i, d := range n.followed {
		look := func() sql.Archive {
			a, err := n.archiveState(d)
			if err != nil {
				a.Error = err
			}
			return a
		}
		labelled := slices.Clone(figures)
		for i := range labelled {
			labelled[i].name += fmt.Sprintf("{destination=%q}", d.store.String())
		}
		expose(n.metrics, look, labelled)
		n.checks.Add(telemetry.Check{Name: nth("archive", i), Ask: func(context.Context) error { return n.checkArchive(d) }})
	}
}

// nth is the name of a check of the repository at i.
func nth(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprint(name, "-", i+1)
}

func (n *Node) checkArchive(d *destination) error {
	a, err := n.archiveState(d)
	if err == nil && a.Status == "LATE" {
		err = fmt.Errorf("the archived log has not moved for %s; it ends at SCN %d, the newest is %d", time.Since(a.Moved).Round(time.Second), a.Archived, a.Applied)
	}
	if err = errors.Join(err, a.Error); err != nil {
		return fmt.Errorf("%s: %w", d.store, err)
	}
	return nil
}
