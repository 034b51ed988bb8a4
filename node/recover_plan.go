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

	"redoubt/backup"
	"redoubt/backup/archive"
	"redoubt/backup/catalog"
	"redoubt/backup/path"
	"redoubt/backup/store"
	"redoubt/pitr"
	"redoubt/scn"
	"redoubt/segments"
)

// fetched is a chain of pieces in a directory.
type fetched struct {
	pieces []archive.Piece
	dir    string
	log    *segments.Catalog
}

// plan reads what the repository has.
func (r *recovery) plan() error {
	c, err := catalog.Load(r.ctx, r.Repository, time.Now())
	if err != nil {
		return err
	}
	r.result.Notes = append(r.result.Notes, c.Notes...)
	r.result.PredictedBy = c.PredictedBy()
	for _, d := range c.Damaged {
		r.result.Notes = append(r.result.Notes, fmt.Sprintf("manifest %s cannot be read: %v; it was passed over", d.Object, d.Err))
	}
	r.known = c.Map.Contents
	r.known.Damaged, r.known.Only = map[string]string{}, r.Backup
	r.ways = path.NewMap(r.known)
	tip, ok := r.ways.Newest(r.Incarnation)
	switch {
	case !ok && r.Incarnation != 0:
		return fmt.Errorf("the repository has nothing of incarnation %d", r.Incarnation)
	case !ok:
		return errors.New("the repository has no log and no backup")
	}
	r.to.Incarnation, r.result.Parent = tip.Incarnation, tip.Incarnation
	for _, i := range r.ways.Incarnations() {
		r.result.Incarnation = max(r.result.Incarnation, i)
	}
	for _, b := range r.known.Branches {
		r.result.Incarnation = max(r.result.Incarnation, b.Incarnation)
	}
	r.result.Incarnation++
	return nil
}

// damaged notes what turned out to be damaged or to have been replaced, and looks for other ways; false if it was another kind of error.
func (r *recovery) damaged(err error) bool {
	var piece *archive.DamageError
	var file *backup.DamageError
	switch {
	case errors.As(err, &piece) && r.replaced(&piece.Piece, err):
	case errors.As(err, &piece):
		r.known.Damaged[piece.Piece.Name] = piece.Err.Error()
		r.result.Notes = append(r.result.Notes, piece.Error()+"; it was passed over")
	case errors.As(err, &file):
		r.known.Unusable[file.Backup] = strings.TrimPrefix(file.Error(), "backup "+file.Backup+": ")
		r.result.Notes = append(r.result.Notes, file.Error()+"; it was passed over")
	default:
		return false
	}
	r.ways = path.NewMap(r.known)
	return true
}

// replaced tells whether a piece of the tail is gone because a node went on archiving, which puts others in its place: then those are
// known instead.
func (r *recovery) replaced(p *archive.Piece, err error) bool {
	if !errors.Is(err, store.ErrNotFound) {
		return false
	}
	pieces, err := archive.Pieces(r.ctx, r.Repository)
	if err != nil || !slices.ContainsFunc(pieces, func(q archive.Piece) bool {
		return q.Name != p.Name && q.Incarnation == p.Incarnation && q.First <= p.Last && q.Last >= p.Last
	}) || slices.ContainsFunc(pieces, func(q archive.Piece) bool { return q.Name == p.Name }) {
		return false
	}
	r.known.Pieces = pieces
	return true
}

// resolve finds the SCN that the target names. Anything but an SCN is looked for in the log, the newest part first.
func (r *recovery) resolve() error {
	tip, _ := r.ways.Newest(r.to.Incarnation)
	switch {
	case r.Target.SCN > tip.SCN:
		return fmt.Errorf("%s: %w: it ends at SCN %d", r.Target, pitr.ErrNoTarget, tip.SCN)
	case r.Target.SCN != 0:
		r.to.SCN = r.Target.SCN
		return nil
	case r.Target == pitr.Target{}:
		r.to.SCN = tip.SCN
		return nil
	}
	for {
		err := r.lookFor()
		if !r.damaged(err) {
			return err
		}
	}
}

// lookFor looks for the target in all of the log that there is.
func (r *recovery) lookFor() (missing error) {
	missing = fmt.Errorf("%s: %w", r.Target, pitr.ErrNoTarget)
	after := scn.SCN(0) // the log goes on behind it, after a gap
	for _, island := range r.ways.Islands(r.to.Incarnation) {
		f, err := r.fetch(island.Pieces)
		if err != nil {
			return err
		}
		at, err := r.Target.Resolve(r.ctx, f.log, island.SCNs)
		switch {
		case err == nil && !r.Target.Time.IsZero() && at == island.SCNs.To && after != 0:
			return errors.Join(&path.Gap{To: path.Point{Incarnation: r.to.Incarnation, SCN: at + 1}, Reason: fmt.Sprintf("the log of SCN %d to %d is missing, in which the time may lie", at+1, after), Below: at, Above: after + 1}, f.log.Close())
		case err == nil:
			r.to.SCN, r.island = at, f
			return nil
		case !errors.Is(err, pitr.ErrNoTarget):
			return errors.Join(err, f.log.Close())
		}
		missing = err
		if err := f.log.Close(); err != nil {
			return err
		}
		if at := r.stateAt(island.SCNs.After); at != 0 {
			r.to.SCN = at
			return nil
		}
		after = island.SCNs.After
	}
	return missing
}

// stateAt finds the target, if it is a time, in a state where the log begins: the log has later commits only.
func (r *recovery) stateAt(at scn.SCN) scn.SCN {
	for i := range r.known.Backups {
		m := &r.known.Backups[i]
		if m.SCN == at && m.HasState() && r.ways.On(r.to.Incarnation, m) && !r.Target.Time.IsZero() && m.TimeMicros <= r.Target.Time.UnixMicro() {
			return at
		}
	}
	return 0
}

