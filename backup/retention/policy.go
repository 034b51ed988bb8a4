package retention

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Policy says how much a repository keeps. The rules that are set hold together: what one of them wants stays. Without any rule
// everything stays.
type Policy struct {
	Redundancy int  `json:"redundancy,omitempty"` // the newest so many backups, and the log from the oldest of them on
	Window     Span `json:"window,omitempty"`     // every commit of so long ago and later
	Hourly     int  `json:"hourly,omitempty"`     // the last backup of each of the newest so many hours that have one
	Daily      int  `json:"daily,omitempty"`
	Weekly     int  `json:"weekly,omitempty"`
	Monthly    int  `json:"monthly,omitempty"`
	Yearly     int  `json:"yearly,omitempty"`
	MaxAge     Span `json:"max_age,omitempty"` // nothing older stays but what Window, the floor or a hand keeps; alone: the rest stays
	// MinRedundancy is the floor under every deletion: the newest so many usable backups, and the log behind the oldest of
	// them. Less than 1 is 1.
	MinRedundancy int `json:"min_redundancy,omitempty"`
}

// Floor is the least number of usable backups that any deletion leaves.
func (p *Policy) Floor() int { return max(p.MinRedundancy, 1) }

// Empty tells whether there is no rule by which anything may go.
func (p *Policy) Empty() bool { return !p.selects() && p.MaxAge == 0 }

// selects tells whether any rule says what is wanted.
func (p *Policy) selects() bool {
	return p.Redundancy > 0 || p.Window > 0 || p.Hourly > 0 || p.Daily > 0 || p.Weekly > 0 || p.Monthly > 0 || p.Yearly > 0
}

// Validate reports what cannot be meant.
func (p *Policy) Validate() error {
	for _, n := range []int{p.Redundancy, p.Hourly, p.Daily, p.Weekly, p.Monthly, p.Yearly, p.MinRedundancy} {
		if n < 0 {
			return errors.New("a retention policy counts from 0 on")
		}
	}
	if p.Window < 0 || p.MaxAge < 0 {
		return errors.New("a retention policy looks back: its times are not negative")
	}
	return nil
}

// String is the policy in words.
func (p *Policy) String() string {
	var rules []string
	add := func(set bool, format string, args ...any) {
		if set {
			rules = append(rules, fmt.Sprintf(format, args...))
		}
	}
	add(p.Redundancy > 0, "redundancy %d", p.Redundancy)
	add(p.Window > 0, "recovery window of %s", p.Window)
	for _, c := range p.periods() {
		add(c.count > 0, "%d %s", c.count, c.name)
	}
	add(p.MaxAge > 0, "maximum age %s", p.MaxAge)
	if p.Empty() {
		rules = append(rules, "everything stays")
	}
	rules = append(rules, fmt.Sprintf("never fewer than %d", p.Floor()))
	return strings.Join(rules, ", ")
}

// period is one of those of which the last backup is kept.
type period struct {
	name  string
	count int
	of    func(time.Time) string // the period that a time lies in
}

func (p *Policy) periods() []period {
	layout := func(l string) func(time.Time) string { return func(t time.Time) string { return t.Format(l) } }
	week := func(t time.Time) string {
		year, w := t.ISOWeek()
		return fmt.Sprintf("%d week %d", year, w)
	}
	return []period{
		{"hourly", p.Hourly, layout("2006-01-02 15h")},
		{"daily", p.Daily, layout("2006-01-02")},
		{"weekly", p.Weekly, week},
		{"monthly", p.Monthly, layout("2006-01")},
		{"yearly", p.Yearly, layout("2006")},
	}
}

// Span is a length of time that is written with d for days of 24 hours, too.
type Span time.Duration

const day = 24 * time.Hour

// ParseSpan reads one: 7d, 36h, 1d12h.
func ParseSpan(s string) (Span, error) {
	rest, days := s, time.Duration(0)
	if before, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(before, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%q is not a length of time: write 7d, 36h or 1d12h", s)
		}
		if rest, days = after, time.Duration(n)*day; rest == "" {
			rest = "0s"
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a length of time: write 7d, 36h or 1d12h", s)
	}
	return Span(days + d), nil
}

// String writes it as ParseSpan reads it.
func (s Span) String() string {
	d := time.Duration(s)
	switch {
	case d%day == 0 && d > 0:
		return fmt.Sprintf("%dd", d/day)
	case d > day:
		return fmt.Sprintf("%dd%s", d/day, d%day)
	}
	return d.String()
}

// MarshalJSON implements json.Marshaler.
func (s Span) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (s *Span) UnmarshalJSON(b []byte) (err error) {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	*s, err = ParseSpan(text)
	return err
}
