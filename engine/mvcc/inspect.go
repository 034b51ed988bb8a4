package mvcc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable/colblk"
	"github.com/cockroachdb/pebble/v2/tool"
)

// IsStoreFile tells by its name whether a file may be one of a state store.
func IsStoreFile(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasPrefix(name, "MANIFEST-") ||
		strings.HasPrefix(name, "OPTIONS-") || strings.HasPrefix(name, "marker.")
}

// Inspect prints what is in a file of a state store: the keys of a table with their checks, the edits of a manifest,
// the text of anything else. It never writes. An error says that the file is damaged.
func Inspect(path string, w io.Writer) error {
	name := filepath.Base(path)
	switch {
	case strings.HasSuffix(name, ".sst"):
		return errors.Join(
			inspectWith(w, "sstable", "properties", path),
			inspectWith(w, "sstable", "check", path),
			inspectWith(w, "sstable", "scan", "--value=size", path),
		)
	case strings.HasPrefix(name, "MANIFEST-"):
		return inspectWith(w, "manifest", "dump", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// inspectWith runs one of Pebble's own tools for its files. They print damage among the rest.
func inspectWith(w io.Writer, command string, args ...string) error {
	schema := colblk.DefaultKeySchema(comparer(), keySchemaBundle)
	t := tool.New(
		tool.DefaultComparer(comparer()), tool.Filters(bloom.FilterPolicy(10)), tool.Mergers(pebble.DefaultMerger),
		tool.KeySchema(schema.Name), tool.KeySchemas(&schema),
	)
	for _, c := range t.Commands {
		if c.Name() != command {
			continue
		}
		var out, damage bytes.Buffer
		c.SetArgs(args)
		c.SetOut(io.MultiWriter(w, &out))
		c.SetErr(&damage)
		if err := c.Execute(); err != nil {
			return fmt.Errorf("inspect %s: %w", args[len(args)-1], err)
		}
		if text := strings.TrimSpace(damage.String()); text != "" {
			return fmt.Errorf("inspect %s: %s", args[len(args)-1], text)
		}
		for _, sign := range []string{"corrupt", "checksum mismatch", "invalid table"} {
			if bytes.Contains(out.Bytes(), []byte(sign)) {
				return fmt.Errorf("inspect %s: the file is damaged (%s)", args[len(args)-1], sign)
			}
		}
		return nil
	}
	return fmt.Errorf("inspect: no tool for %s", command)
}

// keySchemaBundle is how many keys Pebble bundles in its default schema of key columns, which the store uses.
const keySchemaBundle = 16

// Each calls yield with all that is in the store, in order; the bytes are valid until it returns.
func (s *Store) Each(yield func(key, value []byte) error) error {
	iter, err := s.db.NewIter(nil)
	if err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	defer iter.Close()
	for ok := iter.First(); ok; ok = iter.Next() {
		value, err := iter.ValueAndErr()
		if err == nil {
			err = yield(iter.Key(), value)
		}
		if err != nil {
			return err
		}
	}
	return iter.Error()
}
