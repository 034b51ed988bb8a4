package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/cespare/xxhash/v2"

	"redoubt/backup/store"
)

// blockBytes is how much of a file one checksum is of, so that damage can be told to be there.
const blockBytes = 4 << 20

// lockName is a file of the state's that has no content.
const lockName = "LOCK"

// sums computes what a File says of its content, as it is written to it.
type sums struct {
	size   int64 // of a block
	bytes  int64
	whole  hash.Hash
	block  *xxhash.Digest
	blocks []byte
}

func newSums(blockBytes int64) *sums {
	return &sums{size: blockBytes, whole: sha256.New(), block: xxhash.New()}
}

// Write implements io.Writer.
func (s *sums) Write(b []byte) (int, error) {
	n := len(b)
	s.whole.Write(b)
	for len(b) > 0 {
		part := b[:min(int64(len(b)), s.size-s.bytes%s.size)]
		s.block.Write(part)
		if s.bytes += int64(len(part)); s.bytes%s.size == 0 {
			s.endBlock()
		}
		b = b[len(part):]
	}
	return n, nil
}

func (s *sums) endBlock() {
	s.blocks = fmt.Appendf(s.blocks, "%016x", s.block.Sum64())
	s.block.Reset()
}

// file ends the content.
func (s *sums) file(name string) File {
	if s.bytes%s.size != 0 {
		s.endBlock()
	}
	return File{Name: name, Bytes: s.bytes, SHA256: hex.EncodeToString(s.whole.Sum(nil)), Blocks: string(s.blocks)}
}

// summarize reads a file.
func summarize(ctx context.Context, path string, blockBytes int64) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	s := newSums(blockBytes)
	_, err = io.Copy(s, store.ReaderOf(ctx, f))
	return s.file(filepath.Base(path)), err
}

// each does something with each item, so many at once, until the first error.
func each[T any](ctx context.Context, parallel int, items []T, do func(context.Context, *T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var working sync.WaitGroup
	slots := make(chan struct{}, max(parallel, 1))
	for i := range items {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		working.Go(func() {
			defer func() { <-slots }()
			if err := do(ctx, &items[i]); err != nil {
				cancel(err)
			}
		})
	}
	working.Wait()
	return context.Cause(ctx)
}
