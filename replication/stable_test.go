package replication

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

func openStable(t *testing.T, kv KV) *stableStore {
	t.Helper()
	s, err := newStableStore(kv, newGuard())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stableStore) vote64(t *testing.T) (term uint64, candidate string) {
	t.Helper()
	term, err := s.GetUint64([]byte(raftVoteTerm))
	cand, err2 := s.Get([]byte(raftVoteCand))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return term, string(cand)
}

func castVote(t *testing.T, s *stableStore, term uint64, candidate string) {
	t.Helper()
	if err := s.SetUint64([]byte(raftVoteTerm), term); err != nil {
		t.Fatal(err)
	}
	if err := s.Set([]byte(raftVoteCand), []byte(candidate)); err != nil {
		t.Fatal(err)
	}
}

func TestStableStoreOnDisk(t *testing.T) {
	dir := t.TempDir()
	kv, err := openBolt(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := openStable(t, kv)
	if term, err := s.GetUint64([]byte(raftCurrentTerm)); term != 0 || err != nil {
		t.Errorf("a new store is in term %d: %v", term, err)
	}
	if err := s.SetUint64([]byte(raftCurrentTerm), 4); err != nil {
		t.Fatal(err)
	}
	castVote(t, s, 4, "n2")
	if _, err := openBolt(dir); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("opened twice: %v", err)
	}
	if err := kv.Close(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := InspectStable(&out, filepath.Join(dir, StableFile)); err != nil {
		t.Error(err)
	}
	if want := "term 4\nvote for \"n2\" in term 4\n"; out.String() != want {
		t.Errorf("inspect says %q, want %q", out.String(), want)
	}
	if err := InspectStable(&out, filepath.Join(dir, "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("inspect of no file: %v", err)
	}
	if kv, err = openBolt(dir); err != nil {
		t.Fatal(err)
	}
	defer kv.Close()
	s = openStable(t, kv)
	if term, cand := s.vote64(t); term != 4 || cand != "n2" || s.term != 4 {
		t.Errorf("after reopening: term %d, vote %d for %q", s.term, term, cand)
	}
}

// A crash between the two halves of a vote must leave the old vote whole: a new term with the old candidate would let
// raft repeat that vote in the new term without a look at the candidate's log.
func TestVoteIsOneWrite(t *testing.T) {
	kv := newMemKV()
	s := openStable(t, kv)
	castVote(t, s, 3, "n1")
	sets := kv.sets
	if err := s.SetUint64([]byte(raftVoteTerm), 5); err != nil {
		t.Fatal(err)
	}
	if term, cand := s.vote64(t); term != 3 || cand != "n1" {
		t.Errorf("half a vote shows: term %d for %q", term, cand)
	}
	crashed := openStable(t, kv)
	if term, cand := crashed.vote64(t); term != 3 || cand != "n1" || kv.sets != sets {
		t.Errorf("half a vote is stored: term %d for %q", term, cand)
	}
	if err := crashed.Set([]byte(raftVoteCand), []byte("n2")); err == nil {
		t.Error("a candidate without a term was stored")
	}
	if err := s.Set([]byte(raftVoteCand), []byte("n2")); err != nil {
		t.Fatal(err)
	}
	if term, cand := openStable(t, kv).vote64(t); term != 5 || cand != "n2" || kv.sets != sets+1 {
		t.Errorf("term %d for %q after %d writes", term, cand, kv.sets-sets)
	}
}

func TestFailedStableWriteChangesNothing(t *testing.T) {
	kv := newMemKV()
	s := openStable(t, kv)
	castVote(t, s, 3, "n1")
	kv.setFail(errDisk)
	if err := s.SetUint64([]byte(raftCurrentTerm), 9); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if err := s.SetUint64([]byte(raftVoteTerm), 9); err != nil {
		t.Error(err)
	}
	if err := s.Set([]byte(raftVoteCand), []byte("n2")); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if !errors.Is(s.guard.failure(), errDisk) {
		t.Error("the node does not learn of it")
	}
	if term, cand := s.vote64(t); term != 3 || cand != "n1" || s.term != 0 {
		t.Errorf("term %d, vote %d for %q", s.term, term, cand)
	}
}

func TestStableDamageIsRefused(t *testing.T) {
	for _, key := range []string{string(stableTermKey), string(stableVoteKey)} {
		kv := newMemKV()
		s := openStable(t, kv)
		if err := s.SetUint64([]byte(raftCurrentTerm), 4); err != nil {
			t.Fatal(err)
		}
		castVote(t, s, 4, "n2")
		good := kv.values[key]
		for i := range good {
			bad := append([]byte(nil), good...)
			bad[i] ^= 1 << (i % 8)
			for _, b := range [][]byte{bad, good[:i]} {
				kv.values[key] = b
				if _, err := newStableStore(kv, newGuard()); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), key) {
					t.Errorf("%s damaged at byte %d: %v", key, i, err)
				}
			}
		}
	}
}

func TestInspectStableOfAnotherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), StableFile)
	if err := os.WriteFile(path, make([]byte, 1<<16), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := InspectStable(&strings.Builder{}, path); !errors.Is(err, bbolt.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
