package function

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	regex "github.com/dolthub/go-icu-regex"
)

func TestMatches(t *testing.T) {
	const ci = regex.RegexFlags_Case_Insensitive
	for _, c := range []struct {
		pattern string
		flags   regex.RegexFlags
		text    string
		want    int8
	}{
		{"^(red|blue) .*(steel|glass)$", 0, "red old glass", 1},
		{"^(red|blue)", 0, "a red", 0},
		{"RED", ci, "a red", 1},
		{"RED", 0, "a red", 0},
		{"é", ci, "CAFÉ", 1},
		{"^.$", 0, "🚀", 1},
		{"a{2,3}b", 0, "aaab", 1},
		{"(a)\\1", 0, "aa", 1},
		{"^b", regex.RegexFlags_Multiline, "a\nb", 1},
		{"x", 0, "", 0},
		{"^$", 0, "", 1},
		{"z$", 0, strings.Repeat("y", 300_000) + "z", 1},
	} {
		got, err := matches(t.Context(), regexpKey{c.pattern, c.flags}, c.text)
		if err != nil || got != c.want {
			t.Errorf("%q in %.20q: got %v, %v; want %d", c.pattern, c.text, got, err, c.want)
		}
	}
	if _, err := matches(t.Context(), regexpKey{pattern: "(a"}, "a"); err == nil {
		t.Error("a pattern that is none is taken")
	}
}

// TestManyPatterns: however many are in use at a time, few are kept, and none is used twice at once.
func TestManyPatterns(t *testing.T) {
	var group sync.WaitGroup
	for i := range 4 {
		group.Add(1)
		go func() { // joined below
			defer group.Done()
			for j := range 30 {
				pattern := fmt.Sprintf("^%d[a-z]%d$", i%2, j%12)
				if got, err := matches(t.Context(), regexpKey{pattern: pattern}, fmt.Sprintf("%dx%d", i%2, j%12)); err != nil || got != int8(1) {
					t.Errorf("%s: %v, %v", pattern, got, err)
				}
			}
		}()
	}
	group.Wait()
	idleRegexps.Lock()
	defer idleRegexps.Unlock()
	if n := len(idleRegexps.list); n == 0 || n > regexpsMax {
		t.Errorf("%d are kept", n)
	}
}

func TestRegexpFlags(t *testing.T) {
	for text, want := range map[string]regex.RegexFlags{
		"": 0, "i": regex.RegexFlags_Case_Insensitive, "ic": 0, "ci": regex.RegexFlags_Case_Insensitive,
		"mn": regex.RegexFlags_Multiline | regex.RegexFlags_Dot_All,
	} {
		if got, err := regexpFlags(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if _, err := regexpFlags("x"); err == nil {
		t.Error("x is a flag")
	}
}

func BenchmarkMatches(b *testing.B) {
	for b.Loop() {
		if _, err := matches(b.Context(), regexpKey{pattern: "^(red|blue) .*(steel|glass)$"}, "red old classic glass"); err != nil {
			b.Fatal(err)
		}
	}
}
