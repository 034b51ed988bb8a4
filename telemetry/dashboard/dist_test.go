package dashboard

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"strings"
	"testing"
)

// pageBytesMax is what the page may take on its way to a browser.
const pageBytesMax = 60 << 10

// TestPageIsSmall: all that a browser loads is no more than 60 KiB, compressed, and comes from the node alone.
func TestPageIsSmall(t *testing.T) {
	total := 0
	err := fs.WalkDir(dist, "dist", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(dist, path)
		if err != nil {
			return err
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(body); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		t.Logf("%s: %d bytes, %d compressed", path, len(body), packed.Len())
		total += packed.Len()
		for _, foreign := range []string{"src=\"http", "href=\"http", "url(http", "import(\"http"} {
			if strings.Contains(string(body), foreign) {
				t.Errorf("%s loads from elsewhere: it has %s", path, foreign)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total == 0 || total > pageBytesMax {
		t.Errorf("the page takes %d bytes, compressed; it may take %d", total, pageBytesMax)
	}
}
