package redo

import (
	"encoding/binary"
	"fmt"
	"slices"

	"redoubt/scn"
)

// Op is what a change does to a row. The numbers are part of the format.
type Op uint8

// Operations.
const (
	Insert Op = 1
	Update Op = 2
	Delete Op = 3
)

// String gives the letter that VERSIONS_OPERATION shows.
func (o Op) String() string {
	switch o {
	case Insert:
		return "I"
	case Update:
		return "U"
	case Delete:
		return "D"
	}
	return fmt.Sprintf("op %d", uint8(o))
}

// Change is one row inserted, updated or deleted.
type Change struct {
	Table     scn.Space // the table's space
	Op        Op
	Statement uint32  // index into Transaction.Statements
	Key       []byte  // order-preserving key of the row within the table
	Replaced  scn.SCN // SCN of the version it replaces, deletions included; 0 if the key never was
	Identity  Row     // Update: the primary key's columns, so that the change can be told without the row
	Before    Row     // Update: changed columns as they were; Delete: the whole row
	After     Row     // Update: changed columns as they are; Insert: the whole row
}

// ClaimMode is how strong a claim is. The numbers are part of the format.
type ClaimMode uint8

// Modes of claim.
const (
	KeyShare  ClaimMode = 1 // the row may change, its key and its unique columns may not: the parent of a foreign key
	Share     ClaimMode = 2 // nothing may change
	Exclusive ClaimMode = 3 // nothing may change, and nobody else may claim
)

// Claim says that a key, or a range, was looked at and must not have been touched by others since.
type Claim struct {
	Mode  ClaimMode
	Space scn.Space // a table or an index
	Since scn.SCN   // the snapshot on which it was looked at
	Low   []byte    // the key, or the start of the range
	High  []byte    // end of the range, excluded; empty: Low is a single key, or, if it is empty too, all of the space
}

// Statement identifies the SQL that made changes.
type Statement struct {
	Digest  uint64  // of the normalised text
	Text    string  // as the user wrote it; only for statements that change the dictionary
	ReadSCN scn.SCN // its snapshot: that of the transaction or, under READ COMMITTED, a later one
}

// Transaction is one unit of change, as its session proposes it.
type Transaction struct {
	XID        uint64
	ReadSCN    scn.SCN // snapshot of its first statement
	User       string
	Host       string
	Program    string
	Parts      int // entries of the log that went before it with the most of its content; 0 for almost all
	Statements []Statement
	Changes    []Change
	Claims     []Claim
}

// SnapshotOf is the SCN that the statement read which made a change.
func (t *Transaction) SnapshotOf(c *Change) scn.SCN {
	if int(c.Statement) < len(t.Statements) {
		return max(t.ReadSCN, t.Statements[c.Statement].ReadSCN)
	}
	return t.ReadSCN
}

// Versions of an encoded transaction. The second has, behind the program, the number of its parts.
const (
	transactionVersion        = 1
	transactionInPartsVersion = 2
)

// AppendTransaction encodes t.
func AppendTransaction(dst []byte, t *Transaction) []byte {
	version := byte(transactionVersion)
	if t.Parts > 0 {
		version = transactionInPartsVersion
	}
	dst = append(dst, version)
	dst = binary.AppendUvarint(dst, t.XID)
	dst = binary.AppendUvarint(dst, uint64(t.ReadSCN))
	dst = appendString(dst, t.User)
	dst = appendString(dst, t.Host)
	dst = appendString(dst, t.Program)
	if t.Parts > 0 {
		dst = binary.AppendUvarint(dst, uint64(t.Parts))
	}
	return appendContent(dst, t.ReadSCN, t.Statements, t.Claims, t.Changes)
}

// appendContent encodes what a transaction and a part have in common.
func appendContent(dst []byte, readSCN scn.SCN, statements []Statement, claims []Claim, changes []Change) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(statements)))
	for i := range statements {
		dst = appendStatement(dst, readSCN, &statements[i])
	}
	dst = binary.AppendUvarint(dst, uint64(len(claims)))
	for i := range claims {
		dst = appendClaim(dst, &claims[i])
	}
	dst = binary.AppendUvarint(dst, uint64(len(changes)))
	for i := range changes {
		dst = appendChange(dst, &changes[i])
	}
	return dst
}

