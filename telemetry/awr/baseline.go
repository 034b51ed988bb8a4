package awr

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

// A baseline lies in a folder baseline-NAME.FIRST-LAST.CREATED beside the files of snapshots, with files of the same format: the name
// tells which snapshots it has to have, so that damage is seen. It is made in a folder baseline.new, which is renamed once all is on disk.
const (
	baselinePrefix = "baseline-"
	baselineNew    = "baseline.new"
	unbounded      = 1 << 50 // of one baseline's Archive: the limit is that of all, and is looked at before it is made
)

var (
	baselineFolder = regexp.MustCompile(`^baseline-([A-Za-z0-9_-]{1,64})\.(\d{1,19})-(\d{1,19})\.(\d{1,18})$`)
	baselineName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// ErrBaseline is the error of a baseline that cannot be made or dropped; its text says why.
var ErrBaseline = errors.New("baseline")

// baseline is one whose files are open.
type baseline struct {
	about   telemetry.WorkloadBaseline
	heads   []telemetry.WorkloadHead
	archive *frames.Archive
	dir     string
}

func (k *Keeper) openBaselines() error {
	if err := os.RemoveAll(filepath.Join(k.options.Dir, baselineNew)); err != nil {
		return fmt.Errorf("remove a baseline that was not finished: %w", err)
	}
	entries, err := os.ReadDir(k.options.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !baselineFolder.MatchString(e.Name()) {
			continue
		}
		if err := k.openBaseline(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) openBaseline(folder string) error {
	parts := baselineFolder.FindStringSubmatch(folder)
	b := &baseline{dir: filepath.Join(k.options.Dir, folder)}
	b.about.Name = parts[1]
	b.about.First, _ = strconv.ParseUint(parts[2], 10, 64)
	b.about.Last, _ = strconv.ParseUint(parts[3], 10, 64)
	b.about.Created, _ = strconv.ParseInt(parts[4], 10, 64)
	var err error
	if b.archive, err = frames.Open(b.dir, kind, unbounded); err != nil {
		return err
	}
	err = b.archive.Read(-1<<62, 1<<62, func(micros int64, body []byte) (bool, error) {
		h, _, err := readHead(micros, body)
		if err == nil {
			b.heads = append(b.heads, h)
		}
		return true, err
	})
	if err := errors.Join(err, b.archive.Close()); err != nil { // it is not written to any more
		return err
	}
	for i := range b.heads[min(1, len(b.heads)):] {
		b.heads[i+1].Before = b.heads[i].Micros
	}
	b.about.Snapshots, b.about.Bytes = len(b.heads), b.archive.Stats().Bytes
	k.mu.Lock()
	defer k.mu.Unlock()
	k.baselines = append(k.baselines, b)
	for _, h := range b.heads {
		if h.ID > k.newest.ID {
			k.newest = h // so that no number is given twice
		}
	}
	return nil
}

// Baselines lists them, by name.
func (k *Keeper) Baselines() (out []telemetry.WorkloadBaseline) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.baselines {
		out = append(out, b.about)
	}
	slices.SortFunc(out, func(x, y telemetry.WorkloadBaseline) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// CreateBaseline keeps the snapshots from first to last under a name, until it is dropped. It is on disk when it returns.
func (k *Keeper) CreateBaseline(name string, first, last uint64) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayCreate(name, first, last); err != nil {
		return err
	}
	making := filepath.Join(k.options.Dir, baselineNew)
	if err := os.RemoveAll(making); err != nil {
		return err
	}
	if err := k.copyTo(making, first, last); err != nil {
		return errors.Join(err, os.RemoveAll(making))
	}
	folder := fmt.Sprintf("%s%s.%d-%d.%d", baselinePrefix, name, first, last, k.options.Now().UnixMicro())
	if err := os.Rename(making, filepath.Join(k.options.Dir, folder)); err != nil {
		return errors.Join(err, os.RemoveAll(making))
	}
	return errors.Join(syncPath(k.options.Dir), k.openBaseline(folder))
}

// mayCreate tells why a baseline cannot be made.
func (k *Keeper) mayCreate(name string, first, last uint64) error {
	if !baselineName.MatchString(name) {
		return fmt.Errorf("%w: %q is no name for one: want 1 to 64 letters, digits, _ and -", ErrBaseline, name)
	}
	taken := int64(0)
	for _, b := range k.Baselines() {
		taken += b.Bytes
		if strings.EqualFold(b.Name, name) {
			return fmt.Errorf("%w: there is one named %s already; drop it, or take another name", ErrBaseline, b.Name)
		}
	}
	if first >= last {
		return fmt.Errorf("%w: snapshots %d to %d are no window: want two, the older one first", ErrBaseline, first, last)
	}
	found, bytes := uint64(0), int64(0)
	for _, h := range k.Heads() {
		if h.ID >= first && h.ID <= last {
			found, bytes = found+1, bytes+int64(h.Bytes)+frames.HeadBytes
		}
	}
	if found != last-first+1 {
		return fmt.Errorf("%w: of snapshots %d to %d only %d are kept; DBA_HIST_SNAPSHOT lists them", ErrBaseline, first, last, found)
	}
	if taken+bytes > k.options.BaselineBytes {
		return fmt.Errorf("%w: the %d snapshots take %d bytes, and the others %d already: that is more than awr-baseline-disk, %d; drop one, or raise it", ErrBaseline, found, bytes, taken, k.options.BaselineBytes)
	}
	return nil
}

// copyTo writes snapshots to files in a folder, which are on disk when it returns.
func (k *Keeper) copyTo(dir string, first, last uint64) error {
	to, err := frames.Open(dir, kind, unbounded)
	if err != nil {
		return err
	}
	copied := uint64(0)
	err = k.bodies(first, last, func(h telemetry.WorkloadHead, body []byte) (bool, error) {
		if _, err := decodeBody(h.Micros, body); err != nil {
			return true, err
		}
		copied++
		return true, to.Append(h.Micros, func(b []byte) []byte { return append(b, body...) })
	})
	failed := to.Stats().Failures
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	if failed > 0 || copied != last-first+1 {
		return fmt.Errorf("%w: %d of %d snapshots could be read, and %d could not be written", ErrBaseline, copied, last-first+1, failed)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, syncPath(filepath.Join(dir, e.Name())))
	}
	return errors.Join(err, syncPath(dir))
}

// syncPath waits until a file or a folder is on disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// DropBaseline lets the snapshots of a baseline go: those that are kept anyway stay.
func (k *Keeper) DropBaseline(name string) error {
	k.changing.Lock()
	defer k.changing.Unlock()
	k.mu.Lock()
	at := slices.IndexFunc(k.baselines, func(b *baseline) bool { return strings.EqualFold(b.about.Name, name) })
	dir := ""
	if at >= 0 {
		dir = k.baselines[at].dir
	}
	k.mu.Unlock()
	if at < 0 {
		return fmt.Errorf("%w: there is none named %s; DBA_HIST_BASELINE lists them", ErrBaseline, name)
	}
	gone := filepath.Join(k.options.Dir, baselineNew) // what a crash leaves of it is removed at the next start
	if err := errors.Join(os.RemoveAll(gone), os.Rename(dir, gone)); err != nil {
		return err
	}
	k.mu.Lock()
	k.baselines = slices.Delete(slices.Clone(k.baselines), at, at+1)
	k.mu.Unlock()
	return errors.Join(syncPath(k.options.Dir), os.RemoveAll(gone))
}

// place is a snapshot, and whose files have it.
type place struct {
	head telemetry.WorkloadHead
	in   *frames.Archive
}

// places gives all snapshots that are kept, oldest first; k.mu is held.
func (k *Keeper) places() (out []place) {
	known := map[uint64]bool{}
	for _, h := range k.heads {
		out, known[h.ID] = append(out, place{h, k.archive}), true
	}
	for _, b := range k.baselines {
		for _, h := range b.heads {
			if !known[h.ID] {
				out, known[h.ID] = append(out, place{h, b.archive}), true
			}
		}
	}
	slices.SortFunc(out, func(x, y place) int { return int(int64(x.head.ID) - int64(y.head.ID)) })
	return out
}

// bodies gives the bodies of snapshots from first to last, oldest first, until yield wants no more; yield must not keep them.
func (k *Keeper) bodies(first, last uint64, yield func(h telemetry.WorkloadHead, body []byte) (bool, error)) error {
	k.mu.Lock()
	all := k.places()
	k.mu.Unlock()
	all = slices.DeleteFunc(all, func(p place) bool { return p.head.ID < first || p.head.ID > last })
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].in == all[0].in {
			n++
		}
		by := map[int64]telemetry.WorkloadHead{}
		for _, p := range all[:n] {
			by[p.head.Micros] = p.head
		}
		stopped := false
		err := all[0].in.Read(all[0].head.Micros, all[n-1].head.Micros+1, func(micros int64, body []byte) (bool, error) {
			h, wanted := by[micros]
			if !wanted {
				return true, nil
			}
			more, err := yield(h, body)
			stopped = stopped || !more
			return more, err
		})
		if err != nil || stopped {
			return err
		}
		all = all[n:]
	}
	return nil
}
