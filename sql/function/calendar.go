package function

import (
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// weekMode is how weeks are counted: MySQL's modes 0 to 7.
type weekMode struct {
	mondayFirst bool // weeks begin on Monday, not on Sunday
	fromOne     bool // days before week 1 belong to the last week of the year before, not to week 0
	firstDay    bool // week 1 is the first that begins in the year, not the first with four days in it
}

func modeOf(n int64) weekMode {
	m := weekMode{mondayFirst: n&1 != 0, fromOne: n&2 != 0, firstDay: n&4 != 0}
	if !m.mondayFirst {
		m.firstDay = !m.firstDay
	}
	return m
}

// week gives the week that a day is in, and the year that this week belongs to.
func (m weekMode) week(t time.Time) (week, year int) {
	year = t.Year()
	first := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	weekday := m.weekday(first)
	if t.Month() == time.January && t.Day() <= 7-weekday {
		if !m.fromOne && m.late(weekday) {
			return 0, year
		}
		m.fromOne = true
		year--
		before := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		days := daysBetween(before, first)
		first, weekday = before, (weekday+53*7-days)%7
	}
	days := daysBetween(first, startOfDay(t)) + weekday
	if m.late(weekday) {
		days -= 7
	}
	if m.fromOne && days >= 52*7 {
		next := time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
		if weekday := (weekday + daysBetween(first, next)) % 7; !m.late(weekday) {
			return 1, year + 1
		}
	}
	return days/7 + 1, year
}

func (m weekMode) weekday(t time.Time) int {
	if m.mondayFirst {
		return (int(t.Weekday()) + 6) % 7
	}
	return int(t.Weekday())
}

// late tells whether a year whose first day is that day of the week begins with a week that is not its first.
func (m weekMode) late(weekday int) bool {
	if m.firstDay {
		return weekday != 0
	}
	return weekday >= 4
}

func daysBetween(from, to time.Time) int { return int(to.Sub(from).Hours() / 24) }

// weekOf defines WEEK, and with withYear YEARWEEK.
func weekOf(withYear bool) *definition {
	return &definition{arity: arity{1, 2}, typeOf: always(types.Int32), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		t, ok := pointOf(ctx, args[0])
		if !ok {
			return nil, nil
		}
		mode := int64(0)
		if len(args) == 2 {
			mode = integerArgument(ctx, args[1])
		}
		m := modeOf(mode)
		m.fromOne = m.fromOne || withYear
		week, year := m.week(t)
		if withYear {
			return int32(year*100 + week), nil
		}
		return int32(week), nil
	}}
}

// weekOfYear defines WEEKOFYEAR.
func weekOfYear() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Int32), eval: func(ctx *gsql.Context, _ *scalar, args []any) (any, error) {
		t, ok := pointOf(ctx, args[0])
		if !ok {
			return nil, nil
		}
		week, _ := modeOf(3).week(t)
		return int32(week), nil
	}}
}

// extract defines EXTRACT: the function is called with the name of the unit and the value.
func extract() *definition {
	return &definition{
		arity: exactly(2), typeOf: always(types.Int64),
		text: func(args []string) string { return "extract(" + strings.Trim(args[0], "'") + " from " + args[1] + ")" },
		eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
			unit, _ := call.args[0].(*expression.Literal)
			if unit == nil {
				return nil, nil
			}
			name := strings.ToUpper(unit.Value().(string))
			if n, ok, isDate := extractDate(ctx, name, args[1]); isDate {
				if !ok {
					return nil, nil
				}
				return n, nil
			}
			micros, ok := extractSpan(ctx, args[1])
			if !ok {
				return nil, nil
			}
			return extractClock(name, micros), nil
		},
	}
}

// extractDate gives units of days and more; isDate tells whether the unit is one of them.
func extractDate(ctx *gsql.Context, unit string, v any) (n int64, ok, isDate bool) {
	switch unit {
	case "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "YEAR_MONTH":
	default:
		return 0, false, false
	}
	t, ok := pointOf(ctx, v)
	switch unit {
	case "YEAR":
		n = int64(t.Year())
	case "QUARTER":
		n = int64(t.Month()+2) / 3
	case "MONTH":
		n = int64(t.Month())
	case "WEEK":
		week, _ := modeOf(0).week(t)
		n = int64(week)
	case "DAY":
		n = int64(t.Day())
	case "YEAR_MONTH":
		n = int64(t.Year())*100 + int64(t.Month())
	}
	return n, ok, true
}

// extractSpan gives the time within a value, with the day of the month of a point in time.
func extractSpan(ctx *gsql.Context, v any) (int64, bool) {
	if isPoint(v) {
		t, ok := pointOf(ctx, v)
		return int64(t.Day())*microsPerDay + timeOfDay(t), ok
	}
	return readSpan(ctx, v)
}

// extractClock gives units that end in a part of the day. A TIME has hours beyond 24, a point in time has them as days.
func extractClock(unit string, micros int64) int64 {
	sign := int64(1)
	if micros < 0 {
		sign, micros = -1, -micros
	}
	day, hour := micros/microsPerDay, micros%microsPerDay/hourPart.micros
	minute, second, rest := micros/minutePart.micros%60, micros/microsPerSecond%60, micros%microsPerSecond
	n := int64(0)
	switch unit {
	case "HOUR":
		n = hour
	case "MINUTE":
		n = minute
	case "SECOND":
		n = second
	case "MICROSECOND":
		n = rest
	case "DAY_HOUR":
		n = day*100 + hour
	case "DAY_MINUTE":
		n = (day*100+hour)*100 + minute
	case "DAY_SECOND":
		n = ((day*100+hour)*100+minute)*100 + second
	case "DAY_MICROSECOND":
		n = (((day*100+hour)*100+minute)*100+second)*1000000 + rest
	case "HOUR_MINUTE":
		n = hour*100 + minute
	case "HOUR_SECOND":
		n = (hour*100+minute)*100 + second
	case "HOUR_MICROSECOND":
		n = ((hour*100+minute)*100+second)*1000000 + rest
	case "MINUTE_SECOND":
		n = minute*100 + second
	case "MINUTE_MICROSECOND":
		n = (minute*100+second)*1000000 + rest
	case "SECOND_MICROSECOND":
		n = second*1000000 + rest
	}
	return sign * n
}
