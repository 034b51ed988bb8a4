package archive

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/cockroachdb/pebble/v2/vfs"

	"redoubt/backup/store"
	"redoubt/scn"
	"redoubt/segments"
)

// Names of the repository. A piece is called
//
//	FOLDER/INCARNATION-FIRST-LAST-BEFORE-HASH.seg
//
// with the numbers of its segment's file name, and the first 8 bytes of the hash of the piece before it and of its own, in
// hexadecimal digits.
const (
	sealedFolder = "log/"
	tailFolder   = "tail/"
)

// NoPiece is the hash before the first piece of all.
const NoPiece = "0000000000000000"

var pieceName = regexp.MustCompile(`^(log|tail)/(\d{8})-(\d{20})-(\d{20})-([0-9a-f]{16})-([0-9a-f]{16})\.seg$`)

// Piece is one object of the archived log.
type Piece struct {
	Name         string
	Bytes        int64
	Sealed       bool // false: of the tail
	Incarnation  scn.Incarnation
	First, Last  scn.SCN
	Before, Hash string // hexadecimal digits; Before of the first piece of all is zeros
}

func pieceOf(info *segments.Info, sealed bool) Piece {
	p := Piece{
		Bytes: info.Bytes, Sealed: sealed, Incarnation: info.Incarnation, First: info.FirstSCN, Last: info.LastSCN,
		Before: hex.EncodeToString(info.PrevHash[:8]), Hash: hex.EncodeToString(info.Hash[:8]),
	}
	p.Name = p.name()
	return p
}

func (p *Piece) name() string {
	folder := tailFolder
	if p.Sealed {
		folder = sealedFolder
	}
	return fmt.Sprintf("%s%08d-%020d-%020d-%s-%s.seg", folder, p.Incarnation, p.First, p.Last, p.Before, p.Hash)
}

// parsePiece reads a name; false if it is not one of a piece.
func parsePiece(o store.Object) (Piece, bool) {
	m := pieceName.FindStringSubmatch(o.Name)
	if m == nil {
		return Piece{}, false
	}
	incarnation, err1 := strconv.ParseUint(m[2], 10, 32)
	first, err2 := strconv.ParseUint(m[3], 10, 64)
	last, err3 := strconv.ParseUint(m[4], 10, 64)
	if errors.Join(err1, err2, err3) != nil || first == 0 || last < first {
		return Piece{}, false
	}
	return Piece{
		Name: o.Name, Bytes: o.Bytes, Sealed: m[1] == "log", Incarnation: scn.Incarnation(incarnation),
		First: scn.SCN(first), Last: scn.SCN(last), Before: m[5], Hash: m[6],
	}, true
}

// FileName is the name that the piece has as a segment in a directory.
func (p *Piece) FileName() string {
	return fmt.Sprintf("seg-%08d-%020d-%020d.seg", p.Incarnation, p.First, p.Last)
}

// Pieces lists the archived log, by incarnation and SCN, sealed pieces first. The tail is listed before them: what is sealed in
// between is there twice, rather than not at all.
func Pieces(ctx context.Context, s store.Store) ([]Piece, error) {
	var out []Piece
	for _, folder := range []string{tailFolder, sealedFolder} {
		objects, err := s.List(ctx, folder)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if p, ok := parsePiece(o); ok {
				out = append(out, p)
			}
		}
	}
	slices.SortFunc(out, func(a, b Piece) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Chain gives the pieces that lead to the newest archived commit, of an incarnation, or of the newest one for 0, without a
// gap: as far back as they go.
func Chain(pieces []Piece, incarnation scn.Incarnation) ([]Piece, error) {
	var tip *Piece
	byHash := map[string]*Piece{}
	for i := range pieces {
		p := &pieces[i]
		if old := byHash[p.Hash]; old == nil || p.Sealed {
			byHash[p.Hash] = p
		}
		switch {
		case incarnation != 0 && p.Incarnation != incarnation:
		case tip == nil, p.Incarnation > tip.Incarnation, p.Incarnation == tip.Incarnation && p.Last > tip.Last,
			p.Incarnation == tip.Incarnation && p.Last == tip.Last && p.Sealed:
			tip = p
		}
	}
	if tip == nil {
		if incarnation != 0 {
			return nil, fmt.Errorf("the repository has no log of incarnation %d", incarnation)
		}
		return nil, errors.New("the repository has no log")
	}
	var chain []Piece
	for p := tip; ; {
		chain = append(chain, *p)
		before, ok := byHash[p.Before]
		if !ok || before.Last+1 != p.First {
			break
		}
		p = before
	}
	slices.Reverse(chain)
	return chain, nil
}

// DamageError names a piece that is not what its name says.
type DamageError struct {
	Piece Piece
	Store string
	Err   error
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("piece %s of %s, SCN %d to %d: %v", e.Piece.Name, e.Store, e.Piece.First, e.Piece.Last, e.Err)
}

// Unwrap gives what is wrong with it.
func (e *DamageError) Unwrap() error { return e.Err }

// Fetch copies a piece into a directory, under the name that its segment has, and verifies it. One that is there already, and
// whole, is left alone. One that is not what it should be, or not there, is a *DamageError.
func Fetch(ctx context.Context, s store.Store, p *Piece, dir string) (segments.Info, error) {
	path := filepath.Join(dir, p.FileName())
	if info, err := verify(path, p); err == nil {
		return info, nil
	}
	r, err := s.Get(ctx, p.Name)
	if err != nil {
		return segments.Info{}, p.damaged(s, err)
	}
	defer r.Close()
	temporary := path + ".fetching"
	f, err := os.Create(temporary)
	if err != nil {
		return segments.Info{}, err
	}
	_, err = io.Copy(f, r)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return segments.Info{}, errors.Join(p.damaged(s, fmt.Errorf("read %s from %s: %w", p.Name, s, err)), os.Remove(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return segments.Info{}, err
	}
	info, err := verify(path, p)
	if err != nil {
		return segments.Info{}, p.damaged(s, fmt.Errorf("%w: %w", store.ErrDamaged, errors.Join(err, os.Remove(path))))
	}
	return info, nil
}

// damaged says what is lost if the piece is damaged, or not there.
func (p *Piece) damaged(s store.Store, err error) error {
	if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return &DamageError{*p, s.String(), err}
}

// verify reads all of a segment's file and checks that it is the piece.
func verify(path string, p *Piece) (segments.Info, error) {
	r, err := segments.Open(vfs.Default, path)
	if err != nil {
		return segments.Info{}, err
	}
	defer r.Close()
	if err := r.Verify(); err != nil {
		return segments.Info{}, err
	}
	info := r.Info()
	if is := pieceOf(&info, p.Sealed); is.Name != p.Name {
		return info, fmt.Errorf("it is %s", is.Name)
	}
	return info, nil
}
