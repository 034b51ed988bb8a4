package redo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"redoubt/scn"
)

// A part is the payload of one log entry: a share of a transaction that is too large to travel in one. The parts of a
// transaction are numbered 1, 2, 3 …; between them, entries of others may stand. They mean nothing until the group
// comes that has the transaction itself, which says how many parts went before it.
//
//	0  4  magic "RDP" and version (1)
//	4  4  CRC32C of all that follows
//	8  -  uvarint transaction id
//	-  -  uvarint number of the part; 0: the parts before it are dropped, and nothing follows
//	-  -  uvarint read SCN
//	-  -  statements, claims and changes, each as in a transaction; changes name statements of the whole transaction
//
// A part is valid if and only if (1) magic and (2) version are known, (3) the checksum matches, (4) its number is at
// most PartsMax, and (5) its content fills it to the last byte.
const (
	partMagic   = "RDP"
	partVersion = 1

	// PartsMax bounds the parts of one transaction.
	PartsMax = 1 << 20
)

// Part is a share of a transaction. Statements come in the first parts, then claims, then changes.
type Part struct {
	XID        uint64
	Number     int // from 1; 0 drops all parts of the transaction
	ReadSCN    scn.SCN
	Statements []Statement
	Claims     []Claim
	Changes    []Change
}

// String tells what it is of, and how much it has.
func (p *Part) String() string {
	if p.Number == 0 {
		return fmt.Sprintf("transaction=%d dropped", p.XID)
	}
	return fmt.Sprintf("transaction=%d number=%d statements=%d claims=%d changes=%d",
		p.XID, p.Number, len(p.Statements), len(p.Claims), len(p.Changes))
}

// AppendPart encodes p.
func AppendPart(dst []byte, p *Part) []byte {
	start := len(dst)
	dst = append(dst, partMagic...)
	dst = append(dst, partVersion, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, p.XID)
	dst = binary.AppendUvarint(dst, uint64(p.Number))
	if p.Number > 0 {
		dst = binary.AppendUvarint(dst, uint64(p.ReadSCN))
		dst = appendContent(dst, p.ReadSCN, p.Statements, p.Claims, p.Changes)
	}
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(dst[start+8:], castagnoli))
	return dst
}

// DecodePart reads what AppendPart wrote, all of b. Byte slices point into b.
func DecodePart(b []byte) (*Part, error) {
	r := reader{buf: b}
	p := &Part{}
	r.partHead(p)
	r.partContent(p)
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}

// PartHead reads id and number of an encoded part, and checks its sum.
func PartHead(b []byte) (xid uint64, number int, err error) {
	r := reader{buf: b}
	p := Part{}
	r.partHead(&p)
	return p.XID, p.Number, r.err
}

func (r *reader) partHead(p *Part) {
	b := r.buf
	if head := r.take("part header", 8); head != nil {
		r.off = 0
		switch {
		case string(head[:3]) != partMagic:
			r.fail("magic", ErrMagic)
		case head[3] != partVersion:
			r.fail("version", ErrVersion)
		case binary.LittleEndian.Uint32(head[4:]) != crc32.Checksum(b[8:], castagnoli):
			r.fail("checksum", ErrChecksum)
		}
		r.off = 8
	}
	p.XID = r.uvarint("transaction id")
	number := r.uvarint("number of the part")
	if r.err == nil && number > PartsMax {
		r.fail("number of the part", ErrMalformed)
	}
	p.Number = int(number)
}

func (r *reader) partContent(p *Part) {
	if p.Number > 0 {
		p.ReadSCN = scn.SCN(r.uvarint("read SCN"))
		p.Statements = r.statements(p.ReadSCN)
		p.Claims = r.claims()
		p.Changes = r.changes(math.MaxUint32)
	}
	r.end("part")
}

// Assembler makes, of a transaction and its parts, the record that it would be if it had travelled whole.
type Assembler struct {
	xid    uint64
	shares [3]share // statements, claims, changes
	tables []uint64
	parts  int
}

// share is one kind of content, encoded: what the parts have of it.
type share struct {
	count uint64
	bytes [][]byte
}

// ErrParts is returned for parts that are not those of the transaction, or not all.
var ErrParts = errors.New("the parts of the transaction are not complete")

// Add takes the next part. It keeps b.
func (a *Assembler) Add(b []byte) error {
	r := reader{buf: b}
	p := Part{}
	r.partHead(&p)
	if r.err == nil && (p.Number != a.parts+1 || a.parts > 0 && p.XID != a.xid) {
		return fmt.Errorf("%w: part %d of transaction %d after part %d of %d", ErrParts, p.Number, p.XID, a.parts, a.xid)
	}
	a.xid, a.parts = p.XID, p.Number
	r.uvarint("read SCN")
	a.content(&r)
	return r.err
}

// content takes the shares that a reader stands before.
func (a *Assembler) content(r *reader) {
	skip := [3]func(){
		func() {
			r.fixed64("statement digest")
			r.bytes("statement text")
			r.uvarint("snapshot of the statement")
		},
		func() { r.claim() },
		func() {
			if id := r.skipChange(); !slices.Contains(a.tables, id) {
				a.tables = append(a.tables, id)
			}
		},
	}
	for i, minBytes := range [3]int{10, 5, 6} {
		n := r.count("number of elements", minBytes)
		from := r.off
		for range n {
			if skip[i](); r.err != nil {
				return
			}
		}
		a.shares[i].count += uint64(n)
		a.shares[i].bytes = append(a.shares[i].bytes, r.buf[from:r.off])
	}
	r.end("content")
}

// Finish gives the whole record, and the tables that it changes, each once. last is the transaction as its group has it.
func (a *Assembler) Finish(last []byte) (body []byte, tables []uint64, err error) {
	r := reader{buf: last}
	t := Transaction{}
	version := r.transactionID(&t)
	if r.err == nil && version != transactionInPartsVersion {
		return nil, nil, fmt.Errorf("%w: transaction %d has none", ErrParts, t.XID)
	}
	r.uvarint("read SCN")
	for _, what := range [3]string{"user", "host", "program"} {
		r.bytes(what)
	}
	headEnd := r.off
	t.Parts = r.parts("number of parts")
	if r.err == nil && (t.XID != a.xid || t.Parts != a.parts) {
		return nil, nil, fmt.Errorf("%w: transaction %d has %d, there are %d of %d", ErrParts, t.XID, t.Parts, a.parts, a.xid)
	}
	a.content(&r)
	if r.err != nil {
		return nil, nil, r.err
	}
	size := headEnd + 3*binary.MaxVarintLen64
	for i := range a.shares {
		for _, b := range a.shares[i].bytes {
			size += len(b)
		}
	}
	body = append(make([]byte, 0, size), transactionVersion)
	body = append(body, last[1:headEnd]...)
	for i := range a.shares {
		body = binary.AppendUvarint(body, a.shares[i].count)
		for _, b := range a.shares[i].bytes {
			body = append(body, b...)
		}
	}
	return body, a.tables, nil
}
