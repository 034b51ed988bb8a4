package measure

import (
	"math"
	"slices"
	"time"
)

// Figures are what one process measured, by name. Names carry their unit: per_second, p99_us. It is an alias so that a
// package that may import nothing can give them too.
type Figures = map[string]float64

// Median is the middle of the values, of an even number the mean of the two in the middle; NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Percentile is the smallest duration that at least p percent of the sorted durations do not exceed; 0 of none.
func Percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Latencies sorts durations and gives the median and the 99th percentile in microseconds.
func Latencies(d []time.Duration) (p50, p99 float64) {
	slices.Sort(d)
	return Micros(Percentile(d, 50)), Micros(Percentile(d, 99))
}

// Micros gives a duration in microseconds.
func Micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// Samples are the Figures of all sides, by name of the side and by round.
type Samples struct {
	Rounds map[string][]Figures
	Absent map[string]string // sides that did not run, with the reason
}

// Values are one figure of a side, by round. A figure that a round lacks is left out.
func (s *Samples) Values(side, figure string) []float64 {
	var out []float64
	for _, f := range s.Rounds[side] {
		if v, ok := f[figure]; ok {
			out = append(out, v)
		}
	}
	return out
}

// Median of one figure of a side; NaN if it was never measured.
func (s *Samples) Median(side, figure string) float64 { return Median(s.Values(side, figure)) }

// Ratio is the median over the rounds of a figure of one side divided by that of another; NaN if no round has both.
func (s *Samples) Ratio(side, other, figure string) float64 {
	var ratios []float64
	for i := range min(len(s.Rounds[side]), len(s.Rounds[other])) {
		a, ok := s.Rounds[side][i][figure]
		b, also := s.Rounds[other][i][figure]
		if ok && also && b != 0 {
			ratios = append(ratios, a/b)
		}
	}
	return Median(ratios)
}
