package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"redoubt/backup/archive"
	"redoubt/backup/store"
	"redoubt/scn"
)

// Log is the archived log of a repository, and who sends it there. Its methods are called from several goroutines.
type Log interface {
	// Weigh tells how large the log in a range is, and how much of it will be sent.
	Weigh(ctx context.Context, after, to scn.SCN) (archive.Weight, error)
	// Through returns when the log is there, without a gap, up to an SCN.
	Through(ctx context.Context, at scn.SCN) (archive.Sent, error)
}

// TakeOptions of one backup.
type TakeOptions struct {
	Store store.Store
	Kind  Kind
	// Base is the backup that an incremental or differential one is relative to. The log since then is this node's.
	Base *Manifest
	// Log makes the repository hold the log up to the backup; nil: it does already.
	Log Log
	// Checkpoint puts the files of the state into a directory that does not exist yet, and fills in what the manifest must
	// say of it: DatabaseID, Incarnation, SCN, TimeMicros, StateHash, Node and Version.
	Checkpoint func(dir string, m *Manifest) error
	Dir        string // a directory for the checkpoint, on the file system of the state; must not exist
	Known      *Known // what is in files that were read before; may be nil
	Tag        string
	Parallel   int       // files read or sent at once; default 2
	BlockBytes int64     // default 4 MiB
	Progress   *Progress // may be nil
	Now        func() time.Time
}

// Taken tells what a backup was made of.
type Taken struct {
	Manifest
	Lacking      int // files that the repository lacked
	LackingBytes int64
	Sent         int // files
	SentBytes    int64
	Log          archive.Sent
}

// Take makes a backup. If it fails or is interrupted there is none; what was sent is not sent again by the next.
func Take(ctx context.Context, o TakeOptions) (t Taken, err error) {
	if o.BlockBytes == 0 {
		o.BlockBytes = blockBytes
	}
	t.Started, t.Format, t.Kind, t.Tag, t.BlockBytes = o.Now().UTC(), manifestFormat, o.Kind, o.Tag, o.BlockBytes
	if o.Base != nil {
		t.Base = o.Base.ID
	}
	o.Progress.Start(Point{Kind: o.Kind, Store: o.Store.String(), Tag: o.Tag, Started: t.Started})
	w := &work{TakeOptions: o, ctx: ctx, taken: &t}
	err = w.run()
	if err := errors.Join(err, os.RemoveAll(o.Dir)); err != nil {
		return t, fmt.Errorf("back up to %s: %w", o.Store, err)
	}
	return t, nil
}

// work is a backup on its way.
type work struct {
	TakeOptions
	ctx     context.Context
	taken   *Taken
	lacking []File // that the repository lacks

	logLacking int64 // bytes of the log that the repository lacks
}

// run makes the backup. The log is packed and sent while files are read and sent: that takes different processors, and other parts
// of the disk. A full backup need not know how large the log is before it sends files.
func (w *work) run() error {
	if w.Kind == Full {
		return w.inOrder(w.checkpoint, w.together(w.inTurn(w.weigh, w.sendLog), w.inTurn(w.read, w.find, w.send)), w.write)
	}
	return w.inOrder(w.checkpoint, w.read, w.find, w.weigh, w.together(w.sendLog, w.send), w.write)
}

func (w *work) inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := errors.Join(w.ctx.Err(), step()); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) inTurn(steps ...func() error) func() error {
	return func() error { return w.inOrder(steps...) }
}

// together does two things at once. If one fails, the other is stopped, and the error is that of the first to fail.
func (w *work) together(one, other func() error) func() error {
	return func() error {
		before := w.ctx
		ctx, stop := context.WithCancelCause(before)
		w.ctx = ctx
		var doing sync.WaitGroup
		for _, do := range []func() error{one, other} {
			doing.Go(func() {
				if err := do(); err != nil {
					stop(err)
				}
			})
		}
		doing.Wait()
		err := context.Cause(ctx)
		stop(nil)
		w.ctx = before
		return err
	}
}

func (w *work) checkpoint() error {
	w.Progress.step(StepCheckpoint, w.Now(), 0, 0)
	if err := w.Checkpoint(w.Dir, &w.taken.Manifest); err != nil {
		return err
	}
	w.Progress.change(func(at *Point) { at.SCN = w.taken.SCN })
	return nil
}

