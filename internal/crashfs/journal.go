package crashfs

import (
	"fmt"
	"maps"
	"slices"
)

const (
	// sectorBytes is what a disk writes whole or not at all.
	sectorBytes = 512
	// pageBytes is what the page cache keeps track of.
	pageBytes = 4096
)

// inode is a file or a directory, whatever its names are. The root is 1.
type inode int

type recordKind int

const (
	recordWrite recordKind = iota
	recordSync
	recordSyncFailed
	recordNames
	recordMark
)

// record is one entry of the journal.
type record struct {
	kind   recordKind
	node   inode // of a write or a sync
	offset int64
	data   []byte
	names  []nameChange // of a recordNames: take effect together
	mark   any
	what   string // for people
}

// nameChange makes a name of a directory point to a node; 0 removes it.
type nameChange struct {
	dir    inode
	name   string
	target inode
}

// disk is what is durable at one place in the journal, and what is not yet.
type disk struct {
	files map[inode]*diskFile
	dirs  map[inode]*diskDir
}

type diskFile struct {
	durable []byte
	pending []pendingWrite
}

// pendingWrite is a write, or the part of one within a page.
type pendingWrite struct {
	offset int64
	data   []byte
	// stray: a sync of it failed. The page looks clean, so only another write to the
	// page lets a later sync write it.
	stray bool
}

type diskDir struct {
	durable map[string]inode
	pending []*pendingNames
}

// pendingNames are changes of names that reach the disk together.
type pendingNames struct {
	changes []nameChange
}

func (d *disk) file(n inode) *diskFile {
	f := d.files[n]
	if f == nil {
		f = &diskFile{}
		d.files[n] = f
	}
	return f
}

func (d *disk) dir(n inode) *diskDir {
	dir := d.dirs[n]
	if dir == nil {
		dir = &diskDir{durable: map[string]inode{}}
		d.dirs[n] = dir
	}
	return dir
}

// apply moves the disk over one record.
func (d *disk) apply(r *record) {
	switch r.kind {
	case recordWrite:
		d.file(r.node).write(r.offset, r.data)
	case recordSync:
		if dir, ok := d.dirs[r.node]; ok {
			d.syncDir(dir)
		} else {
			d.file(r.node).sync()
		}
	case recordSyncFailed:
		if f, ok := d.files[r.node]; ok {
			for i := range f.pending {
				f.pending[i].stray = true
			}
		}
	case recordNames:
		group := &pendingNames{changes: r.names}
		for i, c := range r.names {
			if i == 0 || c.dir != r.names[0].dir {
				dir := d.dir(c.dir)
				dir.pending = append(dir.pending, group)
			}
		}
	case recordMark:
	}
}

func (f *diskFile) write(offset int64, data []byte) {
	for len(data) > 0 {
		n := min(int64(len(data)), pageBytes-offset%pageBytes)
		for i := range f.pending {
			if f.pending[i].offset/pageBytes == offset/pageBytes {
				f.pending[i].stray = false
			}
		}
		f.pending = append(f.pending, pendingWrite{offset: offset, data: data[:n]})
		offset, data = offset+n, data[n:]
	}
}

func (f *diskFile) sync() {
	f.durable = slices.Clone(f.durable)
	f.pending = slices.DeleteFunc(slices.Clone(f.pending), func(w pendingWrite) bool {
		if !w.stray {
			f.durable = overwrite(f.durable, w.offset, w.data)
		}
		return !w.stray
	})
}

// syncDir makes names durable. A change across two directories is durable in both
// once one of them is synced: it is one transaction of the file system.
func (d *disk) syncDir(dir *diskDir) {
	for _, group := range slices.Clone(dir.pending) {
		for _, c := range group.changes {
			target := d.dir(c.dir)
			setName(target.durable, c)
			target.pending = slices.DeleteFunc(target.pending, func(g *pendingNames) bool { return g == group })
		}
	}
}

func setName(names map[string]inode, c nameChange) {
	if c.target == 0 {
		delete(names, c.name)
	} else {
		names[c.name] = c.target
	}
}

// overwrite puts data at offset, with zeros in a gap before it.
func overwrite(b []byte, offset int64, data []byte) []byte {
	if grow := offset + int64(len(data)) - int64(len(b)); grow > 0 {
		b = append(b, make([]byte, grow)...)
	}
	copy(b[offset:], data)
	return b
}

// settled says that a cut here leaves one state only.
func (d *disk) settled() bool {
	for _, f := range d.files {
		if len(f.pending) > 0 {
			return false
		}
	}
	for _, dir := range d.dirs {
		if len(dir.pending) > 0 {
			return false
		}
	}
	return true
}

func (d *disk) clone() *disk {
	c := &disk{files: make(map[inode]*diskFile, len(d.files)), dirs: make(map[inode]*diskDir, len(d.dirs))}
	for n, f := range d.files {
		// What is durable is replaced, never changed in place, but for overwrite in sync,
		// which works on a copy.
		c.files[n] = &diskFile{durable: f.durable, pending: slices.Clone(f.pending)}
	}
	for n, dir := range d.dirs {
		c.dirs[n] = &diskDir{durable: maps.Clone(dir.durable), pending: slices.Clone(dir.pending)}
	}
	return c
}

func (r *record) String() string {
	switch r.kind {
	case recordWrite:
		return fmt.Sprintf("write %s [%d,%d)", r.what, r.offset, r.offset+int64(len(r.data)))
	case recordSync:
		return "sync " + r.what
	case recordSyncFailed:
		return "failed sync " + r.what
	case recordMark:
		return fmt.Sprintf("mark %v", r.mark)
	default:
		return r.what
	}
}
