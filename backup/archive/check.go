package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/store"
	"redoubt/segments"
)

// Identify reads the beginning of a piece: the name that its segment says it has, and its length.
func Identify(ctx context.Context, s store.Store, p *Piece) (name string, bytes int64, err error) {
	r, err := s.Get(ctx, p.Name)
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	return segments.Identify(r)
}

// Check reads all of a piece, by way of a file in dir that it takes away again, and verifies it. is is the piece that it is
// instead, by what it says itself, if it is whole and another one. Damage is an error of package segments.
func Check(ctx context.Context, s store.Store, p *Piece, dir string) (is string, read int64, err error) {
	r, err := s.Get(ctx, p.Name)
	if err != nil {
		return "", 0, err
	}
	defer r.Close()
	if dir, err = os.MkdirTemp(dir, "piece-"); err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "unnamed")
	if read, err = copyTo(ctx, path, r); err != nil {
		return "", read, fmt.Errorf("read %s from %s: %w", p.Name, s, err)
	}
	name, err := identifyFile(path)
	if err != nil {
		return "", read, err
	}
	named := filepath.Join(dir, name)
	if err := os.Rename(path, named); err != nil {
		return "", read, err
	}
	return checkSegment(named, p, read)
}

func checkSegment(path string, p *Piece, read int64) (is string, _ int64, err error) {
	reader, err := segments.Open(vfs.Default, path)
	if err != nil {
		return "", read, err
	}
	err = reader.Verify()
	info := reader.Info()
	if err := errors.Join(err, reader.Close()); err != nil {
		return "", read, err
	}
	if own := pieceOf(&info, p.Sealed); own.Name != p.Name {
		is = own.Name
	}
	return is, read, nil
}

func copyTo(ctx context.Context, path string, r io.Reader) (n int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(f, reading{ctx, r})
	return n, errors.Join(err, f.Close())
}

func identifyFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	name, _, err := segments.Identify(f)
	return name, errors.Join(err, f.Close())
}

// reading ends with its context.
type reading struct {
	ctx context.Context
	r   io.Reader
}

func (r reading) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// Parse reads the name of an object; false if it is not one of a piece.
func Parse(name string) (Piece, bool) { return parsePiece(store.Object{Name: name}) }

// IsFirst tells whether a piece says that nothing is before it.
func (p *Piece) IsFirst() bool { return p.Before == "0000000000000000" }
