package parser

import (
	"strconv"
	"strings"
	"time"

	"redoubt/sql/sqlcode"
)

// AsOfKind says how a point in time was named.
type AsOfKind uint8

const (
	// Present is now, with the transaction's own changes: a table that only asks for a pseudo-column.
	Present AsOfKind = iota
	// Unbound is a point that is not known yet, because its expression has a parameter and the statement is only
	// being prepared. The table is needed for its columns alone.
	Unbound
	// AtSCN is the state as of AsOf.SCN.
	AtSCN
	// AtTime is the state as of AsOf.Time, an instant.
	AtTime
	// AtName is the state as of the restore point AsOf.Name.
	AtName
	// Between is not a point: the versions of AsOf.Range are asked for.
	Between
	// Lowest is where history begins, Highest is now: ends of a range of versions.
	Lowest
	Highest
)

var kindNames = [...]string{Present: "PRESENT", Unbound: "UNBOUND", AtSCN: "SCN", AtTime: "TS", AtName: "NAME", Between: "VERSIONS", Lowest: "MINVALUE", Highest: "MAXVALUE"}

// String returns the word that stands for the kind in a canonical point.
func (k AsOfKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "AsOfKind(" + strconv.Itoa(int(k)) + ")"
}

// AsOf is a point in a table's past, as a statement named it, evaluated.
type AsOf struct {
	Kind AsOfKind
	// SCN is set if Kind is AtSCN.
	SCN uint64
	// Time is set if Kind is AtTime: an instant in UTC, in microseconds.
	Time time.Time
	// Name is set if Kind is AtName: the restore point, as written.
	Name string
	// Range is set if Kind is Between.
	Range VersionsRange
	// SchemaNow asks for the rows of that point in today's columns (USING SCHEMA NOW).
	SchemaNow bool
	// RowSCN asks for one more column at the end, ora_rowscn BIGINT UNSIGNED; if Kind is Between, for all columns of
	// VersionsColumns and that one.
	RowSCN bool
	// Lock asks for locks on the rows that are read.
	Lock RowLock
}

const (
	flagSchemaNow = "SCHEMA_NOW"
	flagRowSCN    = "ROWSCN"
	timeLayout    = "2006-01-02T15:04:05.000000Z"
)

// String returns the canonical form that travels through the engine: KIND[+FLAG…][:value].
func (a AsOf) String() string {
	var b strings.Builder
	b.WriteString(a.Kind.String())
	if a.SchemaNow {
		b.WriteString("+" + flagSchemaNow)
	}
	if a.RowSCN {
		b.WriteString("+" + flagRowSCN)
	}
	for _, flag := range a.Lock.flags() {
		b.WriteString("+" + flag)
	}
	switch a.Kind {
	case AtSCN:
		b.WriteString(":" + strconv.FormatUint(a.SCN, 10))
	case AtTime:
		b.WriteString(":" + a.Time.UTC().Format(timeLayout))
	case AtName:
		b.WriteString(":" + a.Name)
	case Between:
		b.WriteString(":" + a.Range.canonical())
	}
	return b.String()
}

// Describe returns the point in words, for messages.
func (a AsOf) Describe() string {
	switch a.Kind {
	case AtSCN:
		return "SCN " + strconv.FormatUint(a.SCN, 10)
	case AtTime:
		return a.Time.UTC().Format("2006-01-02 15:04:05.000000") + " UTC"
	case AtName:
		return "restore point " + a.Name
	case Between:
		return a.Range.String()
	case Lowest, Highest:
		return a.Kind.String()
	}
	return "now"
}

// DecodeAsOf reads the value that the engine gives to sql.VersionedDatabase: the canonical form, or a time, which a
// caller that does not come through the parser may pass. Any other value is an error of sqlcode.
func DecodeAsOf(value any) (AsOf, error) {
	switch v := value.(type) {
	case nil:
		return AsOf{}, nil
	case AsOf:
		return v, nil
	case time.Time:
		return AsOf{Kind: AtTime, Time: v.UTC()}, nil
	case string:
		return decodeAsOf(v)
	}
	return AsOf{}, sqlcode.BadAsOf("it is neither an SCN nor a timestamp nor the name of a restore point")
}

func decodeAsOf(s string) (AsOf, error) {
	head, value, _ := strings.Cut(s, ":")
	words := strings.Split(head, "+")
	var a AsOf
	for _, flag := range words[1:] {
		switch flag {
		case flagSchemaNow:
			a.SchemaNow = true
		case flagRowSCN:
			a.RowSCN = true
		default:
			if !a.Lock.set(flag) {
				return AsOf{}, sqlcode.BadAsOf("its form is not known: " + s)
			}
		}
	}
	var err error
	switch words[0] {
	case "PRESENT":
	case "UNBOUND":
		a.Kind = Unbound
	case "SCN":
		a.Kind = AtSCN
		a.SCN, err = strconv.ParseUint(value, 10, 64)
	case "TS":
		a.Kind = AtTime
		a.Time, err = time.Parse(timeLayout, value)
	case "NAME":
		a.Kind, a.Name = AtName, value
	case "VERSIONS":
		var known bool
		if a.Range, known = decodeRange(value); !known {
			err = strconv.ErrSyntax
		}
		a.Kind = Between
	default:
		return AsOf{}, sqlcode.BadAsOf("its form is not known: " + s)
	}
	if err != nil {
		return AsOf{}, sqlcode.BadAsOf("its form is not known: " + s)
	}
	return a, nil
}
