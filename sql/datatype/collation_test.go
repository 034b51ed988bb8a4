package datatype

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/sqltypes"
)

// Keys are stored: these never change.
func TestSortKeysAreForEver(t *testing.T) {
	for _, c := range []struct{ collation, text, want string }{
		{"utf8mb4_0900_ai_ci", "aB1 é", "811ca0811cb9811bed0b811cf1"},
		{"utf8mb4_0900_bin", "aB1 é", "6344332280ea"},
		{"utf8mb4_bin", "a\x00😀", "63028202f1f0"},
		{"", "aB", "6344"},
	} {
		got := hex.EncodeToString(Collations{}.SortKey(nil, c.collation, []byte(c.text)))
		if got != c.want {
			t.Errorf("%s of %q: key %s, want %s", c.collation, c.text, got, c.want)
		}
	}
}

// Keys sort as the SQL engine compares.
func TestSortKeysSortAsTextsCompare(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	letters := []rune("aAbBzZ019 _-äÄéßñ中😀\t")
	text := func() string {
		out := make([]rune, random.IntN(6))
		for i := range out {
			out[i] = letters[random.IntN(len(letters))]
		}
		return string(out)
	}
	for _, id := range []gsql.CollationID{
		gsql.Collation_utf8mb4_0900_ai_ci, gsql.Collation_utf8mb4_0900_bin, gsql.Collation_utf8mb4_bin,
		gsql.Collation_utf8mb4_general_ci, gsql.Collation_utf8mb4_unicode_ci, gsql.Collation_latin1_swedish_ci,
	} {
		typ := types.MustCreateString(sqltypes.VarChar, 10, id)
		for range 3000 {
			a, b := text(), text()
			want, err := typ.Compare(t.Context(), a, b)
			if err != nil {
				t.Fatal(err)
			}
			key := func(s string) []byte { return Collations{}.SortKey(nil, id.Name(), []byte(s)) }
			if got := bytes.Compare(key(a), key(b)); got != want {
				t.Fatalf("%s: keys of %q and %q compare as %d, the texts as %d", id.Name(), a, b, got, want)
			}
		}
	}
}
