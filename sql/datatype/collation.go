package datatype

import (
	"maps"
	"slices"
	"sync/atomic"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// Collations is the catalog.Collator over the collations of the SQL front end. It compares as that front end does:
// rune by rune, by weight, the shorter text first; trailing spaces count.
//
// Its keys are stored. They depend on the front end's weight tables, so a change of those needs a rebuild of every
// key over text; the test of this file pins samples of each collation in use.
type Collations struct{}

// SortKey appends the sort key of text. Each rune gives its weight in an order-preserving code of one to six bytes,
// none of them zero:
//
//	0 <= weight < 0x7D       one byte, weight + 2
//	0x7D <= weight           0x7F + n, then n digits of base 255, each + 1, most significant first
//	weight < 0               0x01, then five digits of weight + 2^31
func (Collations) SortKey(dst []byte, collation string, text []byte) []byte {
	o := orderOf(collation)
	if o.weightOf == nil {
		return append(dst, text...)
	}
	dst = slices.Grow(dst, usualCodeBytes*len(text))
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf {
			dst = append(dst, o.ascii[b]...)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		dst = appendWeight(dst, o.weightOf(r))
		i += size
	}
	return dst
}

// ByWeight tells whether a collation compares characters; else it compares bytes.
func (Collations) ByWeight(collation string) bool { return orderOf(collation).weightOf != nil }

// usualCodeBytes is how long the codes of most characters are.
const usualCodeBytes = 3

// order is a collation, with the codes of the characters that most texts are made of.
type order struct {
	weightOf func(r rune) int32 // nil: by the bytes
	ascii    [utf8.RuneSelf]string
}

// orders keeps the collations that were asked for, by name; there are some hundreds at most.
var orders atomic.Pointer[map[string]*order]

func orderOf(collation string) *order {
	known := orders.Load()
	if known != nil {
		if o := (*known)[collation]; o != nil {
			return o
		}
	}
	o := newOrder(collation)
	next := map[string]*order{collation: o}
	if known != nil {
		maps.Copy(next, *known)
	}
	orders.CompareAndSwap(known, &next) // if another was faster, this one is made again when it is asked for
	return o
}

func newOrder(collation string) *order {
	id, err := gsql.ParseCollation("", collation, false)
	if err != nil || id.Sorter() == nil {
		return &order{}
	}
	o := &order{weightOf: id.Sorter()}
	for r := range o.ascii {
		o.ascii[r] = string(appendWeight(nil, o.weightOf(rune(r))))
	}
	return o
}

const digitBase = 255

func appendWeight(dst []byte, weight int32) []byte {
	if weight >= 0 && weight < 0x7D {
		return append(dst, byte(weight)+2)
	}
	if weight < 0 {
		return appendDigits(append(dst, 0x01), uint64(int64(weight)+1<<31), 5)
	}
	digits := 1
	for limit := uint64(digitBase); uint64(weight) >= limit; limit *= digitBase {
		digits++
	}
	return appendDigits(append(dst, 0x7F+byte(digits)), uint64(weight), digits)
}

func appendDigits(dst []byte, n uint64, digits int) []byte {
	start := len(dst)
	for range digits {
		dst = append(dst, 0)
	}
	for i := len(dst) - 1; i >= start; i-- {
		dst[i] = byte(n%digitBase) + 1
		n /= digitBase
	}
	return dst
}
