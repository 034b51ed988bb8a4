package health

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"redoubt/telemetry"
)

func TestAnswers(t *testing.T) {
	var ready, other error
	checks := &telemetry.Checks{}
	checks.Add(telemetry.Check{Name: "log", Ready: true, Ask: func(context.Context) error { return ready }})
	checks.Add(telemetry.Check{Name: "disk", Ask: func(context.Context) error { return other }})
	set := telemetry.NewSet()
	set.NewCounter(`redoubt_sql_statements_total{kind="a"}`).Add(3)
	handler := Handler(checks, set)
	f := func(path string, status int, wants ...string) {
		t.Helper()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		for _, want := range wants {
			if w.Code != status || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %d %q, want %d and %q", path, w.Code, w.Body, status, want)
			}
		}
	}
	f("/readyz", 200, "ok")
	f("/readyz?verbose", 200, "[+]log ok", "[+]disk ok")
	f("/metrics", 200, `redoubt_sql_statements_total{kind="a"} 3`, "# TYPE redoubt_sql_statements_total counter", "process_resident_memory_bytes")
	other = errors.New("4 % free")
	f("/readyz", 200, "[-]disk failed: 4 % free")
	f("/healthz", 503, "[-]disk failed: 4 % free")
	ready = errors.New("no leader")
	f("/readyz", 503, "[-]log failed: no leader")
	f("/livez", 200, "ok")
	f("/nothing", 404, "")
}
