package storage

import (
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// SetUserVariable implements gsql.Session. A variable has no type for dates and times: it gets the text that SQL shows of
// them.
func (s *Session) SetUserVariable(ctx *gsql.Context, name string, value any, t gsql.Type) error {
	if err := s.rememberVariable(ctx, name); err != nil {
		return err
	}
	switch v := value.(type) {
	case time.Time:
		value, t = textOfTime(v, t), types.LongText
	case types.Timespan:
		value, t = v.String(), types.LongText
	}
	return s.BaseSession.SetUserVariable(ctx, name, value, t)
}

// textOfTime writes a point in time as its type shows it; of a type without digits of its own with those that it has.
func textOfTime(v time.Time, t gsql.Type) string {
	if types.IsDateType(t) {
		return v.Format(time.DateOnly)
	}
	text := v.Format(time.DateTime)
	digits := 0
	if d, ok := t.(gsql.DatetimeType); ok && d.Precision() < types.DatetimeMaxPrecision.Precision() {
		digits = d.Precision()
	} else if v.Nanosecond() != 0 {
		digits = len(strings.TrimRight(v.Format(".000000"), "0")) - 1
	}
	if digits > 0 {
		text += v.Format("." + strings.Repeat("0", digits))
	}
	return text
}
