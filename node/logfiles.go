package node

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/replication"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/sql"
	"redoubt/wal"
)

// LogPiece is a file that holds a part of the log.
type LogPiece struct {
	File                string // its name
	Kind                sql.LogKind
	FirstSCN, LastSCN   uint64 // 0: it holds no transaction
	FirstTime, LastTime time.Time
	Transactions        uint64
	Blocks              int   // of a segment
	Bytes               int64 // of the file
	RawBytes            int64 // of redo in it, before compression
	Hash                string
}

// LogPieces lists the files of a directory's log, in order of SCN, sealed ones first. No node may have it open.
func LogPieces(dir string) (list []LogPiece, err error) {
	identity, lock, err := lockToRead(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	sealed, err := readOnlySegments(dir, identity)
	if err != nil {
		return nil, err
	}
	defer sealed.Close()
	for _, s := range sealed.Segments() {
		list = append(list, LogPiece{
			File: filepath.Base(s.Path), Kind: sql.LogSegment, FirstSCN: uint64(s.FirstSCN), LastSCN: uint64(s.LastSCN),
			FirstTime: time.UnixMicro(s.FirstTimeMicros).UTC(), LastTime: time.UnixMicro(s.LastTimeMicros).UTC(),
			Transactions: s.Count, Blocks: s.Blocks, Bytes: s.Bytes, RawBytes: int64(s.RawBytes), Hash: s.Hash.String(),
		})
	}
	names, err := wal.Files(vfs.Default, filepath.Join(dir, logDir))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		piece, err := livePiece(filepath.Join(dir, logDir, name))
		if err != nil {
			return nil, err
		}
		list = append(list, piece)
	}
	gone, err := discarded(dir)
	return append(list, gone...), err
}

func readOnlySegments(dir string, identity *Identity) (*segments.Catalog, error) {
	id, err := identity.Database()
	if err != nil {
		return nil, err
	}
	return segments.OpenCatalog(segments.CatalogOptions{Dir: filepath.Join(dir, segmentsDir), DatabaseID: id, ReadOnly: true})
}

// livePiece reads a file of the live log.
func livePiece(path string) (LogPiece, error) {
	p := LogPiece{File: filepath.Base(path), Kind: sql.LogLive}
	info, err := vfs.Default.Stat(path)
	if err != nil {
		return p, err
	}
	p.Bytes = info.Size()
	err = wal.Inspect(vfs.Default, path, io.Discard, func(index uint64, payload []byte) string {
		p.RawBytes += int64(len(payload))
		if entry, err := replication.InspectEntry(index, payload); err == nil && entry.Group != nil {
			p.add(&entry)
		}
		return ""
	})
	return p, err
}

func (p *LogPiece) add(entry *replication.EntryInfo) {
	if p.FirstSCN == 0 {
		p.FirstSCN, p.FirstTime = uint64(entry.FirstSCN), entry.FirstTime
	}
	p.LastSCN, p.LastTime = uint64(entry.LastSCN), entry.LastTime
	p.Transactions += uint64(len(entry.Group.Txns))
}

// Damage is a place in a file of the log that cannot be relied on.
type Damage struct {
	File   string
	Offset int64  // of the block or frame, in bytes
	SCN    uint64 // the first that cannot be read; 0: it is not known
	Reason string
}

// Verified says what VerifyLog has read.
type Verified struct {
	Segments, Blocks int    // that are sealed
	LastSCN          uint64 // the last that was come by, sealed or not
	Damages          []Damage
}

