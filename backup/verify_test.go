package backup

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup/repository"
	"redoubt/backup/store"
)

// TestBlocks: damage in a file names its block, and how many are damaged.
func TestBlocks(t *testing.T) {
	ctx := context.Background()
	s, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := repository.In(s, repository.Options{}).Claim(ctx, [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 10<<10+17)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	taken, err := Take(ctx, TakeOptions{
		Store: s, Kind: Full, Dir: filepath.Join(t.TempDir(), "checkpoint"), BlockBytes: 1 << 10, Now: time.Now,
		Checkpoint: func(dir string, m *Manifest) error {
			m.DatabaseID, m.Incarnation, m.SCN, m.StateHash = "01"+strings.Repeat("0", 30), 1, 7, strings.Repeat("a", 16)
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "000001.sst"), content, 0o600)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	object := taken.Files[0].Object()
	for _, c := range []struct {
		name          string
		change        func(b []byte) []byte
		kind          DamageKind
		block, blocks int64
		offset        int64
	}{
		{"byte 5000", func(b []byte) []byte { b[5000]++; return b }, Mismatch, 4, 1, 4096},
		{"bytes 0 and 9000", func(b []byte) []byte { b[0]++; b[9000]++; return b }, Mismatch, 0, 2, 0},
		{"the last byte", func(b []byte) []byte { b[len(b)-1]++; return b }, Mismatch, 10, 1, 10240},
		{"cut in a block", func(b []byte) []byte { return b[:3000] }, Torn, 2, 1, 3000},
		{"cut between blocks", func(b []byte) []byte { return b[:2048] }, Torn, 2, 1, 2048},
		{"changed and cut", func(b []byte) []byte { b[1]++; return b[:3000] }, Mismatch, 0, 10, 0},
		{"longer", func(b []byte) []byte { return append(b, 1) }, BadData, 10, 1, 10240},
	} {
		if err := s.Put(ctx, object, bytes.NewReader(c.change(bytes.Clone(content)))); err != nil {
			t.Fatal(err)
		}
		v, err := Verify(ctx, VerifyOptions{Store: s, Level: Whole, Dir: t.TempDir(), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		var found *Damage
		for i := range v.Damage {
			if v.Damage[i].Object == object {
				found = &v.Damage[i]
			}
		}
		if found == nil {
			t.Errorf("%s: not found: %v", c.name, v.Damage)
			continue
		}
		if found.Kind != c.kind || found.Block != c.block || found.Blocks != c.blocks || found.Offset != c.offset || found.First != 7 || found.Last != 7 || found.Backups[0] != taken.ID {
			t.Errorf("%s: %+v", c.name, found)
		}
	}
}
