package keyring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocs: what docs/formats/repository.md shows is what the fixture has.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats/repository.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"keys/data/0002-*/*.json", "keys/audit/*.004000000-*.json", "../backup.key"} {
		found, err := filepath.Glob("testdata/format1/file/" + pattern)
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		text, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```json\n"+string(text)+"```\n") {
			t.Errorf("docs/formats/repository.md does not show %s:\n%s", found[0], text)
		}
	}
}
