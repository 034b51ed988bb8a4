package storage

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/flashback/versions"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// follow finds the life of a name. A range that begins at the floor begins with what was there then, and so does one that
// begins with history if not all of it is kept.
func (d *Database) follow(session *Session, name string, within versions.Range, asked parser.VersionsRange) (*versions.Life, error) {
	e := d.store.engine
	for {
		life, found, err := versions.Follow(e, d.name, name, within)
		switch {
		case err != nil:
			return nil, err
		case !found && asked.Unbound:
			return nil, gsql.ErrTableNotFound.New(name)
		case !found:
			return nil, sqlcode.AsOfNoTable(d.name+"."+name, asked.String())
		}
		if _, err := session.pastTxn(within.From - 1); err != nil { // which keeps history from being dropped from here on
			return nil, err
		}
		floor := life.Floor(e)
		if floor == 0 || floor > within.To || asked.Low.Kind != parser.Lowest && !asked.Unbound && within.From != floor {
			return life, nil // whoever reads it is told if it is not kept
		}
		within.From, within.Before = floor+1, true
	}
}

// versionsRange turns the ends of a range into SCNs. A time that is that of a commit is its SCN; at another the range
// begins with what was there then.
func (s *Session) versionsRange(ctx *gsql.Context, r parser.VersionsRange) (out versions.Range, err error) {
	out.From = 1
	if out.To, err = s.versionsEnd(ctx, r); err != nil {
		return out, err
	}
	switch r.Low.Kind {
	case parser.Lowest, parser.Present:
	case parser.Highest:
		out.From = max(out.To, 1)
	default:
		at, err := s.Resolve(ctx, r.Low.Point())
		if err != nil {
			return out, err
		}
		out.From = max(at, 1)
		if r.Low.Kind == parser.AtTime {
			micros, err := s.store.engine.SCNToTime(at)
			if err != nil {
				return out, err
			}
			if at == 0 || micros != r.Low.Time.UnixMicro() {
				out.From, out.Before = at+1, true
			}
		}
	}
	if endsTooEarly(out, r) {
		return out, sqlcode.New(sqlcode.IDVersionsRange, "it ends before it begins, "+r.String())
	}
	return out, nil
}

// endsTooEarly tells whether a range ends before it begins. One that lies between two commits does not.
func endsTooEarly(out versions.Range, r parser.VersionsRange) bool {
	switch {
	case r.High.Kind == parser.Lowest && r.Low.Kind != parser.Lowest:
		return true
	case r.Low.Kind == parser.AtTime && r.High.Kind == parser.AtTime && r.High.Time.Before(r.Low.Time):
		return true
	case out.Before, r.Low.Kind == parser.Lowest:
		return out.From > out.To+1
	}
	return out.From > out.To
}

func (s *Session) versionsEnd(ctx *gsql.Context, r parser.VersionsRange) (scn.SCN, error) {
	point := r.High.Point()
	switch point.Kind {
	case parser.Highest:
		point.Kind = parser.Present // what the statement sees
	case parser.Lowest:
		return 0, nil
	case parser.AtTime:
		if r.HalfOpen {
			return s.store.engine.TimeToSCN(point.Time.UnixMicro() - 1)
		}
	}
	at, err := s.Resolve(ctx, point)
	if err == nil && r.HalfOpen && at > 0 && (point.Kind == parser.AtSCN || point.Kind == parser.AtName) {
		at--
	}
	return at, err
}
