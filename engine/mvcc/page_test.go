package mvcc

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/formats/state.md anew")

const pagePath = "../../docs/formats/state.md"

// TestPage keeps docs/formats/state.md: the keys there are what the store writes.
func TestPage(t *testing.T) {
	var page strings.Builder
	page.WriteString(pageHead)
	format := comparer().FormatKey
	for _, key := range [][]byte{
		metaKey("position"),
		partKey(PartKey{XID: 0x6F2A, Number: 2}),
		appendDataKey(nil, 2, []byte{1, 0, 0, 0, 0, 0, 0, 3, 0xE9}, 5),
		appendDataKey(nil, 1001, []byte{1, 0x80, 0, 0, 0, 0, 0, 0, 7}, 43),
		appendDataKey(nil, 1001, []byte{1, 0x80, 0, 0, 0, 0, 0, 0, 7}, 42),
	} {
		fmt.Fprintf(&page, "%-48x  %v\n", key, format(key))
	}
	page.WriteString("```\n")
	if *update {
		if err := os.WriteFile(pagePath, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(pagePath); err != nil || string(have) != page.String() {
		t.Fatalf("%s is not what the code writes (%v); run: go test ./engine/mvcc -update", pagePath, err)
	}
}

const pageHead = `# The state store

This page is written by the tests of package engine/mvcc; the keys on it are real.

The folder state holds a Pebble store without a log of its own. All of it can be made again from the redo log. Its files
(tables *.sst, MANIFEST, OPTIONS, markers) are Pebble's; redoubt inspect prints them. What is ours is in keys and values:

| key | what |
|---|---|
| 0x10, space (4 bytes, big endian), key, 0x00, version, 0x09 | a version of a row or of an index entry |
| 0x01, name, 0x00 | a named value of the store itself |
| 0x02, transaction (8 bytes, big endian), number (4 bytes, big endian), 0x00 | a part of a transaction that is on its way |

A version is the SCN with all bits turned over, 8 bytes, big endian: the newest version of a key comes first. Spaces
below 1000 are system tables (1 schemas, 2 tables, 3 objects, 16 control, 17 restore points, 18 rewinds, 19 sequences, 20 flashbacks,
21 recycle bin, 22 retention, 23 floors, 24 to 26 commit times, authors and sums, of the state store only); from 1000 on each table and each index has a space of its own.

A value is 0x00 for a deletion, or 0x01 followed by the row (as in the redo record) or, in an index, by the length of
the row's key as a uvarint: the key of an index entry is the index's key followed by the row's. Where a flashback is folded
there are copies under its SCN: 0x02, the SCN of the version copied as a uvarint, and the same bytes; 0x03 and that SCN for
a deletion, 0x03 and 0 if the key never was.

Keys of rows and indexes are made of parts. A part is 0x00 for NULL, or 0x01 and a payload that is self-delimiting and
sorts byte by byte as the values do:

| value | payload |
|---|---|
| signed integer, datetime, date, time, year | 8 bytes, big endian, sign bit turned over |
| unsigned integer | 8 bytes, big endian |
| single, double | 8 bytes, big endian: a double; negative: all bits turned over, else the sign bit |
| decimal | 0x80 zero; 0xC0 positive: exponent + 0x8000 (2 bytes), digits + 1, 0x00; 0x40 negative: the same turned over |
| text | sort key of its collation, escaped and ended |
| binary | bytes, escaped and ended |

Escaped and ended: 0x00 becomes 0x00 0xFF, and 0x00 0x01 stands at the end. A hidden row id is 8 bytes, big endian.

A part is kept as the log has it, behind the term of its entry as a uvarint; it goes when its transaction is committed or
dropped, or with the first group or part of a later term.

Named values: position (log index, term, SCN, commit time in microseconds, each 8 bytes, little endian), format (one
byte), index/ID (SCN of the commit that brought it, 8 bytes,
its table, 4 bytes, and 1 if its entries are complete), fold/ID (SCN of the last flashback of a space that is folded, 8 bytes), folding/ID (SCN of
the one that is being folded, 8 bytes, and the last key that was written), collected/ID (SCN below which what nobody can ask
for is dropped, 8 bytes, and the intervals that were needed then).

` + "## Keys\n\n```\n"
