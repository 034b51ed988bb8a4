package tpcc

import (
	"fmt"
	"math/rand/v2"

	"redoubt/bench/measure"
)

// dice are what one goroutine draws from.
type dice struct {
	*rand.Rand
	text measure.Text
}

func newDice(seed uint64, text measure.Text) *dice {
	return &dice{rand.New(rand.NewPCG(7, seed)), text}
}

// between is uniform, both ends included.
func (d *dice) between(low, high int) int { return low + d.IntN(high-low+1) }

// skewed is the standard's NURand: some values come much more often than others.
func (d *dice) skewed(a, low, high int) int {
	const c = 123 // any constant of a run
	return ((d.between(0, a)|d.between(low, high))+c)%(high-low+1) + low
}

// words are text of a length between two.
func (d *dice) words(least, most int) string {
	return string(d.text.At(d.Uint64(), d.between(least, most)))
}

// data is text that says ORIGINAL one time in ten.
func (d *dice) data() string {
	s := d.words(26, 50)
	if d.IntN(10) == 0 {
		s = "ORIGINAL" + s[8:]
	}
	return s
}

var syllables = []string{"BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING"}

// lastName is the standard's name for a number up to 999.
func lastName(n int) string { return syllables[n/100] + syllables[n/10%10] + syllables[n%10] }

// names is how many last names a district has: the first thousand customers have one each.
func (s Scale) names() int { return min(s.Customers, 1000) }

func (d *dice) customer(s Scale) int    { return d.skewed(1023, 1, s.Customers) }
func (d *dice) item(s Scale) int        { return d.skewed(8191, 1, s.Items) }
func (d *dice) lastName(s Scale) string { return lastName(d.skewed(255, 0, s.names()-1)) }

// cents writes an amount.
func cents(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// ratio writes a tax or a discount of up to some ten-thousandths.
func (d *dice) ratio(most int) string { return fmt.Sprintf("0.%04d", d.between(0, most)) }
