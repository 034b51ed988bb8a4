package mvcc

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/scn"
)

// Options say where and how to keep the state.
type Options struct {
	FS            vfs.FS
	Dir           string
	CacheBytes    int64         // block cache; default 256 MiB
	RowCacheBytes int64         // cache of newest versions, see rowcache.go; default none
	MemtableBytes uint64        // size at which recent changes are flushed; default 32 MiB
	Logger        pebble.Logger // its Fatalf must not return; default Pebble's, which ends the process
	// ReadOnly opens a store that nobody changes, a checkpoint, and leaves every byte of it as it is.
	ReadOnly bool
	// Scratch: the store is thrown away soon, so that nothing is merged in the background.
	Scratch bool
	// Replaying: the store takes in long stretches of a log, and little is read meanwhile: memtables are large, and more files wait before
	// they are merged.
	Replaying bool
	// OnStall is told when writers have to wait for flushes or compactions, and when they no longer do. It must not block.
	OnStall func(stalled bool)
	// OnError is told when a flush or compaction fails. The store would try again for ever while commits pile up, so
	// the owner should stop. It must not block. Default: only Logger is told.
	OnError func(error)
}

// Store is the state on disk. Open it once; it is safe for concurrent use.
type Store struct {
	db      *pebble.DB
	options *pebble.Options // by which files are made outside of it
	cache   *pebble.Cache
	getters getters
	pages   *rowCache // nil: none

	readOnly bool
}

// Open opens the store, making it if there is none.
func Open(o Options) (s *Store, err error) {
	if o.CacheBytes == 0 {
		o.CacheBytes = 256 << 20
	}
	if o.MemtableBytes == 0 {
		o.MemtableBytes = 32 << 20
	}
	cache := pebble.NewCache(o.CacheBytes)
	defer func() {
		// Pebble panics where a sync of its directory fails. Nothing of ours is in an inconsistent state by then.
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("open state store %s: %v", o.Dir, r)
		}
	}()
	options := o.pebbleOptions(cache)
	s = &Store{options: options, cache: cache, pages: newRowCache(o.RowCacheBytes), readOnly: o.ReadOnly}
	// Files that were merged are there for as long as an iterator sees them. Pebble holds its lock here.
	options.EventListener.CompactionEnd = func(pebble.CompactionInfo) { go s.Renew() }
	options.EnsureDefaults()
	if s.db, err = pebble.Open(o.Dir, options); err != nil {
		cache.Unref()
		return nil, fmt.Errorf("open state store %s: %w", o.Dir, err)
	}
	return s, nil
}

// replayingMemtable is the size of memtables while a log is replayed.
const replayingMemtable = 64 << 20

// fileBytes are the sizes of table files by level. Large ones have large filters, which are read whole, and are written anew
// whole, and sent to a repository whole, for the sake of a few changed rows.
var fileBytes = [7]int64{8 << 20, 8 << 20, 8 << 20, 16 << 20, 32 << 20, 32 << 20, 32 << 20}

// pebbleOptions: no log of its own; bloom filters over keys without version; snappy in small blocks where data is
// hot, zstd in blocks of 32 KB where it is cold, so that versions that differ little cost little.
func (o *Options) pebbleOptions(cache *pebble.Cache) *pebble.Options {
	p := &pebble.Options{
		FS:                          o.FS,
		ReadOnly:                    o.ReadOnly,
		Comparer:                    comparer(),
		Cache:                       cache,
		DisableWAL:                  true,
		DisableAutomaticCompactions: o.Scratch,
		FormatMajorVersion:          pebble.FormatColumnarBlocks,
		MemTableSize:                o.MemtableBytes,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               128 << 20,
		MaxOpenFiles:                4096,
		TargetFileSizes:             fileBytes,
		Logger:                      o.Logger,
		BlockPropertyCollectors: []func() pebble.BlockPropertyCollector{
			func() pebble.BlockPropertyCollector {
				return sstable.NewBlockIntervalCollector(scnProperty, scnMapper{}, nil)
			},
		},
	}
	if o.Scratch { // nobody would make fewer files of many, so they must not stop writers
		p.L0StopWritesThreshold = math.MaxInt
	}
	if o.Replaying {
		p.MemTableSize = max(p.MemTableSize, replayingMemtable)
		p.L0CompactionThreshold = 16
	}
	p.EventListener = &pebble.EventListener{}
	if o.OnError != nil {
		p.EventListener.BackgroundError = func(err error) {
			o.OnError(fmt.Errorf("state store %s cannot write: %w", o.Dir, err))
		}
	}
	if o.OnStall != nil {
		p.EventListener.WriteStallBegin = func(pebble.WriteStallBeginInfo) { o.OnStall(true) }
		p.EventListener.WriteStallEnd = func() { o.OnStall(false) }
	}
	for i := range p.Levels {
		level := &p.Levels[i]
		level.FilterPolicy = bloom.FilterPolicy(10)
		level.BlockSize, level.IndexBlockSize = 8<<10, 32<<10
		level.Compression = func() *sstable.CompressionProfile { return sstable.SnappyCompression }
		if i >= len(p.Levels)-2 {
			level.BlockSize = 32 << 10
			level.Compression = func() *sstable.CompressionProfile { return sstable.ZstdCompression }
		}
	}
	return p
}