func appendStatement(dst []byte, readSCN scn.SCN, s *Statement) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, s.Digest)
	dst = appendString(dst, s.Text)
	return binary.AppendUvarint(dst, uint64(max(s.ReadSCN, readSCN)-readSCN))
}

func appendClaim(dst []byte, c *Claim) []byte {
	dst = append(dst, byte(c.Mode))
	dst = binary.AppendUvarint(dst, uint64(c.Space))
	dst = binary.AppendUvarint(dst, uint64(c.Since))
	dst = appendBytes(dst, c.Low)
	return appendBytes(dst, c.High)
}

func appendChange(dst []byte, c *Change) []byte {
	dst = append(dst, byte(c.Op))
	dst = binary.AppendUvarint(dst, uint64(c.Table))
	dst = binary.AppendUvarint(dst, uint64(c.Statement))
	dst = appendBytes(dst, c.Key)
	dst = binary.AppendUvarint(dst, uint64(c.Replaced))
	switch c.Op {
	case Insert:
		dst = AppendRow(dst, c.After)
	case Delete:
		dst = AppendRow(dst, c.Before)
	case Update:
		dst = AppendRow(dst, c.Identity)
		dst = AppendRow(dst, c.Before)
		dst = AppendRow(dst, c.After)
	}
	return dst
}

// DecodeTransaction reads what AppendTransaction wrote, all of b. Byte slices point into b.
func DecodeTransaction(b []byte) (*Transaction, error) {
	r := reader{buf: b}
	t := &Transaction{}
	r.transaction(t)
	if r.err != nil {
		return nil, r.err
	}
	return t, nil
}

func (r *reader) transaction(t *Transaction) {
	r.transactionHead(t)
	t.Claims = r.claims()
	t.Changes = r.changes(max(len(t.Statements), 1))
	r.end("transaction")
}

func (r *reader) claims() (out []Claim) {
	if n := r.count("number of claims", 5); n > 0 {
		out = make([]Claim, 0, min(n, 1<<16))
		for i := 0; i < n && r.err == nil; i++ {
			out = append(out, r.claim())
		}
	}
	return out
}

// changes reads changes by statements of lower numbers than below.
func (r *reader) changes(below int) (out []Change) {
	if n := r.count("number of changes", 6); n > 0 {
		out = make([]Change, 0, min(n, 1<<16))
		for i := 0; i < n && r.err == nil; i++ {
			out = append(out, r.change(below))
		}
	}
	return out
}

// Changes gives the changes of an encoded transaction a few at a time, for one that is too large to decode at once.
type Changes struct {
	r     reader
	left  int
	below int
}

// DecodeHead reads all of an encoded transaction but its changes, and gives those apart.
func DecodeHead(b []byte) (*Transaction, *Changes, error) {
	r := reader{buf: b}
	t := &Transaction{}
	r.transactionHead(t)
	t.Claims = r.claims()
	n := r.count("number of changes", 6)
	return t, &Changes{r: r, left: n, below: max(len(t.Statements), 1)}, r.err
}

// Next gives the next changes, at most n of them; none at the end. Byte slices point into what was decoded.
func (c *Changes) Next(n int) ([]Change, error) {
	n = min(n, c.left)
	out := make([]Change, 0, n)
	for i := 0; i < n && c.r.err == nil; i++ {
		out = append(out, c.r.change(c.below))
	}
	if c.left -= n; c.left == 0 {
		c.r.end("transaction")
	}
	return out, c.r.err
}

// TransactionInParts tells whether parts of an encoded transaction went before it, and its id.
func TransactionInParts(b []byte) (xid uint64, inParts bool, err error) {
	r := reader{buf: b}
	t := Transaction{}
	version := r.transactionID(&t)
	return t.XID, version == transactionInPartsVersion, r.err
}

// TransactionXID reads the id of an encoded transaction and nothing else of it.
func TransactionXID(b []byte) (uint64, error) {
	r := reader{buf: b}
	t := Transaction{}
	r.transactionID(&t)
	return t.XID, r.err
}

