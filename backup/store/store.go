package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// ErrNotFound is returned for an object that is not there.
var ErrNotFound = errors.New("there is no such object")

// ErrDamaged is matched by the errors of a Store that can tell that an object is not what was put.
var ErrDamaged = errors.New("the object is damaged")

// Such errors may match one of these as well: how it is damaged.
var (
	ErrTorn    = errors.New("the object ends too early, or too late")
	ErrSwapped = errors.New("the object is another one")
)

// Object is what List tells of one.
type Object struct {
	Name  string
	Bytes int64
}

// Store keeps objects. Names are parts of letters, digits, dots, dashes and underscores with slashes between.
//
// Implementations are safe for concurrent use. Two Puts of one name leave one of the two, whole.
type Store interface {
	// Put stores what r gives under a name. When it returns nil the object is durable. After an error it is not there, or is
	// what it was.
	Put(ctx context.Context, name string, r io.Reader) error
	// Get opens an object; ErrNotFound if there is none. The caller closes it.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List gives the objects whose names begin with a prefix, sorted by name.
	List(ctx context.Context, prefix string) ([]Object, error)
	// Delete takes an object away; one that is not there is no error.
	Delete(ctx context.Context, name string) error
	// String says where it is, without secrets.
	String() string
}

// Read reads a whole object of at most a size. ErrNotFound if there is none.
func Read(ctx context.Context, s Store, name string, bytesMax int64) (b []byte, err error) {
	r, err := s.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	b, err = io.ReadAll(io.LimitReader(ReaderOf(ctx, r), bytesMax+1))
	if err == nil && int64(len(b)) > bytesMax {
		err = fmt.Errorf("%s of %s: %w: it has more than %d bytes", name, s, ErrDamaged, bytesMax)
	}
	return b, err
}

// Open gives the Store of an address: file:///DIRECTORY or s3://BUCKET/PREFIX?endpoint=URL&region=REGION.
func Open(address string, o Options) (Store, error) {
	u, err := url.Parse(address)
	if err != nil && strings.HasPrefix(address, "s3:") {
		return nil, errors.New("the s3 address cannot be read: write s3://BUCKET/PREFIX?endpoint=URL&region=REGION") // it may have a secret
	}
	if err != nil {
		return nil, fmt.Errorf("repository %q: %w", address, err)
	}
	switch {
	case u.Scheme == "s3":
		return openS3(u, o)
	case u.Scheme == "file" && u.Host == "" && filepath.IsAbs(u.Path):
		return OpenDir(u.Path)
	case u.Scheme == "file":
		return nil, fmt.Errorf("repository %q: write file:/// and an absolute path", address)
	}
	return nil, fmt.Errorf("repository %q: this version knows file:///DIRECTORY and s3://BUCKET/PREFIX", address)
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$`)

func checkName(name string) error {
	if !validName.MatchString(name) || len(name) > 512 {
		return fmt.Errorf("%q cannot be the name of an object", name)
	}
	return nil
}
