package dashboard

import (
	"fmt"
	"strconv"

	"redoubt/telemetry"
)

// number is written with three digits after the point: what a chart can show.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(int64(float64(n)*1000+0.5))/1000, 'f', -1, 64), nil
}

// series is average active sessions over time: a class that nobody was in has no column.
type series struct {
	Times  []int64          `json:"t"` // milliseconds since 1970; ends of steps
	Active map[int][]number `json:"a"`
}

// add adds a point.
func (s *series) add(millis int64, active *classes) {
	for c, v := range active {
		column, ok := s.Active[c]
		if !ok && v == 0 {
			continue
		}
		if !ok {
			column = make([]number, len(s.Times))
		}
		s.Active[c] = append(column, number(v))
	}
	s.Times = append(s.Times, millis)
}

// keyText is the key of an entry as the page shows it.
func keyText(key any) string {
	switch k := key.(type) {
	case uint64:
		return digestText(k)
	case sessionKey:
		return strconv.FormatUint(uint64(k.id), 10)
	case telemetry.Event:
		if k == telemetry.OnCPU {
			return "ON CPU"
		}
	}
	return fmt.Sprint(key)
}
