package crashfs

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
)

// State is one state that a power cut may leave.
type State struct {
	// FS holds the state. Everything in it is durable, and its journal is empty.
	FS *FS
	// Marks are the marks made before the cut, oldest first. It must not be changed.
	Marks []any
	// Cut is the number of journal records before the cut.
	Cut int
	// Last is the record before the cut.
	Last string
	// How says what became of that which was not synced.
	How string
}

func (s State) String() string {
	return fmt.Sprintf("cut after record %d (%s), unsynced: %s", s.Cut, s.Last, s.How)
}

// chance is how one state treats what was not synced.
type chance struct {
	how     string
	sectors int // percent of sectors that are kept
	names   int // percent of names that are kept
	// tear keeps every earlier write whole and a first part of the last one.
	tear bool
}

// chances are the treatments that every cut gets, as far as its share of states goes;
// after them it gets random percentages.
var chances = []chance{
	{how: "nothing kept"},
	{how: "all kept", sectors: 100, names: 100},
	{how: "last write torn", tear: true, names: 100},
	{how: "data kept, names lost", sectors: 100},
	{how: "names kept, data lost", names: 100},
}

// States yields n states, spread evenly over all cuts of the journal; fewer if the
// workload was so short that there are not that many, and never two of a cut at which
// everything was synced. The same seed gives the same states.
func (fs *FS) States(seed uint64, n int) iter.Seq[State] {
	fs.mu.Lock()
	base, journal := fs.base.clone(), slices.Clone(fs.journal)
	fs.mu.Unlock()

	return func(yield func(State) bool) {
		shares := shareOut(base.clone(), journal, n)
		d := base.clone()
		var marks []any
		for cut := 0; cut <= len(journal); cut++ {
			last := "beginning"
			if cut > 0 {
				r := &journal[cut-1]
				d.apply(r)
				last = r.String()
				if r.kind == recordMark {
					marks = append(marks, r.mark)
				}
			}
			for i := range shares[cut] {
				// Each state has a generator of its own, so that it does not depend on n.
				rng := rand.New(rand.NewPCG(seed, uint64(cut)<<32|uint64(i)))
				c := pickChance(rng, i)
				s := State{FS: d.crash(c, rng), Marks: slices.Clip(marks), Cut: cut, Last: last, How: c.how}
				if !yield(s) {
					return
				}
			}
		}
	}
}

// CrashNow returns one state that a power cut now may leave, chosen by the seed.
func (fs *FS) CrashNow(seed uint64) State {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d := fs.base.clone()
	var marks []any
	last := "beginning"
	for i := range fs.journal {
		d.apply(&fs.journal[i])
		last = fs.journal[i].String()
		if fs.journal[i].kind == recordMark {
			marks = append(marks, fs.journal[i].mark)
		}
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(fs.journal))))
	c := pickChance(rng, rng.IntN(2*len(chances)))
	return State{FS: d.crash(c, rng), Marks: marks, Cut: len(fs.journal), Last: last, How: c.how}
}

// shareOut says how many states each cut gets.
func shareOut(d *disk, journal []record, n int) []int {
	shares := make([]int, len(journal)+1)
	var open []int
	settled := 0
	for cut := range shares {
		if cut > 0 {
			d.apply(&journal[cut-1])
		}
		if d.settled() {
			shares[cut] = 1
			settled++
		} else {
			open = append(open, cut)
		}
	}
	if n < len(shares) {
		// Too few for all: every k-th cut.
		for cut := range shares {
			shares[cut] = (cut+1)*n/len(shares) - cut*n/len(shares)
		}
		return shares
	}
	for i, cut := range open {
		left := n - settled
		shares[cut] = (i+1)*left/len(open) - i*left/len(open)
	}
	return shares
}

func pickChance(rng *rand.Rand, i int) chance {
	if i < len(chances) {
		return chances[i]
	}
	c := chance{sectors: rng.IntN(101), names: rng.IntN(101)}
	c.how = fmt.Sprintf("%d%% of sectors, %d%% of names kept", c.sectors, c.names)
	return c
}

// crash makes a file system of what is durable and what chance leaves of the rest.
func (d *disk) crash(c chance, rng *rand.Rand) *FS {
	left := d.clone()
	for _, n := range sortedKeys(left.files) {
		f := left.files[n]
		f.durable = f.afterCrash(c, rng)
		f.pending = nil
	}
	for _, n := range sortedKeys(left.dirs) {
		dir := left.dirs[n]
		for _, group := range dir.pending {
			keep := c.names == 100 || rng.IntN(100) < c.names
			for _, change := range group.changes {
				if keep && change.dir == n {
					setName(dir.durable, change)
				}
			}
			if keep {
				left.spread(group, n)
			} else {
				left.withdraw(group, n)
			}
		}
		dir.pending = nil
	}
	return newFS(left)
}

// spread and withdraw let a change across two directories share one fate.
func (d *disk) spread(group *pendingNames, except inode) {
	for _, change := range group.changes {
		if change.dir != except {
			setName(d.dir(change.dir).durable, change)
		}
	}
	d.withdraw(group, except)
}

func (d *disk) withdraw(group *pendingNames, except inode) {
	for _, change := range group.changes {
		if change.dir != except {
			dir := d.dir(change.dir)
			dir.pending = slices.DeleteFunc(dir.pending, func(g *pendingNames) bool { return g == group })
		}
	}
}

// afterCrash returns what a file holds after the cut.
func (f *diskFile) afterCrash(c chance, rng *rand.Rand) []byte {
	if len(f.pending) == 0 {
		return f.durable
	}
	b := slices.Clone(f.durable)
	for i, w := range f.pending {
		keepWhole := c.tear && i < len(f.pending)-1
		torn := 0
		if c.tear && !keepWhole {
			torn = rng.IntN(len(w.data)/sectorBytes + 1)
		}
		for sector := 0; len(w.data) > 0; sector++ {
			n := min(int64(len(w.data)), sectorBytes-w.offset%sectorBytes)
			switch {
			case keepWhole, c.tear && sector < torn, !c.tear && (c.sectors == 100 || rng.IntN(100) < c.sectors):
				b = overwrite(b, w.offset, w.data[:n])
			case !c.tear && c.sectors > 0 && rng.IntN(4) == 0:
				// The length reached the disk, the bytes did not.
				b = overwrite(b, max(w.offset+n, int64(len(b))), nil)
			}
			w.offset, w.data = w.offset+n, w.data[n:]
		}
	}
	return b
}

func sortedKeys[V any](m map[inode]V) []inode {
	keys := make([]inode, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
