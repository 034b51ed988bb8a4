package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"redoubt/backup/store"
)

// wanted is a file that backups need.
type wanted struct {
	File
	blockBytes int64
	backups    []*Manifest
}

// verifyFiles verifies the files that manifests name: each once, however many backups need it.
func (v *verifying) verifyFiles(ctx context.Context) error {
	index := map[string]int{}
	var files []wanted
	for i := range v.result.Manifests {
		m := &v.result.Manifests[i]
		for _, f := range m.Files {
			at, ok := index[f.Object()]
			if !ok {
				at = len(files)
				index[f.Object()] = at
				files = append(files, wanted{File: f, blockBytes: m.BlockBytes})
			}
			if w := &files[at]; !slices.Contains(w.backups, m) {
				w.backups = append(w.backups, m)
			}
		}
	}
	bySum := map[string]*wanted{}
	for i := range files {
		bySum[files[i].SHA256] = &files[i]
	}
	return each(ctx, max(v.Parallel, 2), files, func(ctx context.Context, w *wanted) error {
		defer v.looked("files", len(files))
		d, err := v.verifyFile(ctx, w, bySum)
		if d != nil {
			v.damage(*d)
		}
		return err
	})
}

func (v *verifying) verifyFile(ctx context.Context, w *wanted, bySum map[string]*wanted) (*Damage, error) {
	d := &Damage{Object: w.Object(), Offset: -1, Block: -1, First: w.backups[0].SCN, Last: w.backups[0].SCN, Detail: "file " + w.Name}
	for _, m := range w.backups {
		d.First, d.Last, d.Backups = min(d.First, m.SCN), max(d.Last, m.SCN), append(d.Backups, m.ID)
	}
	size, there := v.objects[w.Object()]
	switch {
	case !there:
		d.Kind = Missing
		return d, nil
	case v.mustRead(w.Object()):
		return v.readFile(ctx, w, d, bySum)
	case size < w.Bytes:
		d.Kind, d.Offset, d.Block = Torn, size, size/w.blockBytes
		d.Detail += fmt.Sprintf(" has %d of %d bytes", size, w.Bytes)
		return d, nil
	case size > w.Bytes:
		d.Kind, d.Offset = BadData, w.Bytes
		d.Detail += fmt.Sprintf(" has %d bytes, not %d", size, w.Bytes)
		return d, nil
	}
	return nil, nil
}

// readFile reads a file and says what is wrong with it.
func (v *verifying) readFile(ctx context.Context, w *wanted, d *Damage, bySum map[string]*wanted) (*Damage, error) {
	r, err := v.Store.Get(ctx, w.Object())
	if err != nil {
		if d.Kind = unreadable(err); errors.Is(err, store.ErrNotFound) {
			d.Kind = Missing
		}
		d.Detail += ": " + err.Error()
		return d, ctx.Err()
	}
	defer r.Close()
	s := newSums(w.blockBytes)
	_, err = io.Copy(s, store.ReaderOf(ctx, r))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	got := s.file(w.Name)
	v.wasRead(w.Object(), got.Bytes, err == nil && got == w.File)
	if err != nil {
		d.Kind, d.Offset, d.Block = unreadable(err), got.Bytes, got.Bytes/w.blockBytes
		d.Detail += ": " + err.Error()
		return d, nil
	}
	if got == w.File {
		return nil, nil
	}
	w.compare(&got, d, bySum[got.SHA256])
	return d, nil
}

// compare says how a file differs from what it should be. other is the one that has its content, if that is known.
func (w *wanted) compare(got *File, d *Damage, other *wanted) {
	w.firstDamaged(got, d)
	if got.Bytes == 0 {
		other = nil // nothing is not the content of another one
	}
	switch {
	case other != nil && other.Name == w.Name && other.backups[0].SCN < w.backups[0].SCN:
		d.Kind, d.Detail = OlderCopy, fmt.Sprintf("file %s is that of backup %s", w.Name, other.backups[0].ID)
	case other != nil:
		d.Kind, d.Detail = OtherContent, fmt.Sprintf("file %s has the content of file %s of backup %s", w.Name, other.Name, other.backups[0].ID)
	case got.Bytes < w.Bytes && d.Offset >= got.Bytes/w.blockBytes*w.blockBytes:
		d.Kind, d.Offset, d.Block, d.Blocks = Torn, got.Bytes, got.Bytes/w.blockBytes, 1
		d.Detail += fmt.Sprintf(" has %d of %d bytes", got.Bytes, w.Bytes)
	case got.Bytes > w.Bytes:
		d.Kind = BadData
		d.Detail += fmt.Sprintf(" has %d bytes, not %d", got.Bytes, w.Bytes)
	default:
		d.Kind = Mismatch
	}
}

// firstDamaged finds the blocks that differ.
func (w *wanted) firstDamaged(got *File, d *Damage) {
	for at := 0; at < len(w.Blocks); at += 16 {
		if at+16 <= len(got.Blocks) && got.Blocks[at:at+16] == w.Blocks[at:at+16] {
			continue
		}
		if d.Blocks++; d.Blocks == 1 {
			d.Block, d.Offset = int64(at/16), int64(at/16)*w.blockBytes
		}
	}
	if d.Blocks == 0 {
		d.Offset = min(got.Bytes, w.Bytes)
		d.Block = d.Offset / w.blockBytes
	}
}
