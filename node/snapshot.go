package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"redoubt/backup"
	"redoubt/backup/shelf"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
)

// CreateSnapshot implements sql.Snapshots.
func (s *shelves) CreateSnapshot(ctx context.Context, name, description string) (sql.Snapshot, error) {
	note, err := s.snapshot(ctx, name, snapshotNote{Description: description})
	if err != nil {
		return sql.Snapshot{}, explainShelf("snapshot", name, err)
	}
	return snapshotOf(shelf.Entry[snapshotNote]{Name: name, Note: note}), nil
}

// snapshot links the state as of the newest commit, and the log up to it.
func (s *shelves) snapshot(ctx context.Context, name string, note snapshotNote) (snapshotNote, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.node
	id, err := n.identity.Database()
	if err != nil {
		return note, err
	}
	return s.snapshots.Put(name, func(dir string) (snapshotNote, error) {
		var m backup.Manifest
		if err := n.checkpoint(filepath.Join(dir, stateDir), &m); err != nil {
			return note, err
		}
		note.SCN, note.TimeMicros, note.StateHash, note.Incarnation = m.SCN, m.TimeMicros, m.StateHash, n.identity.incarnation()
		note.CreatedMicros = time.Now().UnixMicro()
		return note, layOutLog(filepath.Join(dir, segmentsDir), id, n.segments, n.history.Kept(), m.SCN, note.Incarnation, s.tail(ctx, m.SCN))
	})
}

// tail gives the log up to an SCN.
func (s *shelves) tail(ctx context.Context, to scn.SCN) func(scn.SCN, func(segments.Record) error) error {
	return func(after scn.SCN, add func(segments.Record) error) error {
		return archiveSource{s.node}.Tail(ctx, after, to, add)
	}
}

func snapshotOf(e shelf.Entry[snapshotNote]) sql.Snapshot {
	return sql.Snapshot{
		Name: e.Name, SCN: e.Note.SCN, TimeMicros: e.Note.TimeMicros, Description: e.Note.Description, StateHash: e.Note.StateHash, CreatedMicros: e.Note.CreatedMicros,
	}
}

// Snapshots implements sql.Snapshots.
func (s *shelves) Snapshots() ([]sql.Snapshot, error) {
	list, err := s.snapshots.List()
	if err != nil {
		return nil, err
	}
	var out []sql.Snapshot
	for _, e := range list {
		snapshot := snapshotOf(e)
		size, err := shelf.SizeOf(s.snapshots.Path(e.Name))
		if err != nil {
			return nil, err
		}
		snapshot.Shared, snapshot.Unique = size.Shared, size.Unique
		if snapshot.Clones, err = s.clonesOf(e.Name); err != nil {
			return nil, err
		}
		out = append(out, snapshot)
	}
	return out, nil
}

// clonesOf names the clones that were made from a snapshot.
func (s *shelves) clonesOf(snapshot string) (names []string, err error) {
	clones, err := s.clones.List()
	for _, c := range clones {
		if c.Note.Snapshot == snapshot {
			names = append(names, c.Name)
		}
	}
	return names, err
}

// DropSnapshot implements sql.Snapshots.
func (s *shelves) DropSnapshot(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropSnapshot(name)
}

func (s *shelves) dropSnapshot(name string) error {
	clones, err := s.clonesOf(name)
	if err == nil && len(clones) > 0 {
		err = fmt.Errorf("snapshot %s has clones: %s; drop them first, by DROP CLONE DATABASE", name, strings.Join(clones, ", "))
	}
	if err == nil {
		err = s.snapshots.Remove(name)
	}
	return explainShelf("snapshot", name, err)
}

// scheduledForm is the name of a scheduled snapshot.
const scheduledForm = "scheduled-20060102T150405"

// keepUp makes a snapshot if one is due, drops scheduled ones that are too many, and clones that are past their time. Each is
// tried again in the next round.
func (s *shelves) keepUp(ctx context.Context) error {
	now := time.Now()
	err := s.expire(now)
	every := s.node.config.SnapshotEvery
	if every == 0 {
		return err
	}
	list, listErr := s.scheduled()
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	last := int64(0)
	if len(list) > 0 {
		last = list[len(list)-1].Note.CreatedMicros
	}
	if now.Sub(time.UnixMicro(last)) >= every {
		_, makeErr := s.snapshot(ctx, now.UTC().Format(scheduledForm), snapshotNote{Scheduled: true})
		err = errors.Join(err, makeErr)
	}
	return errors.Join(err, s.thinOut())
}

// beforeFlashback gives what makes a snapshot before the database goes back, if that is wanted.
func (n *Node) beforeFlashback() func(context.Context) error {
	if !n.config.SnapshotFirst {
		return nil
	}
	return func(ctx context.Context) error {
		name := "before-flashback-" + strings.Replace(time.Now().UTC().Format("20060102T150405.000000"), ".", "-", 1)
		if _, err := n.shelves.snapshot(ctx, name, snapshotNote{Scheduled: true, Description: "before FLASHBACK DATABASE"}); err != nil {
			return explainShelf("snapshot", name, err)
		}
		return n.shelves.thinOut()
	}
}

// scheduled lists the scheduled snapshots, the oldest first.
func (s *shelves) scheduled() ([]shelf.Entry[snapshotNote], error) {
	list, err := s.snapshots.List()
	list = slices.DeleteFunc(list, func(e shelf.Entry[snapshotNote]) bool { return !e.Note.Scheduled })
	slices.SortFunc(list, func(a, b shelf.Entry[snapshotNote]) int {
		return cmp.Compare(a.Note.CreatedMicros, b.Note.CreatedMicros)
	})
	return list, err
}

// thinOut drops the oldest scheduled snapshots beyond those that are kept. One with clones stays.
func (s *shelves) thinOut() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.scheduled()
	for ; err == nil && len(list) > s.node.config.SnapshotKeep; list = list[1:] {
		var clones []string
		if clones, err = s.clonesOf(list[0].Name); err == nil && len(clones) == 0 {
			err = s.dropSnapshot(list[0].Name)
		}
	}
	return err
}
