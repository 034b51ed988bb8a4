package replication

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPage keeps docs/formats/replication.md: what it says of the bytes comes from the goldens.
func TestPage(t *testing.T) {
	var page strings.Builder
	page.WriteString(pageHead)
	for _, part := range []struct{ title, golden string }{
		{"Entries", "entry.golden"}, {"snapshot.meta", "snapshot.golden"}, {"Values in stable.db", "stable.golden"},
	} {
		text, err := os.ReadFile(filepath.Join("testdata", part.golden))
		if err != nil {
			t.Fatal(err)
		}
		page.WriteString("## " + part.title + "\n\n```\n" + string(text) + "```\n\n")
	}
	want := strings.TrimRight(page.String(), "\n") + "\n"
	path := filepath.Join("..", "docs", "formats", "replication.md")
	if *updateFlag {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != want {
		t.Fatalf("%s is not what the goldens say (%v); run: go test ./replication -run Page -update", path, err)
	}
}

const pageHead = `# Files of replication

This page is written by the tests of package replication; the bytes on it are real.

**Entries** are the payloads of the frames of the redo log, which have their checksums: version (1), raft's type (0
command, 1 no-op, 4 barrier, 5 configuration), index, term and the length of the tag as uvarints, the tag, the data. The
tag of a command says what it is: 1 and the term in which the leader certified it, a group of transactions
([redo.md](redo.md)); 2, a mark, with no data, by which a new leader learns that everything before it is applied; 3
and the term of certification, a part of a transaction. A part counts only if it was certified in the term of its entry; a
group counts only if it was certified in the term of its entry and begins right after the last SCN; all nodes pass over
others alike.

**snapshot.meta** says up to where the state is durable, so that the log up to there may go: magic, version, length,
CRC32C of the body, then, as uvarints and text, the snapshot's index and term, the state's position, and raft's
configuration. It is replaced as a whole. **stable.db** is a bbolt file with three values, the current term, the last
vote with its term, and this node's address when it voted, each with a CRC32C. redoubt inspect prints all of them.

`