// fetch copies a chain of pieces, checks them, and opens it.
func (r *recovery) fetch(pieces []archive.Piece) (f fetched, err error) {
	f = fetched{pieces: pieces, dir: filepath.Join(r.Data, fetchDir, pieces[0].Hash)}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return f, err
	}
	wanted := map[string]bool{}
	for i := range pieces {
		if _, err := archive.Fetch(r.ctx, r.Repository, &pieces[i], f.dir); err != nil {
			return f, err
		}
		wanted[pieces[i].FileName()] = true
		r.Progress("fetch", uint64(i+1), uint64(len(pieces)))
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return f, err
	}
	for _, e := range entries { // of another way that was looked at
		if !wanted[e.Name()] {
			if err := os.Remove(filepath.Join(f.dir, e.Name())); err != nil {
				return f, err
			}
		}
	}
	f.log, err = segments.OpenCatalog(segments.CatalogOptions{Dir: f.dir, DatabaseID: r.id, ReadOnly: true})
	return f, err
}

// settle finds the way, gets what it needs, and puts its state in place. What turns out to be damaged is passed over.
func (r *recovery) settle() error {
	restored, err := r.restored()
	if err != nil {
		return err
	}
	for {
		if r.way, err = r.ways.Find(r.to); err != nil {
			return err
		}
		if r.stateOnly {
			r.way.History = nil
		}
		err := r.fetchWay()
		if err == nil && !r.Preview && !restored {
			err = r.restore()
		}
		if err == nil {
			break
		}
		if !r.damaged(err) {
			return err
		}
	}
	return r.tell()
}

// fetchWay gets the log of the way.
func (r *recovery) fetchWay() error {
	if r.log != nil {
		if err := r.log.Close(); err != nil {
			return err
		}
		r.log = nil
	}
	pieces := r.way.Pieces()
	if len(pieces) == 0 {
		return nil
	}
	f := r.island
	if r.island = (fetched{}); f.log != nil && len(f.pieces) >= len(pieces) && slices.Equal(f.pieces[:len(pieces)], pieces) {
		r.log = f.log
		return nil
	}
	if f.log != nil {
		if err := f.log.Close(); err != nil {
			return err
		}
	}
	f, err := r.fetch(pieces)
	r.log = f.log
	return err
}

// tell notes what the way is.
func (r *recovery) tell() error {
	pieces := r.way.Pieces()
	res := &r.result
	res.SCN, res.Pieces, res.From, res.LogAfter, res.Predicted = r.to.SCN, len(pieces), r.way.From(), r.to.SCN, r.way.Time
	for i := range pieces {
		res.Bytes += pieces[i].Bytes
	}
	if len(pieces) > 0 {
		res.LogAfter = pieces[0].First - 1
	}
	if r.way.Base != nil {
		res.Backup, res.TimeMicros = r.way.Base.ID, r.way.Base.TimeMicros
	}
	for _, passed := range r.way.Passed {
		if note := "backup " + passed + "; it was passed over"; !slices.Contains(res.Notes, note) {
			res.Notes = append(res.Notes, note)
		}
	}
	if r.log == nil {
		return nil
	}
	micros, err := pitr.TimeOf(r.ctx, r.log, r.to.SCN)
	if err == nil && micros != 0 {
		res.TimeMicros = micros
	}
	return err
}

// restoredFile notes the backup whose files are all in place.
const restoredFile = "restored"

// restored tells whether the run that was interrupted has put a state in place: then it is the one to go on from.
func (r *recovery) restored() (bool, error) {
	id, err := os.ReadFile(filepath.Join(r.Data, restoredFile))
	if errors.Is(err, os.ErrNotExist) || r.Preview {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.known.Backups = slices.DeleteFunc(slices.Clone(r.known.Backups), func(m backup.Manifest) bool { return m.ID != string(id) })
	delete(r.known.Unusable, string(id))
	r.ways = path.NewMap(r.known)
	return true, nil
}

// restore puts the state of the way in place. Without one, the state begins empty.
func (r *recovery) restore() error {
	dir, mark := filepath.Join(r.Data, stateDir), filepath.Join(r.Data, restoredFile)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	m := r.way.Base
	if m == nil {
		return writeFileSync(mark, nil)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	of := uint64(m.Bytes())
	began := time.Now()
	if err := backup.Fetch(r.ctx, r.Repository, m, dir, func(done int64) { r.Progress("restore", uint64(done), of) }); err != nil {
		return err
	}
	r.rates.State = rate(m.Bytes(), time.Since(began))
	if err := checkState(dir, m); err != nil {
		return err
	}
	return writeFileSync(mark, []byte(m.ID))
}

// rateBytesMin is how much a recovery has to move before its speed tells anything.
const rateBytesMin = 16 << 20

// rate is bytes a second; 0 if there were too few.
func rate(bytes int64, took time.Duration) float64 {
	if bytes < rateBytesMin || took <= 0 {
		return 0
	}
	return float64(bytes) / took.Seconds()
}

// noteRates lets the repository know how fast it was. That is a help to predict, so that it fails is no failure.
func (r *recovery) noteRates(ctx context.Context) {
	if r.rates == (path.Rates{}) {
		return
	}
	from := fmt.Sprintf("recovery to %s", r.to)
	if err := catalog.NoteRates(ctx, r.Repository, r.rates, time.Now(), from); err != nil {
		r.result.Notes = append(r.result.Notes, "how fast it was could not be noted: "+err.Error())
	}
}
