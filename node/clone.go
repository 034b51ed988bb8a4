package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/archive"
	"redoubt/backup/repository"
	"redoubt/backup/shelf"
	"redoubt/backup/store"
	"redoubt/engine"
	"redoubt/pitr"
	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
)

// cloning is a clone on its way.
type cloning struct {
	*shelves
	ctx      context.Context
	request  sql.CloneRequest
	dir      string
	id       [16]byte
	note     cloneNote
	position engine.Position
	parent   scn.Incarnation
	highest  scn.Incarnation // of any in its history
}

// CreateClone implements sql.Snapshots: a data directory with the database as of an SCN, as a new incarnation.
func (s *shelves) CreateClone(ctx context.Context, r sql.CloneRequest) (sql.DatabaseClone, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := s.node.identity.Database()
	if err != nil {
		return sql.DatabaseClone{}, err
	}
	note, err := s.clones.Put(r.Name, func(dir string) (cloneNote, error) {
		c := &cloning{shelves: s, ctx: ctx, request: r, dir: dir, id: id}
		err := c.make()
		return c.note, err
	})
	if err != nil {
		return sql.DatabaseClone{}, explainShelf("clone", r.Name, err)
	}
	return s.cloneOf(shelf.Entry[cloneNote]{Name: r.Name, Note: note}), nil
}

