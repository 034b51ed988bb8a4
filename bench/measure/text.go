package measure

import (
	"math/rand/v2"
	"strconv"
)

const (
	textBytes  = 1 << 20 // longer than what a compressor looks back
	wordsCount = 4096
)

// Text is content for rows that compresses as that of orders and customers does, about two times: a node compresses what it
// seals and flushes, so bytes that repeat would flatter it. It is the same in every process, and must not be changed.
type Text []byte

// NewText makes 1 MiB of it.
func NewText() Text {
	r := rand.New(rand.NewPCG(1, 2))
	words := make([][]byte, wordsCount)
	for i := range words {
		word := make([]byte, 3+r.IntN(7))
		for j := range word {
			word[j] = byte('a' + r.IntN(26))
		}
		words[i] = word
	}
	t := make(Text, 0, textBytes+64)
	for len(t) < textBytes {
		t = append(append(t, words[r.IntN(wordsCount)]...), ' ')
		if r.IntN(8) == 0 {
			t = append(strconv.AppendUint(t, r.Uint64()>>r.IntN(60), 10), ' ')
		}
	}
	return t
}

// At gives n bytes for a key, others for the next: letters, digits and spaces.
func (t Text) At(key uint64, n int) []byte {
	from := int(key * 7919 % uint64(len(t)-n))
	return t[from : from+n : from+n]
}
