package sql

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"
)

// presenter writes values as MySQL does where the SQL engine writes them otherwise: fractions of seconds in all their
// digits, floating-point numbers without an exponent where there is room. It belongs to one statement.
type presenter struct {
	fields    []*querypb.Field
	precision func(f *querypb.Field) int  // digits of the seconds' fraction of a stored column, -1 if it is none
	isFlag    func(f *querypb.Field) bool // it is a stored column of type TINYINT(1)
}

// infoBytesMin is the shortest text that an OK packet can carry: the protocol library writes a byte before it which
// clients read as its length.
const infoBytesMin = int('#')

// present changes the values of a result in place. Only the first result of a statement carries the fields.
func (p *presenter) present(r *sqltypes.Result) {
	if r == nil {
		return
	}
	if len(r.Info) < infoBytesMin {
		r.Info = ""
	}
	if len(r.Fields) > 0 {
		p.fields = r.Fields
		p.describe(r.Fields)
	}
	p.presentRows(r)
}

// presentRows changes the values alone; the columns have been described.
func (p *presenter) presentRows(r *sqltypes.Result) {
	for i, f := range p.fields {
		var form func(text []byte) ([]byte, bool)
		switch f.Type {
		case sqltypes.Datetime, sqltypes.Timestamp:
			if form = p.fraction(f); form == nil {
				continue
			}
		case sqltypes.Float64, sqltypes.Float32:
			form = plainFloat
		default:
			continue
		}
		for _, row := range r.Rows {
			if i >= len(row) || row[i].IsNull() {
				continue
			}
			if text, changed := form(row[i].Raw()); changed {
				row[i] = sqltypes.MakeTrusted(row[i].Type(), text)
			}
		}
	}
}

// fraction gives how the seconds' fractions of a column are written; nil if they are left as they are. Of an expression
// six digits may mean that its function gives as many as there are.
func (p *presenter) fraction(f *querypb.Field) func(text []byte) ([]byte, bool) {
	digits := p.precision(f)
	if digits < 0 && f.Type == sqltypes.Datetime {
		digits = int(f.Decimals)
		if digits == timeDigits {
			return func(text []byte) ([]byte, bool) {
				if len(text) <= secondsLength {
					return text, false
				}
				return padFraction(text, timeDigits)
			}
		}
	}
	if digits <= 0 {
		return nil
	}
	return func(text []byte) ([]byte, bool) { return padFraction(text, digits) }
}

// timeDigits is how many digits a TIME may have behind its seconds: all that it is given are kept.
const timeDigits = 6

// describe completes what the SQL engine says of columns: digits of the seconds' fraction, by which clients of the
// binary protocol cut values, the flags that go with a type, among them those of ENUM and SET, and that numbers, times and
// BIT are no text: clients would decode their bytes.
func (p *presenter) describe(fields []*querypb.Field) {
	for _, f := range fields {
		switch f.Type {
		case sqltypes.Timestamp, sqltypes.Datetime:
			p.describeTime(f)
		case sqltypes.Time:
			f.Decimals = timeDigits
		case sqltypes.Int8:
			if p.isFlag(f) {
				f.ColumnLength = 1 // by which Connector/J and others know a boolean
			}
		}
		if !hasCharset(f.Type) {
			f.Charset = mysql.CharacterSetBinary
			f.Flags |= uint32(querypb.MySqlFlag_BINARY_FLAG)
		}
		_, flags := sqltypes.TypeToMySQL(f.Type)
		f.Flags |= uint32(flags)
	}
}

// describeTime gives a column of times its digits, and the length that it has with them.
func (p *presenter) describeTime(f *querypb.Field) {
	digits := p.precision(f)
	if f.Type == sqltypes.Timestamp {
		f.Decimals = uint32(max(0, digits))
	}
	switch {
	case digits == 0:
		f.ColumnLength = uint32(secondsLength)
	case digits > 0:
		f.ColumnLength = uint32(secondsLength + 1 + digits)
	}
}

// hasCharset tells whether values of a type are text or bytes in some character set.
func hasCharset(t querypb.Type) bool {
	switch t {
	case sqltypes.Timestamp, sqltypes.Date, sqltypes.Time, sqltypes.Datetime, sqltypes.Decimal, sqltypes.Bit:
		return false
	}
	return !sqltypes.IsIntegral(t) && !sqltypes.IsFloat(t) // a YEAR is integral, too
}

const secondsLength = len("2006-01-02 15:04:05")

// padFraction gives a time exactly the digits of its column: 12:00:00.5 of a DATETIME(3) is 12:00:00.500.
func padFraction(text []byte, digits int) ([]byte, bool) {
	if len(text) < secondsLength || len(text) == secondsLength+1+digits {
		return text, false
	}
	out := make([]byte, 0, secondsLength+1+digits)
	out = append(append(out, text[:secondsLength]...), '.')
	if len(text) > secondsLength {
		out = append(out, text[secondsLength+1:min(len(text), secondsLength+1+digits)]...)
	}
	for len(out) < secondsLength+1+digits {
		out = append(out, '0')
	}
	return out, true
}

// plainFloat writes 8.5e+06 as 8500000, and 1e+100 as 1e100, as MySQL does: an exponent stands for numbers of 10^15
// and more, and for those below 10^-15.
func plainFloat(text []byte) ([]byte, bool) {
	e := bytes.IndexByte(text, 'e')
	if e < 0 {
		return text, false
	}
	exponent, err := strconv.Atoi(string(text[e+1:]))
	if err != nil {
		return text, false
	}
	if exponent >= 15 || exponent < -15 {
		return append(append(append([]byte{}, text[:e]...), 'e'), strconv.Itoa(exponent)...), true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return text, false
	}
	out, err := strconv.ParseFloat(string(text[:e]), 64) // the digits decide how many are written
	digits := strings.TrimLeft(strconv.FormatFloat(out, 'f', -1, 64), "-")
	fraction := 0
	if dot := strings.IndexByte(digits, '.'); dot >= 0 {
		fraction = len(digits) - dot - 1
	}
	if err != nil {
		return text, false
	}
	return strconv.AppendFloat(nil, f, 'f', max(0, fraction-exponent), 64), true
}

// duplicateText is where MySQL's text of a duplicate key begins in the SQL engine's.
const duplicateText = "Duplicate entry '"

// errLocalDisabled is MySQL's number for LOAD DATA LOCAL while local_infile is off.
const errLocalDisabled = 3948

// presentError gives an error the text or number of MySQL where programs read it: the key of a duplicate, a savepoint
// that is not there.
func presentError(err error) error {
	var known *mysql.SQLError
	if !errors.As(err, &known) {
		return err
	}
	if known.Num != mysql.ERDupEntry {
		if text := known.Message; strings.Contains(text, "SAVEPOINT ") && strings.HasSuffix(text, " does not exist") {
			return mysql.NewSQLError(mysql.ERSPDoesNotExist, "42000", "%s", text[strings.Index(text, "SAVEPOINT "):])
		}
		return err
	}
	if i := strings.Index(known.Message, duplicateText); i > 0 {
		return mysql.NewSQLError(known.Num, known.State, "%s", strings.TrimSuffix(known.Message[i:], "]"))
	}
	return err
}