// scnProperty is recorded for each block and file: the range of SCNs in it, so that a reader of "what changed
// since" skips all that did not.
const scnProperty = "redoubt.scn"

type scnMapper struct{}

func (scnMapper) MapPointKey(key pebble.InternalKey, _ []byte) (sstable.BlockInterval, error) {
	if split(key.UserKey) == len(key.UserKey) || key.UserKey[0] != namespaceData {
		return sstable.BlockInterval{}, nil
	}
	at := uint64(versionOf(key.UserKey))
	return sstable.BlockInterval{Lower: at, Upper: at + 1}, nil
}

func (scnMapper) MapRangeKeys(sstable.Span) (sstable.BlockInterval, error) {
	return sstable.BlockInterval{}, nil
}

// Flush makes everything committed so far durable.
func (s *Store) Flush() error {
	if err := s.db.Flush(); err != nil {
		return fmt.Errorf("flush state store: %w", err)
	}
	return nil
}

// Checkpoint makes a copy of the store in dir, which must not exist, by hard links where it can.
func (s *Store) Checkpoint(dir string) error {
	if err := s.db.Flush(); err != nil {
		return fmt.Errorf("flush before checkpoint: %w", err)
	}
	if err := s.db.Checkpoint(dir); err != nil {
		return fmt.Errorf("checkpoint into %s: %w", dir, err)
	}
	return nil
}

// Meta reads a named value of the store itself, nil if there is none.
func (s *Store) Meta(name string) ([]byte, error) {
	value, closer, err := s.db.Get(metaKey(name))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s from state store: %w", name, err)
	}
	defer closer.Close()
	return append([]byte{}, value...), nil
}

// MetaPrefix reads all named values whose names begin with prefix.
func (s *Store) MetaPrefix(prefix string) (map[string][]byte, error) {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: append([]byte{namespaceMeta}, prefix...), UpperBound: []byte{namespaceMeta + 1}})
	if err != nil {
		return nil, fmt.Errorf("read %s… from state store: %w", prefix, err)
	}
	defer iter.Close()
	out := map[string][]byte{}
	for ok := iter.First(); ok; ok = iter.Next() {
		name := string(iter.Key()[1 : len(iter.Key())-1])
		if !strings.HasPrefix(name, prefix) {
			break
		}
		out[name] = append([]byte{}, iter.Value()...)
	}
	return out, iter.Error()
}

// DurableMeta reads a named value as a crash right now would leave it.
func (s *Store) DurableMeta(name string) ([]byte, error) {
	iter, err := s.db.NewIter(&pebble.IterOptions{OnlyReadGuaranteedDurable: true})
	if err != nil {
		return nil, fmt.Errorf("read durable %s from state store: %w", name, err)
	}
	defer iter.Close()
	key := metaKey(name)
	if !iter.SeekGE(key) || compareKeys(iter.Key(), key) != 0 {
		return nil, iter.Error()
	}
	return append([]byte{}, iter.Value()...), nil
}

// Metrics gives the figures of the tree.
func (s *Store) Metrics() *pebble.Metrics { return s.db.Metrics() }

// Close flushes and closes. Iterators and Getters must be closed.
func (s *Store) Close() error {
	s.SetVisible(scn.Max) // closes those in the pool, and lets none in
	var err error
	if !s.readOnly {
		err = s.db.Flush()
	}
	err = errors.Join(err, s.db.Close())
	s.cache.Unref()
	if err != nil {
		return fmt.Errorf("close state store: %w", err)
	}
	return nil
}