func (r *reader) transactionHead(t *Transaction) {
	version := r.transactionID(t)
	t.ReadSCN = scn.SCN(r.uvarint("read SCN"))
	t.User = string(r.bytes("user"))
	t.Host = string(r.bytes("host"))
	t.Program = string(r.bytes("program"))
	if version == transactionInPartsVersion {
		t.Parts = r.parts("number of parts")
	}
	t.Statements = r.statements(t.ReadSCN)
}

func (r *reader) statements(readSCN scn.SCN) (out []Statement) {
	n := r.count("number of statements", 10)
	for i := 0; i < n && r.err == nil; i++ {
		digest := r.fixed64("statement digest")
		text := string(r.bytes("statement text"))
		later := r.uvarint("SCNs from the transaction's snapshot to the statement's")
		out = append(out, Statement{digest, text, readSCN + scn.SCN(later)})
	}
	return out
}

// parts reads a number of parts, or of a part: 1 or more.
func (r *reader) parts(what string) int {
	n := r.uvarint(what)
	if r.err == nil && (n == 0 || n > PartsMax) {
		r.fail(what, ErrMalformed)
	}
	return int(n)
}

func (r *reader) transactionID(t *Transaction) (version byte) {
	version = r.byte("version of transaction")
	if r.err == nil && version != transactionVersion && version != transactionInPartsVersion {
		r.off--
		r.fail("version of transaction", ErrVersion)
	}
	t.XID = r.uvarint("transaction id")
	return version
}

func (r *reader) space(what string) scn.Space {
	v := r.uvarint(what)
	if v > 1<<32-1 {
		r.fail(what, ErrMalformed)
		return 0
	}
	return scn.Space(v)
}

func (r *reader) claim() (c Claim) {
	c.Mode = ClaimMode(r.byte("mode of claim"))
	if r.err == nil && (c.Mode < KeyShare || c.Mode > Exclusive) {
		r.fail("mode of claim", ErrMalformed)
	}
	c.Space = r.space("space of claim")
	c.Since = scn.SCN(r.uvarint("SCN of claim"))
	c.Low = r.bytes("key of claim")
	c.High = r.bytes("end of claim")
	return c
}

func (r *reader) change(below int) (c Change) {
	c.Op = Op(r.byte("operation"))
	c.Table = r.space("table")
	statement := r.uvarint("statement number")
	if r.err == nil && statement >= uint64(below) {
		r.fail("statement number", ErrMalformed)
	}
	c.Statement = uint32(statement)
	c.Key = r.bytes("key")
	c.Replaced = scn.SCN(r.uvarint("replaced SCN"))
	switch c.Op {
	case Insert:
		c.After = r.row(nil)
	case Delete:
		c.Before = r.row(nil)
	case Update:
		c.Identity, c.Before, c.After = r.row(nil), r.row(nil), r.row(nil)
	default:
		r.fail("operation", ErrMalformed)
	}
	return c
}

// TransactionTables lists the tables that an encoded transaction changes, each once, in the order of the changes. It
// passes over all else.
func TransactionTables(b []byte) ([]uint64, error) {
	r := reader{buf: b}
	r.transactionHead(&Transaction{})
	for n := r.count("number of claims", 5); n > 0 && r.err == nil; n-- {
		r.claim()
	}
	var tables []uint64
	for n := r.count("number of changes", 6); n > 0 && r.err == nil; n-- {
		if id := r.skipChange(); !slices.Contains(tables, id) {
			tables = append(tables, id)
		}
	}
	r.end("transaction")
	return tables, r.err
}

// skipChange passes over a change and gives its table.
func (r *reader) skipChange() uint64 {
	op := Op(r.byte("operation"))
	table := uint64(r.space("table"))
	r.uvarint("statement number")
	r.bytes("key")
	r.uvarint("replaced SCN")
	rows := 1
	switch op {
	case Insert, Delete:
	case Update:
		rows = 3
	default:
		r.fail("operation", ErrMalformed)
	}
	for range rows {
		for n := r.count("number of columns", 2); n > 0 && r.err == nil; n-- {
			r.uvarint("column id")
			r.value()
		}
	}
	return table
}