func (c *cloning) make() error {
	now := time.Now()
	c.note = cloneNote{Snapshot: c.request.Snapshot, Purpose: c.request.Purpose, CreatedMicros: now.UnixMicro()}
	if c.request.Expires > 0 {
		c.note.ExpiresMicros = now.Add(c.request.Expires).UnixMicro()
	}
	lay := c.fromSCN
	if c.request.Snapshot != "" {
		lay = c.fromSnapshot
	}
	for _, step := range []func() error{lay, c.replay, c.begin, c.identify} {
		if err := errors.Join(step(), c.ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// fromSnapshot links what a snapshot has.
func (c *cloning) fromSnapshot() error {
	e, err := c.snapshots.Get(c.request.Snapshot)
	if err != nil {
		return explainShelf("snapshot", c.request.Snapshot, err)
	}
	c.note.SCN, c.note.TimeMicros, c.parent = e.Note.SCN, e.Note.TimeMicros, e.Note.Incarnation
	from := c.snapshots.Path(e.Name)
	log, err := segments.OpenCatalog(segments.CatalogOptions{Dir: filepath.Join(from, segmentsDir), DatabaseID: c.id, ReadOnly: true})
	if err != nil {
		return err
	}
	after := log.Range().After
	if len(log.Segments()) == 0 { // of a database that was recovered without log, and not changed since
		after = c.note.SCN
	}
	none := func(after scn.SCN, _ func(segments.Record) error) error {
		return fmt.Errorf("the log of snapshot %s ends at SCN %d, it is of %d", e.Name, after, e.Note.SCN)
	}
	return errors.Join(layOutLog(filepath.Join(c.dir, segmentsDir), c.id, log, after, c.note.SCN, c.parent, none), log.Close(), linkState(filepath.Join(from, stateDir), filepath.Join(c.dir, stateDir)))
}

// fromSCN links the log, and the state of the newest snapshot before the SCN, if there is one.
func (c *cloning) fromSCN() (err error) {
	c.note.SCN, c.parent = c.request.SCN, c.node.identity.incarnation()
	if c.note.TimeMicros, err = c.node.engine.SCNToTime(c.note.SCN); err != nil {
		return err
	}
	if err := layOutLog(filepath.Join(c.dir, segmentsDir), c.id, c.node.segments, c.node.history.Kept(), c.note.SCN, c.parent, c.tail(c.ctx, c.note.SCN)); err != nil {
		return err
	}
	list, err := c.snapshots.List()
	best := ""
	at := scn.SCN(0)
	for _, e := range list {
		own := c.node.ownHistory(e.Note.Incarnation, e.Note.SCN) // not of one that a failover gave up, when this node was in that
		if own && e.Note.SCN > at && e.Note.SCN <= c.note.SCN {
			best, at = e.Name, e.Note.SCN
		}
	}
	if kept := c.node.history.Kept(); at < kept { // a recovery found no more of it
		return errors.Join(err, fmt.Errorf("the log begins behind SCN %d, and no snapshot lies between that and SCN %d: CREATE SNAPSHOT makes one of now", kept, c.note.SCN))
	}
	if best == "" {
		return err
	}
	return errors.Join(err, linkState(filepath.Join(c.snapshots.Path(best), stateDir), filepath.Join(c.dir, stateDir)))
}

// replay brings the state to the SCN.
func (c *cloning) replay() (err error) {
	e, err := engine.Open(engine.Options{
		FS: vfs.Default, Dir: filepath.Join(c.dir, stateDir), Collator: sql.Collator(), NodeOrdinal: c.node.identity.Ordinal, StoreLogger: quietLogger{pebble.DefaultLogger},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if at := e.Position(); at.SCN < c.note.SCN {
		log, err := segments.OpenCatalog(segments.CatalogOptions{Dir: filepath.Join(c.dir, segmentsDir), DatabaseID: c.id, ReadOnly: true})
		if err != nil {
			return err
		}
		_, err = pitr.Replay(c.ctx, e, log, c.note.SCN, at.Index, at.Term, nil)
		if err := errors.Join(err, log.Close()); err != nil {
			return err
		}
	}
	if e.Position().SCN == 0 {
		return errors.New("nothing was committed yet: there is nothing to clone")
	}
	if err := e.Rebase(recoveredAt, recoveredAt); err != nil {
		return err
	}
	if c.position, err = e.Persist(c.ctx); err != nil {
		return err
	}
	c.note.StateHash = fmt.Sprintf("%016x", e.StateHash().Hash)
	c.highest, err = highestIncarnation(e)
	return err
}

// begin makes the log that goes on from the state.
func (c *cloning) begin() error {
	at := replication.Position{Index: c.position.Index, Term: c.position.Term, SCN: c.position.SCN, TimeMicros: c.position.TimeMicros}
	return beginLog(c.dir, c.id, c.node.identity.NodeID, at)
}

// identify makes it a data directory.
func (c *cloning) identify() error {
	identity := *c.node.identity
	identity.Created = time.Now().UTC()
	identity.Incarnation = max(c.parent, c.highest) + 1
	identity.Branch, identity.Parent, identity.Clone = c.note.SCN, c.parent, newID()
	identity.leaveOthers()
	b, err := json.MarshalIndent(&identity, "", "  ")
	if err != nil {
		return err
	}
	return writeFileSync(filepath.Join(c.dir, identityFile), append(b, '\n'))
}

// DropClone implements sql.Snapshots.
func (s *shelves) DropClone(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropClone(name)
}

func (s *shelves) dropClone(name string) error {
	if _, err := s.clones.Get(name); err != nil {
		return explainShelf("clone", name, err)
	}
	lock, err := s.lockClone(name)
	if err != nil {
		return fmt.Errorf("clone %s is in use by a node: stop that first (%w)", name, err)
	}
	return errors.Join(explainShelf("clone", name, s.clones.Remove(name)), lock.Close())
}

// lockClone takes the lock that a node on a clone has.
func (s *shelves) lockClone(name string) (io.Closer, error) {
	return vfs.Default.Lock(filepath.Join(s.clones.Path(name), lockFile))
}

// expire drops the clones that are past their time, but for those that a node is on.
func (s *shelves) expire(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, err := s.clones.List()
	for _, e := range list {
		if e.Note.ExpiresMicros == 0 || e.Note.ExpiresMicros > now.UnixMicro() || s.inUse(e.Name) {
			continue
		}
		err = errors.Join(err, s.dropClone(e.Name))
		s.node.logger.Info().Str("clone", e.Name).Msg("a clone was past its time, and is dropped")
	}
	return err
}

// inUse tells whether a node is on a clone.
func (s *shelves) inUse(name string) bool {
	lock, err := s.lockClone(name)
	if err != nil {
		return true
	}
	return lock.Close() != nil
}

func (s *shelves) cloneOf(e shelf.Entry[cloneNote]) sql.DatabaseClone {
	return sql.DatabaseClone{
		Name: e.Name, Snapshot: e.Note.Snapshot, SCN: e.Note.SCN, TimeMicros: e.Note.TimeMicros, Purpose: e.Note.Purpose, StateHash: e.Note.StateHash,
		CreatedMicros: e.Note.CreatedMicros, ExpiresMicros: e.Note.ExpiresMicros, Dir: s.clones.Path(e.Name),
	}
}

// Clones implements sql.Snapshots.
func (s *shelves) Clones() ([]sql.DatabaseClone, error) {
	list, err := s.clones.List()
	if err != nil {
		return nil, err
	}
	var out []sql.DatabaseClone
	for _, e := range list {
		c := s.cloneOf(e)
		size, err := shelf.SizeOf(c.Dir)
		if err != nil {
			return nil, err
		}
		c.Shared, c.Unique, c.Open = size.Shared, size.Unique, s.inUse(e.Name)
		out = append(out, c)
	}
	return out, nil
}

// claim makes a repository that of this database. The log of a clone goes to one of its own: it has the same database id as what it
// is a clone of, since it shares its past, and the logs of both would lie beside one another.
func (n *Node) claim(ctx context.Context, to *repository.Repository, id [16]byte) error {
	if err := to.Claim(ctx, id); err != nil || n.identity.Clone == "" {
		return err
	}
	other := fmt.Errorf("this database is a clone, and %s has the log of another one: say a repository of its own", to)
	text, err := store.Read(ctx, to, archive.CloneName, 1<<10)
	if errors.Is(err, store.ErrNotFound) {
		for _, prefix := range []string{"log/", "tail/", "backup/"} {
			if list, err := to.List(ctx, prefix); err != nil || len(list) > 0 {
				return errors.Join(err, other)
			}
		}
		return to.Put(ctx, archive.CloneName, strings.NewReader(n.identity.Clone))
	}
	if err != nil {
		return err
	}
	if string(text) != n.identity.Clone {
		return other
	}
	return nil
}
