package segments

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/scn"
)

// CatalogOptions say which chain of segments a Catalog is of.
type CatalogOptions struct {
	// FS is the file system. Default: the operating system's.
	FS vfs.FS
	// Dir is the directory of the segments. It is created if it is missing, unless the
	// catalog is read-only.
	Dir string
	// DatabaseID must be that of every segment.
	DatabaseID [16]byte
	// Holds set the floor of Remove. Default: none, and then nothing can be removed.
	Holds *Holds
	// ReadOnly writes nothing and needs no manifest: for segments that were copied from
	// elsewhere. Loss at either end of the chain then shows only if there is a manifest.
	ReadOnly bool
}

// Validate reports the first option that cannot be used.
func (o CatalogOptions) Validate() error {
	if o.Dir == "" {
		return errors.New("segments: options: Dir is empty")
	}
	return nil
}

// Catalog is a chain of segments in one directory. It may be used from any goroutine.
type Catalog struct {
	o CatalogOptions

	// changeMu is held by Add and Remove, during I/O; mu guards what readers see.
	changeMu sync.Mutex
	manifest manifest

	mu       sync.RWMutex
	segments []Info  // in order of SCN; replaced, never changed
	first    scn.SCN // where the chain begins, even if it is empty now; 0 if it never did
	closed   bool
}

// OpenCatalog opens the segments in a directory: their headers and indexes are read and
// checked, and that they make one chain without gaps, as long as the manifest says. The
// blocks are not read.
func OpenCatalog(o CatalogOptions) (*Catalog, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Holds == nil {
		o.Holds = &Holds{}
	}
	c := &Catalog{o: o}
	if err := c.open(); err != nil {
		return nil, fmt.Errorf("segments: open catalog %s: %w", o.Dir, err)
	}
	return c, nil
}

func (c *Catalog) open() error {
	if err := c.enterDir(); err != nil {
		return err
	}
	names, err := c.segmentNames()
	if err != nil {
		return err
	}
	known, err := c.readManifest()
	if err != nil {
		return err
	}
	if !known && !c.o.ReadOnly {
		if len(names) > 0 {
			return &CorruptionError{File: c.path(manifestName), Err: ErrMissingFile}
		}
		c.manifest = manifest{databaseID: c.o.DatabaseID}
		return c.writeManifest(c.manifest)
	}
	leftovers, err := c.load(names, known)
	if err != nil {
		return err
	}
	if len(c.segments) > 0 {
		c.first = c.segments[0].FirstSCN
	}
	if known {
		c.first = max(c.first, c.manifest.first)
		if err := c.checkEnds(); err != nil {
			return err
		}
	}
	if c.o.ReadOnly {
		return nil
	}
	return c.settle(leftovers)
}

func (c *Catalog) path(name string) string { return c.o.FS.PathJoin(c.o.Dir, name) }

func (c *Catalog) enterDir() error {
	if c.o.ReadOnly {
		return nil
	}
	if err := c.o.FS.MkdirAll(c.o.Dir, 0o755); err != nil {
		return err
	}
	return syncDir(c.o.FS, c.o.FS.PathDir(c.o.Dir))
}

func (c *Catalog) segmentNames() ([]string, error) {
	names, err := c.o.FS.List(c.o.Dir)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, namePrefix) || !strings.HasSuffix(name, nameSuffix)
	})
	slices.Sort(names)
	return names, nil
}

// load reads what each segment says of itself and checks that they make one chain.
// Segments before the first one of the manifest are what a Remove left behind.
func (c *Catalog) load(names []string, known bool) (leftovers []string, err error) {
	var chain []Info
	for _, name := range names {
		r, err := Open(c.o.FS, c.path(name))
		if err != nil {
			return nil, err
		}
		info := r.Info()
		if err := r.Close(); err != nil {
			return nil, err
		}
		if info.DatabaseID != c.o.DatabaseID {
			return nil, fmt.Errorf("%s: %w: %x, not %x", info.Path, ErrOtherDatabase, info.DatabaseID, c.o.DatabaseID)
		}
		if known && info.LastSCN < c.manifest.first {
			leftovers = append(leftovers, info.Path)
			continue
		}
		chain = append(chain, info)
	}
	slices.SortStableFunc(chain, func(a, b Info) int {
		if a.FirstSCN < b.FirstSCN {
			return -1
		}
		return 1
	})
	for i := 1; i < len(chain); i++ {
		if err := checkFollows(&chain[i-1], &chain[i]); err != nil {
			return nil, err
		}
	}
	c.segments = chain
	return leftovers, nil
}

