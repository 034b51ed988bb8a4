package history

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parse reads a history: a line for each transaction, of words like "1+5" (append 5 to key 1) and "1:3,5" (key 1 was read
// as 3, 5), and "rollback" or "unknown" at its end.
func parse(t *testing.T, text string) (txns []Txn) {
	t.Helper()
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var x Txn
		for _, word := range strings.Fields(line) {
			switch {
			case word == "rollback":
				x.Outcome = RolledBack
			case word == "unknown":
				x.Outcome = Unknown
			case strings.Contains(word, "+"):
				key, value, _ := strings.Cut(word, "+")
				x.Ops = append(x.Ops, Op{Key: int(number(key)), Append: number(value)})
			default:
				key, list, _ := strings.Cut(word, ":")
				op := Op{Key: int(number(key))}
				for _, v := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
					op.Read = append(op.Read, number(v))
				}
				x.Ops = append(x.Ops, op)
			}
		}
		txns = append(txns, x)
	}
	return txns
}

// TestCheck: each anomaly is found at the levels that forbid it, and at no other.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, history string
		kinds         [3]string // at each level, joined by blanks
	}{
		{"written behind what was not seen", "1+1\n1: 1+2\n1:1,2", [3]string{"", "G-nonadjacent", "G-nonadjacent G2"}},
		{"one after the other", "1+1\n1:1 1+2 1:1,2\n1:1,2", [3]string{}},
		{"lost", "1+1\n1+2\n1:2", [3]string{"lost", "lost", "lost"}},
		{"unknown and not there", "1+1 unknown\n1+2\n1:2", [3]string{}},
		{"two orders", "1+1\n1+2\n1:1\n1:2,1", [3]string{"order", "order", "order"}},
		{"twice", "1+1\n1:1,1", [3]string{"twice", "twice", "twice"}},
		{"read of what was rolled back", "1+1 rollback\n1:1", [3]string{"G1a", "G1a", "G1a"}},
		{"read in the middle", "1+1 1+2\n1:1\n1:1,2", [3]string{"G1b", "G1b G-nonadjacent", "G1b G-nonadjacent G2"}},
		{"dirty write", "1+1 2+2\n1+3 2+4\n1:1,3\n2:4,2", [3]string{"G0 G1c", "G0 G1c G-nonadjacent", "G0 G1c G-nonadjacent G2"}},
		{"circular information flow", "1+1 2:2\n2+2 1:1\n1:1\n2:2", [3]string{"G1c", "G1c G-nonadjacent", "G1c G-nonadjacent G2"}},
		{"read skew", "1: 2:2\n1+1 2+2\n1:1 2:2", [3]string{"", "G-nonadjacent", "G-nonadjacent G2"}},
		{"lost update", "1: 1+1\n1: 1+2\n1:1,2", [3]string{"", "G-nonadjacent", "G-nonadjacent G2"}},
		{"read twice and different", "1: 1:1\n1+1\n1:1", [3]string{"", "internal G-nonadjacent", "internal G-nonadjacent G2"}},
		{"write skew", "1: 2: 1+1\n1: 2: 2+2\n1:1 2:2", [3]string{"", "", "G2"}},
		{"reader of an old snapshot", "1: 2:\n1+1\n2+2\n1:1 2:2", [3]string{}},
	} {
		txns := parse(t, c.history)
		for level, want := range c.kinds {
			var got []string
			for _, a := range Check(txns, Level(level)) {
				if !slices.Contains(got, a.Kind) {
					got = append(got, a.Kind)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s at level %d: %q, want %q: %v", c.name, level, strings.Join(got, " "), want, fmt.Sprint(Check(txns, Level(level))))
			}
		}
	}
}
