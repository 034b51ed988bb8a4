package crashfs

import "errors"

// ErrInjected is the error that FailAt injects.
var ErrInjected = errors.New("crashfs: injected error")

// OpKind is a kind of operation.
type OpKind int

// The operations that can be made to fail.
const (
	OpCreate OpKind = iota
	OpOpen
	OpRemove
	OpRename
	OpLink
	OpMkdir
	OpList
	OpStat
	OpLock
	OpRead
	OpWrite
	OpSync
	OpSyncDir
	OpPreallocate
	OpClose
)

var opNames = [...]string{
	"create", "open", "remove", "rename", "link", "mkdir", "list", "stat", "lock",
	"read", "write", "sync", "sync directory", "preallocate", "close",
}

func (k OpKind) String() string { return opNames[k] }

// Changes says that the operation can change what is on disk.
func (k OpKind) Changes() bool {
	switch k {
	case OpOpen, OpList, OpStat, OpLock, OpRead, OpClose:
		return false
	default:
		return true
	}
}

// Op is an operation that is about to happen.
type Op struct {
	Kind   OpKind
	Path   string
	Offset int64
	Bytes  int
}

// Inject asks f before every operation; if it returns an error, the operation fails
// with it: a write may have written some of its sectors, what a sync should have
// written is no longer dirty and not on disk, a close closes, anything else does
// nothing. f is called with the FS locked and must not use it. nil stops it.
func (fs *FS) Inject(f func(Op) error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.inject = f
}

// FailAt makes the n-th operation from now on, counted from 0, fail with ErrInjected,
// and all after it as well if stay is true. The function it returns says which
// operation failed first; ok is false if none has.
func (fs *FS) FailAt(n int, stay bool) (fired func() (op Op, ok bool)) {
	var first Op
	hit := false
	fs.Inject(func(op Op) error {
		n--
		if n == -1 || stay && n < -1 {
			if !hit {
				first, hit = op, true
			}
			return ErrInjected
		}
		return nil
	})
	return func() (Op, bool) {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		return first, hit
	}
}

func (fs *FS) fault(op Op) error {
	if fs.inject == nil {
		return nil
	}
	return fs.inject(op)
}
