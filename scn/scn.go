package scn

import (
	"fmt"
	"math"
	"strconv"
)

// SCN is a system change number: the ordinal of a committed transaction. 0 is the empty database before the first.
type SCN uint64

// Max is above every SCN that a database can reach.
const Max SCN = math.MaxUint64

// String gives the decimal form.
func (s SCN) String() string { return strconv.FormatUint(uint64(s), 10) }

// Parse reads a decimal SCN. It refuses signs, fractions and anything beyond 64 bits.
func Parse(text string) (SCN, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not an SCN: want a whole number of 0 or more", text)
	}
	return SCN(n), nil
}

// Range is the half-open span of history (After, To].
type Range struct{ After, To SCN }

// Contains tells whether s lies in the range.
func (r Range) Contains(s SCN) bool { return r.After < s && s <= r.To }

// Empty tells whether the range holds no SCN.
func (r Range) Empty() bool { return r.After >= r.To }

// Len is the number of SCNs in the range.
func (r Range) Len() uint64 {
	if r.Empty() {
		return 0
	}
	return uint64(r.To - r.After)
}

// String draws the range as (a, b].
func (r Range) String() string { return fmt.Sprintf("(%d, %d]", r.After, r.To) }

// Incarnation numbers a branch of history. A new database is incarnation 1.
type Incarnation uint64
