package segments

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"redoubt/scn"
)

const manifestName = "manifest"

// manifest is a decoded manifest.
type manifest struct {
	databaseID  [16]byte
	first, last scn.SCN
	incarnation scn.Incarnation
	prevHash    Hash
	lastHash    Hash
}

func (m *manifest) encode() []byte {
	b := make([]byte, manifestBytes)
	copy(b, manifestMagic)
	binary.LittleEndian.PutUint32(b[8:], formatVersion)
	copy(b[16:], m.databaseID[:])
	binary.LittleEndian.PutUint64(b[32:], uint64(m.first))
	binary.LittleEndian.PutUint64(b[40:], uint64(m.last))
	binary.LittleEndian.PutUint64(b[48:], uint64(m.incarnation))
	copy(b[72:], m.prevHash[:])
	copy(b[104:], m.lastHash[:])
	putChecksum(b)
	return b
}

func decodeManifest(b []byte) (manifest, error) {
	if err := checkPreamble(b, manifestMagic, manifestBytes); err != nil {
		return manifest{}, err
	}
	m := manifest{
		first:       scn.SCN(binary.LittleEndian.Uint64(b[32:])),
		last:        scn.SCN(binary.LittleEndian.Uint64(b[40:])),
		incarnation: scn.Incarnation(binary.LittleEndian.Uint64(b[48:])),
	}
	copy(m.databaseID[:], b[16:])
	copy(m.prevHash[:], b[72:])
	copy(m.lastHash[:], b[104:])
	if m.first > m.last+1 {
		return manifest{}, fmt.Errorf("%w: manifest fields out of bounds", ErrChecksum)
	}
	return m, nil
}

func (c *Catalog) readManifest() (known bool, err error) {
	path := c.path(manifestName)
	file, err := c.o.FS.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	b := make([]byte, manifestBytes)
	if err := readFull(file, b, 0); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, fmt.Errorf("read manifest: %w", err)
	}
	if c.manifest, err = decodeManifest(b); err != nil {
		return false, asCorruption(path, 0, 0, err)
	}
	if c.manifest.databaseID != c.o.DatabaseID {
		return false, fmt.Errorf("%s: %w: %x, not %x", path, ErrOtherDatabase, c.manifest.databaseID, c.o.DatabaseID)
	}
	return true, nil
}

// checkEnds compares the chain with the manifest. The chain may be longer: a crash may
// have come between Finish and Add.
func (c *Catalog) checkEnds() error {
	m := &c.manifest
	missing := func(s scn.SCN, format string, args ...any) error {
		return &CorruptionError{File: c.path(manifestName), SCN: s, Err: fmt.Errorf("%w: %s", ErrMissingFile, fmt.Sprintf(format, args...))}
	}
	if m.last == 0 || m.first > m.last {
		// Empty, or emptied: what is there must go on where the removed segments ended.
		if len(c.segments) > 0 && m.last > 0 && (c.segments[0].FirstSCN != m.first || c.segments[0].PrevHash != m.prevHash) {
			return missing(m.first, "the chain goes on with SCN %d, not %d", c.segments[0].FirstSCN, m.first)
		}
		return nil
	}
	if len(c.segments) == 0 {
		return missing(m.first, "all segments, SCN %d to %d", m.first, m.last)
	}
	first := &c.segments[0]
	if first.FirstSCN != m.first || first.PrevHash != m.prevHash {
		return missing(m.first, "the chain begins with SCN %d, not %d", first.FirstSCN, m.first)
	}
	i, ok := c.find(m.last)
	if !ok || c.segments[i].LastSCN != m.last {
		return missing(c.segments[len(c.segments)-1].LastSCN+1, "the chain does not come to SCN %d", m.last)
	}
	if c.segments[i].Hash != m.lastHash {
		return &CorruptionError{
			File: c.segments[i].Path, SCN: c.segments[i].FirstSCN,
			Err: fmt.Errorf("%w: hash %v, the manifest has %v", ErrBrokenChain, c.segments[i].Hash, m.lastHash),
		}
	}
	return nil
}

// manifestOf describes a chain that is not empty.
func (c *Catalog) manifestOf(chain []Info) manifest {
	first, last := &chain[0], &chain[len(chain)-1]
	return manifest{
		databaseID: c.o.DatabaseID, first: first.FirstSCN, last: last.LastSCN,
		incarnation: last.Incarnation, prevHash: first.PrevHash, lastHash: last.Hash,
	}
}

func (c *Catalog) writeManifest(m manifest) error {
	path, tmp := c.path(manifestName), c.path(manifestName+tmpSuffix)
	file, err := c.o.FS.Create(tmp, writeCategory)
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	_, err = file.Write(m.encode())
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = c.o.FS.Rename(tmp, path)
	}
	if err == nil {
		err = syncDir(c.o.FS, c.o.Dir)
	}
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	c.manifest = m
	return nil
}