// checkFollows is for two neighbours of a chain.
func checkFollows(before, after *Info) error {
	reason := ErrBrokenChain
	var text string
	switch {
	case after.FirstSCN > before.LastSCN+1:
		reason, text = ErrMissingFile, fmt.Sprintf("SCN %d to %d", before.LastSCN+1, after.FirstSCN-1)
	case after.FirstSCN < before.LastSCN+1:
		text = fmt.Sprintf("it overlaps %s", before.Path)
	case after.PrevHash != before.Hash:
		text = fmt.Sprintf("it follows hash %v, the segment before it has %v", after.PrevHash, before.Hash)
	case after.Incarnation < before.Incarnation:
		text = fmt.Sprintf("incarnation %d after %d", after.Incarnation, before.Incarnation)
	default:
		return nil
	}
	return &CorruptionError{File: after.Path, SCN: before.LastSCN + 1, Err: fmt.Errorf("%w: %s", reason, text)}
}

// settle finishes what a crash interrupted.
func (c *Catalog) settle(leftovers []string) error {
	// Names may have been seen that no sync covered.
	if err := syncDir(c.o.FS, c.o.Dir); err != nil {
		return err
	}
	if n := len(c.segments); n > 0 && c.segments[n-1].LastSCN > c.manifest.last {
		if err := c.writeManifest(c.manifestOf(c.segments)); err != nil {
			return err
		}
	}
	for _, path := range leftovers {
		if err := c.o.FS.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// Segments lists the chain in order of SCN.
func (c *Catalog) Segments() []Info {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.segments)
}

// Range is what the chain covers, empty if there are no segments.
func (c *Catalog) Range() scn.Range {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if len(c.segments) == 0 {
		return scn.Range{}
	}
	return scn.Range{After: c.segments[0].FirstSCN - 1, To: c.segments[len(c.segments)-1].LastSCN}
}

// Next returns what the next segment must be told: the header that chains it, and the
// SCN of its first record, 0 if it may be any.
func (c *Catalog) Next(incarnation scn.Incarnation, keyID uint32) (Header, scn.SCN) {
	c.changeMu.Lock()
	defer c.changeMu.Unlock()
	h := Header{DatabaseID: c.o.DatabaseID, Incarnation: incarnation, KeyID: keyID, PrevHash: c.manifest.lastHash}
	if c.manifest.last == 0 {
		return h, 0
	}
	return h, c.manifest.last + 1
}

// Find returns the segment that holds an SCN.
func (c *Catalog) Find(s scn.SCN) (Info, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	i, ok := c.find(s)
	if !ok {
		return Info{}, false
	}
	return c.segments[i], true
}

func (c *Catalog) find(s scn.SCN) (int, bool) {
	i := sort.Search(len(c.segments), func(i int) bool { return c.segments[i].LastSCN >= s })
	return i, i < len(c.segments) && c.segments[i].FirstSCN <= s
}

// Add takes a finished segment, which lies in the directory, into the chain. It is
// durable when Add returns.
func (c *Catalog) Add(info Info) error {
	if c.o.ReadOnly {
		return ErrReadOnly
	}
	c.changeMu.Lock()
	defer c.changeMu.Unlock()
	c.mu.RLock()
	closed, chain := c.closed, c.segments
	c.mu.RUnlock()
	if closed {
		return ErrClosed
	}
	if info.DatabaseID != c.o.DatabaseID {
		return fmt.Errorf("segments: add %s: %w", info.Path, ErrOtherDatabase)
	}
	m := &c.manifest
	if m.last > 0 && (info.FirstSCN != m.last+1 || info.PrevHash != m.lastHash || info.Incarnation < m.incarnation) {
		return fmt.Errorf("segments: add %s: %w: the chain ends with SCN %d, incarnation %d, hash %v; this follows SCN %d, incarnation %d, hash %v",
			info.Path, ErrOutOfOrder, m.last, m.incarnation, m.lastHash, info.FirstSCN-1, info.Incarnation, info.PrevHash)
	}
	longer := append(slices.Clone(chain), info)
	next := c.manifestOf(longer)
	if err := c.writeManifest(next); err != nil {
		return fmt.Errorf("segments: add %s: %w", info.Path, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.segments, c.first = longer, longer[0].FirstSCN
	return nil
}

// Remove removes the segments that lie wholly at or below upTo and below every hold, and
// returns them. If a hold kept some, the error is a HeldError that names it; what could
// go is gone. Without any hold nothing goes: someone has to say what is not needed.
func (c *Catalog) Remove(upTo scn.SCN) ([]Info, error) {
	if c.o.ReadOnly {
		return nil, ErrReadOnly
	}
	c.changeMu.Lock()
	defer c.changeMu.Unlock()
	c.mu.RLock()
	closed, chain := c.closed, c.segments
	c.mu.RUnlock()
	if closed {
		return nil, ErrClosed
	}
	hold, ok := c.o.Holds.Min()
	if !ok {
		hold = Hold{Name: "none set", Owner: "segments"}
	}
	wanted := countUpTo(chain, upTo)
	allowed := countUpTo(chain, min(upTo, hold.SCN))
	if err := c.removeFront(chain, allowed); err != nil {
		return nil, fmt.Errorf("segments: remove: %w", err)
	}
	if allowed < wanted {
		return chain[:allowed:allowed], &HeldError{Hold: hold, Wanted: upTo}
	}
	return chain[:allowed:allowed], nil
}

// countUpTo counts the segments of a chain that lie wholly at or below s.
func countUpTo(chain []Info, s scn.SCN) int {
	return sort.Search(len(chain), func(i int) bool { return chain[i].LastSCN > s })
}

// removeFront makes the new beginning durable before any file goes.
func (c *Catalog) removeFront(chain []Info, n int) error {
	if n == 0 {
		return nil
	}
	next := c.manifestOf(chain)
	next.first, next.prevHash = chain[n-1].LastSCN+1, chain[n-1].Hash
	if err := c.writeManifest(next); err != nil {
		return err
	}
	c.mu.Lock()
	c.segments, c.first = slices.Clone(chain[n:]), next.first
	c.mu.Unlock()
	for i := range chain[:n] {
		if err := c.o.FS.Remove(chain[i].Path); err != nil {
			return err
		}
	}
	return syncDir(c.o.FS, c.o.Dir)
}

// Held is a hold and what it keeps back.
type Held struct {
	Hold
	// Bytes is the length of the segments that hold records after its SCN.
	Bytes int64
	// OverBudget: Bytes is over the hold's budget.
	OverBudget bool
}

// Held lists the holds, the lowest first, with what each keeps back.
func (c *Catalog) Held() []Held {
	holds := c.o.Holds.List()
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := make([]Held, 0, len(holds))
	for _, h := range holds {
		held := Held{Hold: h}
		for i := countUpTo(c.segments, h.SCN); i < len(c.segments); i++ {
			held.Bytes += c.segments[i].Bytes
		}
		held.OverBudget = h.BudgetBytes > 0 && held.Bytes > h.BudgetBytes
		list = append(list, held)
	}
	return list
}

// Verify reads every segment and checks every rule of the format. It returns the first
// damage. It may take long; Add and Remove go on meanwhile.
func (c *Catalog) Verify() error {
	for _, info := range c.Segments() {
		r, err := Open(c.o.FS, info.Path)
		if errors.Is(err, fs.ErrNotExist) && !c.holds(info) {
			continue // removed meanwhile
		}
		if err != nil {
			return err
		}
		err = r.Verify()
		if err == nil && r.Info() != info {
			err = &CorruptionError{File: info.Path, SCN: info.FirstSCN, Err: fmt.Errorf("%w: it was replaced", ErrBrokenChain)}
		}
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) holds(info Info) bool {
	_, ok := c.Find(info.FirstSCN)
	return ok
}

// Close ends the catalog; Add and Remove then return ErrClosed. Scans go on.
func (c *Catalog) Close() error {
	c.changeMu.Lock()
	defer c.changeMu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return nil
}
