package sysbench

import (
	"strings"
	"testing"
)

const page = `SQL statistics:
    queries performed:
        read:                            14
        total:                           20
    transactions:                        1543   (512.10 per sec.)
    queries:                             31617  (10493.14 per sec.)
    ignored errors:                      48     (15.93 per sec.)
    reconnects:                          0      (0.00 per sec.)

Latency (ms):
         95th percentile:                       41.10
`

func TestParse(t *testing.T) {
	r, err := parse(page)
	if err != nil {
		t.Fatal(err)
	}
	if want := (result{statements: 31617, perSecond: 10493.14, transactions: 1543, again: 48, p95: 41.1}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
	for what, change := range map[string][2]string{
		"a lost connection": {"reconnects:                          0", "reconnects:                          1"},
		"nothing done":      {"queries:                             31617", "queries:                             0"},
		"no percentile":     {"95th", "96th"},
	} {
		if _, err := parse(strings.Replace(page, change[0], change[1], 1)); err == nil {
			t.Errorf("%s was not noticed", what)
		}
	}
}

func TestFirstError(t *testing.T) {
	said := "Threads started!\nFATAL: mysql_stmt_execute() returned error 1205 (Lock wait timeout exceeded) for query 'COMMIT'\nFATAL: `thread_run' function failed\n"
	if got := firstError(said); !strings.Contains(got, "1205") || strings.Contains(got, "thread_run") {
		t.Errorf("got %q", got)
	}
	if got := firstError("no such file"); got != "no such file" {
		t.Errorf("got %q", got)
	}
}
