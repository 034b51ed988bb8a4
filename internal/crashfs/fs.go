package crashfs

import (
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FS is a file system in memory with a journal.
type FS struct {
	mu      sync.Mutex
	nodes   map[inode]*node
	last    inode
	base    *disk // what the journal starts from
	journal []record
	locked  map[string]bool
	inject  func(Op) error
	lose    func(path string) bool
	failed  uint64 // counts injected failures, to vary what a failed write leaves
}

var _ vfs.FS = (*FS)(nil)

// node is a file or directory as the running program sees it.
type node struct {
	id       inode
	children map[string]inode // nil for a file
	data     []byte
	// shared: data is also that of a disk, and is copied before it is changed.
	shared bool
}

const rootInode inode = 1

// New returns an empty file system.
func New() *FS {
	return newFS(&disk{
		files: map[inode]*diskFile{},
		dirs:  map[inode]*diskDir{rootInode: {durable: map[string]inode{}}},
	})
}

// newFS returns a file system of what is durable in d, and takes d over.
func newFS(d *disk) *FS {
	fs := &FS{nodes: map[inode]*node{}, base: d, locked: map[string]bool{}}
	fs.adopt(rootInode)
	for id := range d.files {
		if fs.nodes[id] == nil {
			delete(d.files, id)
		}
	}
	for id := range d.dirs {
		if fs.nodes[id] == nil {
			delete(d.dirs, id)
		}
	}
	return fs
}

func (fs *FS) adopt(id inode) {
	fs.last = max(fs.last, id)
	dir, ok := fs.base.dirs[id]
	if !ok {
		fs.nodes[id] = &node{id: id, data: fs.base.file(id).durable, shared: true}
		return
	}
	n := &node{id: id, children: map[string]inode{}}
	fs.nodes[id] = n
	for name, child := range dir.durable {
		n.children[name] = child
		if fs.nodes[child] == nil {
			fs.adopt(child)
		}
	}
}

// Mark puts a value into the journal. A state that is cut after it has it in Marks.
func (fs *FS) Mark(v any) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.journal = append(fs.journal, record{kind: recordMark, mark: v})
}

// Records returns the length of the journal: one less than the number of cuts.
func (fs *FS) Records() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return len(fs.journal)
}

// Journal returns the journal as text, one record an element.
func (fs *FS) Journal() []string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	lines := make([]string, len(fs.journal))
	for i := range fs.journal {
		lines[i] = fs.journal[i].String()
	}
	return lines
}

// Clone returns a copy of the file system as the program sees it, all of it durable,
// with an empty journal.
func (fs *FS) Clone() *FS {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d := fs.base.clone()
	for i := range fs.journal {
		d.apply(&fs.journal[i])
	}
	for _, f := range d.files {
		for i := range f.pending {
			f.pending[i].stray = false
		}
		f.sync()
	}
	for _, n := range sortedKeys(d.dirs) {
		d.syncDir(d.dirs[n])
	}
	return newFS(d)
}

// LoseSyncs makes Sync and SyncData of the paths for which match is true return nil
// and do nothing, as if the code had forgotten them. nil stops it.
func (fs *FS) LoseSyncs(match func(path string) bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.lose = match
}

// find walks to name. The node is nil if the last element is missing.
func (fs *FS) find(op, name string) (parent *node, base string, n *node, err error) {
	parts := slices.DeleteFunc(strings.Split(path.Clean("/"+name), "/"), func(s string) bool { return s == "" })
	n = fs.nodes[rootInode]
	for i, part := range parts {
		if n == nil {
			return nil, "", nil, &os.PathError{Op: op, Path: name, Err: iofs.ErrNotExist}
		}
		if n.children == nil {
			return nil, "", nil, &os.PathError{Op: op, Path: name, Err: syscall.ENOTDIR}
		}
		parent, base = n, parts[i]
		n = fs.nodes[n.children[part]]
	}
	return parent, base, n, nil
}

// mustFind is find for a name that has to be there.
func (fs *FS) mustFind(op, name string) (parent *node, base string, n *node, err error) {
	parent, base, n, err = fs.find(op, name)
	if err == nil && n == nil {
		err = &os.PathError{Op: op, Path: name, Err: iofs.ErrNotExist}
	}
	return parent, base, n, err
}