// read learns what is in the files. A full backup reads all of them, others only those that are not known.
func (w *work) read() error {
	entries, err := os.ReadDir(w.Dir)
	if err != nil {
		return err
	}
	var unread []unreadFile
	var bytes int64
	for _, e := range entries {
		if e.Name() == lockName || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if f, ok := w.Known.find(info, w.BlockBytes); ok && w.Kind != Full {
			w.taken.Files = append(w.taken.Files, f)
			continue
		}
		unread, bytes = append(unread, unreadFile{info: info}), bytes+info.Size()
	}
	w.Progress.step(StepRead, w.Now(), len(unread), bytes)
	if err := each(w.ctx, w.parallel(), unread, w.summarize); err != nil {
		return err
	}
	for i := range unread {
		w.taken.Files = append(w.taken.Files, unread[i].file)
	}
	slices.SortFunc(w.taken.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return w.Known.save(w.taken.Files)
}

// unreadFile is one of the checkpoint, and what is in it once it has been read.
type unreadFile struct {
	info os.FileInfo
	file File
}

func (w *work) parallel() int { return max(w.Parallel, 2) }

func (w *work) summarize(ctx context.Context, u *unreadFile) error {
	f, err := os.Open(filepath.Join(w.Dir, u.info.Name()))
	if err != nil {
		return err
	}
	defer f.Close()
	s := newSums(w.BlockBytes)
	if _, err := io.Copy(io.MultiWriter(s, counting{w.Progress}), store.ReaderOf(ctx, f)); err != nil {
		return err
	}
	w.Progress.change(func(at *Point) { at.Files++ })
	u.file = s.file(u.info.Name())
	return w.Known.learn(u.info, w.BlockBytes, u.file)
}

// find finds the files that the repository lacks.
func (w *work) find() error {
	known, err := w.Store.List(w.ctx, filesFolder)
	if err != nil {
		return err
	}
	have := map[string]int64{}
	for _, object := range known {
		have[object.Name] = object.Bytes
	}
	for _, f := range w.taken.Files {
		if size, there := have[f.Object()]; there && size == f.Bytes {
			continue
		}
		have[f.Object()] = f.Bytes // two files of one content are sent once
		w.lacking = append(w.lacking, f)
		w.taken.LackingBytes += f.Bytes
	}
	w.taken.Lacking = len(w.lacking)
	return nil
}

// weigh decides what the backup is made of: the log since its base, or the files. The log goes along anyway, for the points in
// between; so a state of its own is worth its files if these are fewer bytes than the log that it spares a recovery.
func (w *work) weigh() error {
	if w.Log == nil {
		return nil
	}
	if w.Kind != Full {
		w.Progress.step(StepWeigh, w.Now(), 0, 0)
	}
	since := w.taken.SCN
	if w.Base != nil {
		since = w.Base.SCN
	}
	weight, err := w.Log.Weigh(w.ctx, since, w.taken.SCN)
	if err != nil {
		return err
	}
	w.logLacking = weight.Lacking
	w.Progress.change(func(at *Point) { at.LogOf = weight.Lacking })
	if w.Kind == Full {
		return nil
	}
	if w.taken.LogBytes = weight.Range; w.taken.LogBytes <= w.taken.LackingBytes {
		w.taken.Files, w.lacking, w.taken.BlockBytes = nil, nil, 0
	}
	return nil
}

func (w *work) sendLog() (err error) {
	if w.Log == nil {
		return nil
	}
	if w.taken.Log, err = w.Log.Through(w.ctx, w.taken.SCN); err != nil {
		return err
	}
	w.Progress.change(func(at *Point) { at.LogDone = w.logLacking })
	w.taken.LogAfter = w.taken.Log.After
	if w.Base != nil && w.Base.SCN < w.taken.LogAfter && !w.taken.HasState() {
		return fmt.Errorf("the log in the repository begins behind SCN %d, the base is at %d: make a full backup", w.taken.LogAfter, w.Base.SCN)
	}
	return nil
}

// send sends the files that the repository lacks.
func (w *work) send() error {
	var bytes int64
	for i := range w.lacking {
		bytes += w.lacking[i].Bytes
	}
	w.Progress.step(StepSend, w.Now(), len(w.lacking), bytes)
	if err := each(w.ctx, w.parallel(), w.lacking, w.sendOne); err != nil {
		return err
	}
	w.taken.Sent, w.taken.SentBytes = len(w.lacking), bytes
	return nil
}

func (w *work) sendOne(ctx context.Context, f *File) error {
	r, err := os.Open(filepath.Join(w.Dir, f.Name))
	if err != nil {
		return err
	}
	defer r.Close()
	err = w.Store.Put(ctx, f.Object(), io.TeeReader(r, counting{w.Progress}))
	w.Progress.change(func(at *Point) { at.Files++ })
	return err
}

// write writes the manifest, which makes the backup.
func (w *work) write() error {
	w.Progress.step(StepManifest, w.Now(), 0, 0)
	t := w.taken
	if t.LogAfter > t.SCN {
		return fmt.Errorf("the log in the repository begins behind SCN %d, and this state is at %d: nothing would lead on from it; make the backup on a node that is not so far behind", t.LogAfter, t.SCN)
	}
	t.Finished = w.Now().UTC()
	taken, err := w.Store.List(w.ctx, manifestsFolder)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s-%d-%d", t.Finished.Format("20060102T150405"), t.Incarnation, t.SCN)
	t.ID = id
	for n := 2; slices.ContainsFunc(taken, func(o store.Object) bool { return o.Name == t.Object() }); n++ {
		t.ID = fmt.Sprintf("%s-%d", id, n) // another one of this second
	}
	if err := t.check(); err != nil {
		return err
	}
	return t.Manifest.write(w.ctx, w.Store)
}
