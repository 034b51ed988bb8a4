package sysbench

import (
	"context"
	"testing"

	"redoubt/bench/measure"
)

func TestPairFigures(t *testing.T) {
	c := PairConfig{Config: Config{System: "a", Threads: []int{8}}, Against: "b"}
	var turns [2][]measure.Figures
	for turn := range 100 { // the machine's speed changes by a factor of ten; a has 98 to 102 % of b
		speed := 1000 * float64(1+turn%10)
		ratio := 1 + float64(turn%5-2)/100
		turns[0] = append(turns[0], measure.Figures{Figure(8, "per_second"): speed * ratio, Figure(8, "cpu_us"): 3})
		turns[1] = append(turns[1], measure.Figures{Figure(8, "per_second"): speed, Figure(8, "cpu_us"): 2})
	}
	f := c.figures([]string{"a", "b"}, turns[:])
	if f[PairRatio] != 1 || f[PairCPURatio] != 1.5 {
		t.Errorf("%v", f)
	}
	if got := f[PairFigure("b", "per_second")]; got != 5500 {
		t.Errorf("b has %v a second at the median, want 5500", got)
	}
}

func TestPairRefuses(t *testing.T) {
	for _, config := range []string{
		`{"System":"redoubt","Against":"redoubt","Threads":[8],"Turns":1}`, `{"System":"redoubt","Against":"mariadb","Threads":[1,8],"Turns":1}`,
		`{"System":"redoubt","Against":"mariadb","Threads":[8]}`, `{`,
	} {
		if _, err := MeasurePair(context.Background(), []byte(config)); err == nil {
			t.Errorf("%s was measured", config)
		}
	}
}
