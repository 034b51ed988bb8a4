package sysbench

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// result is what sysbench says of a run.
type result struct {
	statements, perSecond float64
	transactions          float64
	again                 float64 // transactions that met error 1213 and were run again
	p95                   float64 // milliseconds of a transaction
}

var (
	statementsLine   = regexp.MustCompile(`queries: +(\d+) +\(([0-9.]+) per sec`)
	transactionsLine = regexp.MustCompile(`transactions: +(\d+)`)
	againLine        = regexp.MustCompile(`ignored errors: +(\d+)`)
	reconnectsLine   = regexp.MustCompile(`reconnects: +(\d+)`)
	p95Line          = regexp.MustCompile(`95th percentile: +([0-9.]+)`)
)

// parse reads the page that sysbench prints after a run. A run that did nothing, or lost a connection, is an error.
func parse(said string) (r result, err error) {
	var reconnects float64
	for _, want := range []struct {
		line  *regexp.Regexp
		group int
		at    *float64
	}{
		{statementsLine, 1, &r.statements},
		{statementsLine, 2, &r.perSecond},
		{transactionsLine, 1, &r.transactions},
		{againLine, 1, &r.again},
		{reconnectsLine, 1, &reconnects},
		{p95Line, 1, &r.p95},
	} {
		found := want.line.FindStringSubmatch(said)
		if found == nil {
			return r, fmt.Errorf("sysbench says nothing like %s: %s", want.line, said)
		}
		if *want.at, err = strconv.ParseFloat(found[want.group], 64); err != nil {
			return r, fmt.Errorf("sysbench says %q: %w", found[0], err)
		}
	}
	if r.statements == 0 || r.transactions == 0 {
		return r, fmt.Errorf("sysbench did nothing: %s", said)
	}
	if reconnects != 0 {
		return r, fmt.Errorf("sysbench lost %.0f connections", reconnects)
	}
	return r, nil
}

// firstError is the line in which sysbench says what went wrong, else the end of what it said.
func firstError(said string) string {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "FATAL: mysql") || strings.Contains(line, "returned error") {
			return strings.TrimSpace(line)
		}
	}
	return said[max(0, len(said)-500):]
}
