package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"redoubt/backup/store"
)

// DamageError names a file of a backup that is not what it was.
type DamageError struct {
	Backup, File, Object string
	Reason               string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("backup %s: file %s (%s) %s", e.Backup, e.File, e.Object, e.Reason)
}

// Fetch puts the files of a backup into a directory, which exists, and checks each. Those that are there already and whole are
// left alone, so that an interrupted one goes on. progress, if it is not nil, hears how many bytes are there.
func Fetch(ctx context.Context, s store.Store, m *Manifest, dir string, progress func(bytes int64)) error {
	var done int64
	for i := range m.Files {
		f := &m.Files[i]
		path := filepath.Join(dir, f.Name)
		if is, err := summarize(ctx, path, m.BlockBytes); err != nil || is != *f {
			if err := fetchOne(ctx, s, m, f, path); err != nil {
				return err
			}
		}
		if done += f.Bytes; progress != nil {
			progress(done)
		}
	}
	return nil
}

func fetchOne(ctx context.Context, s store.Store, m *Manifest, f *File, path string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	err = m.copy(ctx, s, f, out)
	return errors.Join(err, out.Sync(), out.Close())
}

// copy reads a file of the backup and checks it.
func (m *Manifest) copy(ctx context.Context, s store.Store, f *File, w io.Writer) error {
	damage := &DamageError{Backup: m.ID, File: f.Name, Object: f.Object()}
	r, err := s.Get(ctx, f.Object())
	if errors.Is(err, store.ErrNotFound) {
		damage.Reason = "is missing"
		return damage
	}
	if errors.Is(err, store.ErrDamaged) {
		damage.Reason = "cannot be read: " + err.Error()
		return damage
	}
	if err != nil {
		return err
	}
	defer r.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), store.ReaderOf(ctx, r))
	switch {
	case errors.Is(err, store.ErrDamaged):
		damage.Reason = "cannot be read: " + err.Error()
	case err != nil:
		return fmt.Errorf("read %s from %s: %w", f.Object(), s, err)
	case n != f.Bytes:
		damage.Reason = fmt.Sprintf("has %d bytes, not %d", n, f.Bytes)
	case hex.EncodeToString(h.Sum(nil)) != f.SHA256:
		damage.Reason = "has another checksum: it was changed or damaged"
	default:
		return nil
	}
	return damage
}