// change applies changes of names and writes them down.
func (fs *FS) change(what string, changes ...nameChange) {
	for _, c := range changes {
		setName(fs.nodes[c.dir].children, c)
	}
	fs.journal = append(fs.journal, record{kind: recordNames, names: changes, what: what})
}

func (fs *FS) newNode(dir bool) *node {
	fs.last++
	n := &node{id: fs.last}
	if dir {
		n.children = map[string]inode{}
		// A directory is known to every disk from the start; only its name can be lost.
		fs.base.dirs[n.id] = &diskDir{durable: map[string]inode{}}
	}
	fs.nodes[n.id] = n
	return n
}

// Create implements vfs.FS.
func (fs *FS) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpCreate, Path: name}); err != nil {
		return nil, err
	}
	return fs.create(name)
}

func (fs *FS) create(name string) (vfs.File, error) {
	parent, base, old, err := fs.find("create", name)
	if err != nil {
		return nil, err
	}
	if old != nil && old.children != nil {
		return nil, &os.PathError{Op: "create", Path: name, Err: syscall.EISDIR}
	}
	n := fs.newNode(false)
	fs.change("create "+name, nameChange{parent.id, base, n.id})
	return &file{fs: fs, node: n, path: name, read: true, write: true}, nil
}

// Link implements vfs.FS.
func (fs *FS) Link(oldname, newname string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpLink, Path: oldname}); err != nil {
		return err
	}
	_, _, n, err := fs.mustFind("link", oldname)
	if err != nil {
		return err
	}
	parent, base, there, err := fs.find("link", newname)
	if err != nil {
		return err
	}
	if there != nil {
		return &os.LinkError{Op: "link", Old: oldname, New: newname, Err: iofs.ErrExist}
	}
	fs.change("link "+oldname+" "+newname, nameChange{parent.id, base, n.id})
	return nil
}

// Open implements vfs.FS.
func (fs *FS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	fs.mu.Lock()
	if err := fs.fault(Op{Kind: OpOpen, Path: name}); err != nil {
		fs.mu.Unlock()
		return nil, err
	}
	_, _, n, err := fs.mustFind("open", name)
	fs.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f := &file{fs: fs, node: n, path: name, read: true}
	for _, opt := range opts {
		opt.Apply(f)
	}
	return f, nil
}

// OpenReadWrite implements vfs.FS.
func (fs *FS) OpenReadWrite(name string, _ vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpOpen, Path: name}); err != nil {
		return nil, err
	}
	_, _, n, err := fs.find("open", name)
	if err != nil {
		return nil, err
	}
	if n == nil {
		return fs.create(name)
	}
	return &file{fs: fs, node: n, path: name, read: true, write: true}, nil
}

// OpenDir implements vfs.FS.
func (fs *FS) OpenDir(name string) (vfs.File, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpOpen, Path: name}); err != nil {
		return nil, err
	}
	_, _, n, err := fs.mustFind("open", name)
	if err != nil {
		return nil, err
	}
	return &file{fs: fs, node: n, path: name}, nil
}

// Remove implements vfs.FS.
func (fs *FS) Remove(name string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpRemove, Path: name}); err != nil {
		return err
	}
	parent, base, n, err := fs.mustFind("remove", name)
	if err != nil {
		return err
	}
	if len(n.children) > 0 {
		return &os.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
	}
	fs.change("remove "+name, nameChange{parent.id, base, 0})
	return nil
}

// RemoveAll implements vfs.FS.
func (fs *FS) RemoveAll(name string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpRemove, Path: name}); err != nil {
		return err
	}
	parent, base, n, err := fs.find("remove", name)
	if err != nil || n == nil || parent == nil {
		return nil
	}
	fs.removeTree(n, name)
	fs.change("remove "+name, nameChange{parent.id, base, 0})
	return nil
}

func (fs *FS) removeTree(n *node, name string) {
	children := make([]string, 0, len(n.children))
	for child := range n.children {
		children = append(children, child)
	}
	slices.Sort(children)
	for _, child := range children {
		full := path.Join(name, child)
		fs.removeTree(fs.nodes[n.children[child]], full)
		fs.change("remove "+full, nameChange{n.id, child, 0})
	}
}

