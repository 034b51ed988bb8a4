package mvcc

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// Versions looks at single keys through time: which keys there ever were, what a lineage sees of one, and its versions
// oldest first, at the cost of a seek each. It sees what was committed when it was made. Copies that folding made are no
// versions. It belongs to one goroutine.
type Versions struct {
	iter    *pebble.Iterator
	prefix  []byte // of the key whose versions Next walks over
	started bool
	seek    []byte // scratch
	version Version
	err     error // of the walk

	found  []byte    // the prefix of the key that Key or NextKey found last
	beyond bool      // the iterator stands right behind that key's versions
	recent []Version // of Recent
	values []byte    // of those
}

// NewVersions makes a Versions. Close it.
func (s *Store) NewVersions() (*Versions, error) {
	iter, err := s.db.NewIter(nil)
	if err != nil {
		return nil, fmt.Errorf("read from state store: %w", err)
	}
	return &Versions{iter: iter}, nil
}

// Key finds the first key of a space in [low, high), deleted or not, whatever its versions; nil high is the end of the
// space. The key is valid until the next call. What follows a key k is found from k with a zero byte behind it.
func (v *Versions) Key(space scn.Space, low, high []byte) (key []byte, found bool, err error) {
	lower, upper := bounds(space, low, high)
	return v.stand(v.iter.SeekGE(lower), upper)
}

// NextKey finds the key after the one that was found last, in the same space. After Recent it is there already.
func (v *Versions) NextKey(space scn.Space, high []byte) (key []byte, found bool, err error) {
	_, upper := bounds(space, nil, high)
	if v.beyond {
		return v.stand(v.iter.Valid(), upper)
	}
	v.seek = append(append(v.seek[:0], v.found...), prefixEnd)
	return v.stand(v.iter.SeekGE(v.seek), upper)
}

// stand takes the key at which the iterator stands.
func (v *Versions) stand(valid bool, upper []byte) (key []byte, found bool, err error) {
	v.beyond = false
	if !valid || compareKeys(v.iter.Key(), upper) >= 0 {
		return nil, false, v.fault()
	}
	v.found = append(v.found[:0], prefixOf(v.iter.Key())...)
	return keyOf(v.found), true, nil
}

// recentMax and recentBytesMax bound what Recent gives.
const (
	recentMax      = 16
	recentBytesMax = 1 << 20
)

// Recent gives the versions of the key that was just found, oldest first, from the newest at or below an SCN on. all is false
// if they are many; then it gives none. They are valid until the next call.
func (v *Versions) Recent(bottom scn.SCN) (versions []Version, all bool, err error) {
	v.recent, v.values = v.recent[:0], v.values[:0]
	same := true
	for same {
		version, err := v.keep()
		if err != nil {
			return nil, false, err
		}
		if !version.Copied {
			v.recent = append(v.recent, version)
		}
		if same = v.iter.Next() && bytes.Equal(prefixOf(v.iter.Key()), v.found); !same {
			v.beyond = true
		}
		if version.SCN <= bottom && !version.Copied {
			break // what is older is not seen
		}
		if same && (len(v.recent) == recentMax || len(v.values) > recentBytesMax) {
			return nil, false, nil
		}
	}
	slices.Reverse(v.recent)
	return v.recent, true, v.fault()
}

// keep copies the version at which the iterator stands.
func (v *Versions) keep() (Version, error) {
	value, err := v.iter.ValueAndErr()
	if err != nil {
		return Version{}, fmt.Errorf("read from state store: %w", err)
	}
	start := len(v.values)
	v.values = append(v.values, value...)
	return decodeVersion(versionOf(v.iter.Key()), v.values[start:])
}

// At is the version of a key that a lineage sees. A deletion counts as found. The value is copied behind dst.
func (v *Versions) At(lineage scn.Lineage, key, dst []byte) (Version, bool, error) {
	found, ok, err := get(v.iter, lineage, key, dst)
	if err != nil {
		return Version{}, false, fmt.Errorf("read from state store: %w", err)
	}
	return found, ok, nil
}

// After begins a walk over the versions of a key that were written after an SCN. The other methods end it.
func (v *Versions) After(space scn.Space, key []byte, bottom scn.SCN) {
	v.prefix = appendDataPrefix(v.prefix[:0], space, key)
	v.seek = appendVersion(append(v.seek[:0], v.prefix...), bottom)
	v.started, v.err = false, nil
}

// Next moves to the next version of the walk.
func (v *Versions) Next() bool {
	for v.err == nil && v.step() {
		value, err := v.iter.ValueAndErr()
		if err == nil {
			v.version, err = decodeVersion(versionOf(v.iter.Key()), value)
		}
		if err != nil {
			v.err = fmt.Errorf("read from state store: %w", err)
			return false
		}
		if !v.version.Copied {
			return true
		}
	}
	return false
}

func (v *Versions) step() bool {
	var ok bool
	if v.started {
		ok = v.iter.Prev()
	} else {
		v.started, ok = true, v.iter.SeekLT(v.seek)
	}
	return ok && bytes.Equal(prefixOf(v.iter.Key()), v.prefix)
}

// Version is the version that Next moved to, valid until the next call.
func (v *Versions) Version() Version { return v.version }

// Err tells what ended the walk, if it was not its end.
func (v *Versions) Err() error {
	if v.err != nil {
		return v.err
	}
	return v.fault()
}

func (v *Versions) fault() error {
	if err := v.iter.Error(); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}

// Close ends the use of the Versions.
func (v *Versions) Close() error {
	if err := v.iter.Close(); err != nil {
		return fmt.Errorf("read from state store: %w", err)
	}
	return nil
}
