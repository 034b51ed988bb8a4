package redo

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const pagePath = "../../docs/formats/redo.md"

// TestPage keeps docs/formats/redo.md: the bytes there are what the encoder writes and the decoder reads.
func TestPage(t *testing.T) {
	transaction := AppendTransaction(nil, &Transaction{
		XID: 0x6F2A, ReadSCN: 41, User: "ann", Host: "localhost", Program: "shop",
		Statements: []Statement{{Digest: 0xfeedfacecafebeef}},
		Claims:     []Claim{{Mode: Exclusive, Space: 1002, Since: 41, Low: []byte("a@x")}},
		Changes: []Change{
			{Table: 1001, Op: Insert, Key: []byte{1, 7}, After: Row{{1, IntValue(7)}, {2, StringValue([]byte("ann"))}, {3, Value{}}}},
			{
				Table: 1001, Op: Update, Key: []byte{1, 8}, Replaced: 39, Identity: Row{{1, IntValue(8)}},
				Before: Row{{2, DecimalValue([]byte("9.90"))}}, After: Row{{2, DecimalValue([]byte("0.01"))}},
			},
			{Table: 1001, Op: Delete, Key: []byte{1, 9}, Replaced: 12, Before: Row{{1, IntValue(9)}}},
		},
	})
	group := AppendGroup(nil, &Group{FirstSCN: 42, Txns: []GroupTxn{{TimeMicros: 1767323045123456, Body: transaction}}})
	var page strings.Builder
	page.WriteString(pageHead)
	page.WriteString("## A group, byte by byte\n\n```\n")
	annotateGroup(t, &page, group)
	page.WriteString("```\n\n## The transaction in it\n\nOffsets are within the transaction.\n\n```\n")
	annotate(&page, transaction, func(r *reader) {
		r.transaction(&Transaction{})
		if r.err != nil {
			t.Fatal(r.err)
		}
	})
	page.WriteString("```\n\n" + partHead)
	part := AppendPart(nil, &Part{
		XID: 0x6F2A, Number: 2, ReadSCN: 41,
		Changes: []Change{{Table: 1001, Op: Delete, Key: []byte{1, 9}, Replaced: 12, Before: Row{{1, IntValue(9)}}}},
	})
	line(&page, part, "magic", 0, 3)
	line(&page, part, "version", 3, 4)
	line(&page, part, "CRC32C of what follows", 4, 8)
	read := reader{buf: part, off: 8, trace: func(what string, from, to int) { line(&page, part, what, from, to) }}
	p := Part{XID: read.uvarint("transaction id"), Number: read.parts("number of the part")}
	if read.partContent(&p); read.err != nil {
		t.Fatal(read.err)
	}
	page.WriteString("```\n")
	if *update {
		if err := os.WriteFile(pagePath, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(pagePath); err != nil || string(have) != page.String() {
		t.Fatalf("%s is not what the code writes (%v); run: go test ./wal/redo -update", pagePath, err)
	}
}

func annotateGroup(t *testing.T, w *strings.Builder, b []byte) {
	line(w, b, "magic", 0, 3)
	line(w, b, "version", 3, 4)
	line(w, b, "CRC32C of what follows", 4, 8)
	r := reader{buf: b, off: 8, trace: func(what string, from, to int) { line(w, b, what, from, to) }}
	r.fixed64("first SCN")
	r.fixed64("commit time of the first, microseconds")
	r.uvarint("number of transactions")
	r.uvarint("microseconds since the one before")
	r.bytes("transaction")
	if r.err != nil || r.off != len(b) {
		t.Fatal(r.err, r.off)
	}
}

func annotate(w *strings.Builder, b []byte, read func(*reader)) {
	read(&reader{buf: b, trace: func(what string, from, to int) { line(w, b, what, from, to) }})
}

func line(w *strings.Builder, b []byte, what string, from, to int) {
	hex := fmt.Sprintf("% x", b[from:to])
	if to-from > 12 {
		hex = fmt.Sprintf("% x … (%d bytes)", b[from:from+6], to-from)
	}
	fmt.Fprintf(w, "%4d  %-36s  %s\n", from, hex, what)
}

const partHead = `## A part

A transaction that is too large for one entry travels in parts, each a log entry of its own; entries of others may stand
between them. Parts are numbered from 1. They mean nothing until the group comes that has the transaction itself: its
record is of version 2, has the number of its parts behind the program, and usually nothing more than claims on ranges.
Number 0 drops the parts that came before, and nothing follows it. Parts also end with the term that they are of: a
group or a part of a later term drops them. Statements come in the first parts, then claims, then changes, in the order
of spaces, so those of system tables first; put one behind the other they are the record as it would be if it had
travelled whole, and so sealed segments have it.

` + "```\n"

const pageHead = `# The redo record

This page is written by the tests of package wal/redo; the bytes on it are real.

The payload of a log entry of users' transactions is a **group**. A group is valid if and only if (1) its magic and
(2) its version are known, (3) its checksum matches, (4) its SCNs do not pass the largest SCN, and (5) its transactions
fill it to the last byte. The i-th transaction of a group has SCN first + i.

Numbers of fixed size are little endian. A *uvarint* is a base-128 number, low bits first; a *varint* is a signed number
folded onto a uvarint (zigzag). Text and bytes have their length, a uvarint, in front.

| kind of value | payload |
|---|---|
| 0 NULL | none |
| 1 signed integer | varint |
| 2 unsigned integer, BIT, index of an ENUM, mask of a SET | uvarint |
| 3 single, 4 double | 4 or 8 bytes, IEEE 754 |
| 5 decimal | canonical text |
| 6 text | UTF-8 |
| 7 binary | bytes |
| 8 datetime | varint, microseconds since 1970-01-01 without time zone |
| 9 date | varint, days since 1970-01-01 |
| 10 time | varint, microseconds |
| 11 year | varint |
| 12 JSON | text |
| 13 geometry | SRID and WKB |

A row is the number of its columns, then id and value of each, in ascending order of ids. Column 0 is the hidden row id
of a table without primary key. An insert has the row after, a delete the row before, an update its primary key, the
changed columns before and the changed columns after. The SCN replaced is that of the version that the change takes the
place of, deletions included; 0 says that the key never was.

Modes of claim: 1, the key and its unique columns may not change (parent of a foreign key); 2, nothing may change;
3, nothing may change and nobody else may claim (a unique key). A claim without key and end is on all of its space.

`