// Rename implements vfs.FS.
func (fs *FS) Rename(oldname, newname string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpRename, Path: oldname}); err != nil {
		return err
	}
	return fs.rename(oldname, newname)
}

func (fs *FS) rename(oldname, newname string) error {
	from, oldBase, n, err := fs.mustFind("rename", oldname)
	if err != nil {
		return err
	}
	to, newBase, there, err := fs.find("rename", newname)
	if err != nil {
		return err
	}
	if there == n {
		return nil
	}
	fs.change("rename "+oldname+" "+newname, nameChange{from.id, oldBase, 0}, nameChange{to.id, newBase, n.id})
	return nil
}

// ReuseForWrite implements vfs.FS.
func (fs *FS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := fs.Rename(oldname, newname); err != nil {
		return nil, err
	}
	return fs.OpenReadWrite(newname, category)
}

// MkdirAll implements vfs.FS.
func (fs *FS) MkdirAll(dir string, _ os.FileMode) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpMkdir, Path: dir}); err != nil {
		return err
	}
	prefix := "/"
	for _, part := range strings.Split(path.Clean("/"+dir), "/") {
		if part == "" {
			continue
		}
		prefix = path.Join(prefix, part)
		parent, base, n, err := fs.find("mkdir", prefix)
		if err != nil {
			return err
		}
		if n == nil {
			fs.change("mkdir "+prefix, nameChange{parent.id, base, fs.newNode(true).id})
		} else if n.children == nil {
			return &os.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
	}
	return nil
}

// Lock implements vfs.FS. A lock does not outlive a crash.
func (fs *FS) Lock(name string) (io.Closer, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpLock, Path: name}); err != nil {
		return nil, err
	}
	if fs.locked[name] {
		return nil, &os.PathError{Op: "lock", Path: name, Err: syscall.EAGAIN}
	}
	_, _, n, err := fs.find("lock", name)
	if err == nil && n == nil {
		_, err = fs.create(name)
	}
	if err != nil {
		return nil, err
	}
	fs.locked[name] = true
	return &fileLock{fs: fs, name: name}, nil
}

type fileLock struct {
	fs   *FS
	name string
}

// Close lets the lock go.
func (l *fileLock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locked, l.name)
	return nil
}

// List implements vfs.FS. Names are sorted, so that runs repeat.
func (fs *FS) List(dir string) ([]string, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpList, Path: dir}); err != nil {
		return nil, err
	}
	_, _, n, err := fs.mustFind("list", dir)
	if err != nil {
		return nil, err
	}
	if n.children == nil {
		return nil, &os.PathError{Op: "list", Path: dir, Err: syscall.ENOTDIR}
	}
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Stat implements vfs.FS.
func (fs *FS) Stat(name string) (vfs.FileInfo, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err := fs.fault(Op{Kind: OpStat, Path: name}); err != nil {
		return nil, err
	}
	_, _, n, err := fs.mustFind("stat", name)
	if err != nil {
		return nil, err
	}
	return n.info(name), nil
}

// PathBase implements vfs.FS.
func (fs *FS) PathBase(p string) string { return path.Base(p) }

// PathJoin implements vfs.FS.
func (fs *FS) PathJoin(elem ...string) string { return path.Join(elem...) }

// PathDir implements vfs.FS.
func (fs *FS) PathDir(p string) string { return path.Dir(p) }

// GetDiskUsage implements vfs.FS: there is none.
func (fs *FS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{}, vfs.ErrUnsupported
}

// Unwrap implements vfs.FS.
func (fs *FS) Unwrap() vfs.FS { return nil }

// String lists all files and their lengths.
func (fs *FS) String() string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var b strings.Builder
	fs.dump(&b, fs.nodes[rootInode], "/")
	return b.String()
}

func (fs *FS) dump(b *strings.Builder, n *node, name string) {
	if n.children == nil {
		fmt.Fprintf(b, "%8d  %s\n", len(n.data), name)
		return
	}
	names := make([]string, 0, len(n.children))
	for child := range n.children {
		names = append(names, child)
	}
	slices.Sort(names)
	for _, child := range names {
		fs.dump(b, fs.nodes[n.children[child]], path.Join(name, child))
	}
}
