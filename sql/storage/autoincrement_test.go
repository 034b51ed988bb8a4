package storage

import (
	"testing"

	"github.com/shopspring/decimal"
)

func TestPositive(t *testing.T) {
	cases := []struct {
		value any
		want  uint64
	}{
		{int8(5), 5},
		{int64(-1), 0},
		{uint64(1<<63 + 1), 1<<63 + 1},
		{10.6, 11},
		{0.4, 0},
		{0.5, 1},
		{float32(2.5), 3},
		{decimal.RequireFromString("7.5"), 8},
		{decimal.RequireFromString("-7.5"), 0},
		{"10", 10},
		{" 11 ", 11},
		{"1e2", 100},
		{"x", 0},
		{"", 0},
		{[]byte("12"), 12},
		{nil, 0},
	}
	for _, c := range cases {
		if got, ok := positive(c.value); got != c.want && ok || ok != (c.want > 0) {
			t.Errorf("%v (%T): got %d, %v; want %d", c.value, c.value, got, ok, c.want)
		}
	}
}