// VerifyLog reads everything of a directory's log: checksums and hash of each segment, their chain, and each entry of the
// live log. It goes on past damage. No node may have the directory open.
func VerifyLog(dir string) (v *Verified, err error) {
	identity, lock, err := lockToRead(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	v = &Verified{}
	if err := v.segments(dir, identity); err != nil {
		return nil, err
	}
	return v, v.live(dir, identity)
}

// segments verifies each segment alone, then how they follow one another.
func (v *Verified) segments(dir string, identity *Identity) error {
	names, err := vfs.Default.List(filepath.Join(dir, segmentsDir))
	if err != nil {
		return fmt.Errorf("list sealed segments: %w", err)
	}
	for _, name := range names {
		if !segments.IsSegment(name) {
			continue
		}
		if err := v.segment(filepath.Join(dir, segmentsDir, name)); err != nil {
			return err
		}
	}
	sealed, err := readOnlySegments(dir, identity)
	if err != nil {
		return v.damaged(err)
	}
	v.LastSCN = uint64(sealed.Range().To)
	return sealed.Close()
}

func (v *Verified) segment(path string) error {
	v.Segments++
	r, err := segments.Open(vfs.Default, path)
	if err != nil {
		return v.damaged(err)
	}
	defer r.Close()
	v.Blocks += r.Info().Blocks
	return v.damaged(r.Verify())
}

// live reads each entry of the live log.
func (v *Verified) live(dir string, identity *Identity) error {
	id, err := identity.Database()
	if err != nil {
		return err
	}
	file, err := wal.Open(wal.Options{Dir: filepath.Join(dir, logDir), DatabaseID: id, ReadOnly: true})
	if err != nil {
		next, e := scnBehind(dir, err)
		if e != nil {
			return e
		}
		return v.damagedAfter(err, next)
	}
	defer file.Close()
	next := scn.SCN(0)
	for i := file.FirstIndex(); i > 0 && i <= file.LastIndex(); i++ {
		payload, err := file.Get(i, nil)
		if err == nil {
			var entry replication.EntryInfo
			if entry, err = replication.InspectEntry(i, payload); entry.Group != nil {
				next = entry.LastSCN + 1
				v.LastSCN = max(v.LastSCN, uint64(entry.LastSCN))
			}
		}
		if err := v.damagedAfter(err, next); err != nil {
			return err
		}
	}
	return nil
}

// scnBehind finds the first SCN that damage of the live log takes away; 0 if it is not known.
func scnBehind(dir string, err error) (next scn.SCN, _ error) {
	var frame *wal.CorruptionError
	if !errors.As(err, &frame) {
		return 0, nil
	}
	names, err := wal.Files(vfs.Default, filepath.Join(dir, logDir))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		err := wal.Inspect(vfs.Default, filepath.Join(dir, logDir, name), io.Discard, func(index uint64, payload []byte) string {
			if entry, err := replication.InspectEntry(index, payload); err == nil && entry.Group != nil && index <= frame.LastGoodIndex {
				next = entry.LastSCN + 1
			}
			return ""
		})
		var damage *wal.CorruptionError
		if err != nil && !errors.As(err, &damage) {
			return 0, err
		}
	}
	return next, nil
}

// damaged notes an error if it is damage, and gives it back if it is another.
func (v *Verified) damaged(err error) error { return v.damagedAfter(err, 0) }

func (v *Verified) damagedAfter(err error, next scn.SCN) error {
	var segment *segments.CorruptionError
	var frame *wal.CorruptionError
	var entry *replication.CorruptError
	var d Damage
	switch {
	case err == nil:
		return nil
	case errors.As(err, &segment):
		d = Damage{filepath.Base(segment.File), segment.Offset, uint64(segment.SCN), segment.Err.Error()}
	case errors.As(err, &frame):
		d = Damage{filepath.Base(frame.File), frame.Offset, uint64(next), fmt.Sprintf("%v, behind entry %d", frame.Err, frame.LastGoodIndex)}
	case errors.As(err, &entry):
		d = Damage{entry.What, 0, uint64(next), entry.Reason}
	default:
		return err
	}
	for _, known := range v.Damages {
		if known == d {
			return nil
		}
	}
	v.Damages = append(v.Damages, d)
	return nil
}
