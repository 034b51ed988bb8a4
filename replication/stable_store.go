package replication

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
)

// KV keeps a few small values. Set is atomic and durable on return; Get of an absent key fails with an error that
// says "not found". Used from one goroutine at a time.
type KV interface {
	Set(key, value []byte) error
	Get(key []byte) ([]byte, error)
	Close() error
}

// Raft's names for what it keeps.
const (
	raftCurrentTerm = "CurrentTerm"
	raftVoteTerm    = "LastVoteTerm"
	raftVoteCand    = "LastVoteCand"
)

// stableStore is raft's StableStore: current term, and the last vote as one atomic pair.
//
// Raft sets the vote's term and then its candidate. The term is only staged here; both become durable, and visible,
// with the candidate. A failed write ends the node, because raft would panic or go on with a term it does not hold.
type stableStore struct {
	kv     KV
	guard  *guard
	mu     sync.Mutex // guards what follows
	term   uint64
	voteAt uint64 // term of the durable vote
	vote   []byte // candidate of the durable vote
	staged uint64 // term of a vote whose candidate is still to come, 0 for none
	self   []byte // this node as a candidate; nil until know
	known  []byte // the same as it is kept: as it was when it last voted
	stood  uint64 // term of the durable vote if it is for this node, 0 if it is for another one
}

// openBolt opens the database in StableFile.
func openBolt(dir string) (KV, error) {
	path := filepath.Join(dir, StableFile)
	kv, err := raftboltdb.New(raftboltdb.Options{
		Path:        path,
		BoltOptions: &bbolt.Options{Timeout: stableOpenTimeout},
	})
	if errors.Is(err, bbolt.ErrTimeout) {
		return nil, fmt.Errorf("open %s: held by another process", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return kv, nil
}

// newStableStore loads term and vote from kv.
func newStableStore(kv KV, g *guard) (*stableStore, error) {
	s := &stableStore{kv: kv, guard: g}
	b, err := getValue(kv, stableTermKey)
	if err == nil && b != nil {
		s.term, err = decodeTerm(b)
	}
	if err != nil {
		return nil, fmt.Errorf("load term: %w", err)
	}
	b, err = getValue(kv, stableVoteKey)
	if err == nil && b != nil {
		s.voteAt, s.vote, err = decodeVote(b)
	}
	if err != nil {
		return nil, fmt.Errorf("load vote: %w", err)
	}
	return s, nil
}

// know tells the store which candidate this node is. A vote says so by an address, and this node's may have been another one when it voted:
// that one is kept.
func (s *stableStore) know(self []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := getValue(s.kv, stableSelfKey)
	if err == nil && b != nil {
		s.known, err = decodeSelf(b)
	}
	if err != nil {
		return fmt.Errorf("load own address: %w", err)
	}
	if s.self = self; s.known != nil && bytes.Equal(s.vote, s.known) {
		s.stood = s.voteAt
	}
	return nil
}

// own tells whether the vote of the current term was given, and to this node itself.
func (s *stableStore) own() (term uint64, own bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term, s.term > 0 && s.stood == s.term
}

func getValue(kv KV, key []byte) ([]byte, error) {
	b, err := kv.Get(key)
	if err != nil && err.Error() == raftboltdb.ErrKeyNotFound.Error() {
		return nil, nil
	}
	return b, err
}

// SetUint64 makes the current term durable, or stages the term of a vote.
func (s *stableStore) SetUint64(key []byte, v uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch string(key) {
	case raftVoteTerm:
		s.staged = v
		return nil
	case raftCurrentTerm:
		if v == s.term {
			return nil // raft stores the term it has just read when it starts
		}
		if err := s.write(stableTermKey, encodeTerm(v)); err != nil {
			return err
		}
		s.term = v
		return nil
	}
	return fmt.Errorf("stable store: unknown number %q", key)
}

// Set makes a vote durable, its candidate together with the staged term.
func (s *stableStore) Set(key, v []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case string(key) != raftVoteCand:
		return fmt.Errorf("stable store: unknown value %q", key)
	case s.staged == 0:
		return errors.New("stable store: a vote without its term")
	case len(v) > min(candidateBytesMax, math.MaxUint16):
		return fmt.Errorf("stable store: candidate of %d bytes", len(v))
	}
	term := s.staged
	s.staged = 0
	if s.self != nil && !bytes.Equal(s.known, s.self) { // first: in between, the vote before just does not count as its own
		if err := s.write(stableSelfKey, encodeSelf(s.self)); err != nil {
			return err
		}
		s.known = s.self
	}
	if err := s.write(stableVoteKey, encodeVote(term, v)); err != nil {
		return err
	}
	s.voteAt, s.vote, s.stood = term, append([]byte(nil), v...), 0
	if s.self != nil && bytes.Equal(v, s.self) {
		s.stood = term
	}
	return nil
}

// write stores a value. It does not return when that fails after raft has started.
func (s *stableStore) write(key, value []byte) error {
	err := s.kv.Set(key, value)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("store %s: %w", key, err)
	s.guard.fail(err)
	s.guard.halt()
	return err
}

// GetUint64 gives the current term or the term of the durable vote, 0 if there is none.
func (s *stableStore) GetUint64(key []byte) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch string(key) {
	case raftCurrentTerm:
		return s.term, nil
	case raftVoteTerm:
		return s.voteAt, nil
	}
	return 0, fmt.Errorf("stable store: unknown number %q", key)
}

// Get gives the candidate of the durable vote, empty if there is none.
func (s *stableStore) Get(key []byte) ([]byte, error) {
	if string(key) != raftVoteCand {
		return nil, fmt.Errorf("stable store: unknown value %q", key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]byte(nil), s.vote...), nil
}

var _ raft.StableStore = (*stableStore)(nil)
