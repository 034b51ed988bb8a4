package health

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/VictoriaMetrics/metrics"

	"redoubt/telemetry"
)

// Handler serves /livez, /readyz, /healthz and /metrics.
func Handler(checks *telemetry.Checks, sets ...*metrics.Set) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", answer(checks, func(r telemetry.Result) bool { return r.Ready }))
	mux.HandleFunc("GET /healthz", answer(checks, func(telemetry.Result) bool { return true }))
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		telemetry.WriteMetrics(w, sets...)
	})
	return mux
}

// answer asks all checks; those that matter decide the status, the others are only told of.
func answer(checks *telemetry.Checks, matters func(telemetry.Result) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var text strings.Builder
		well := true
		verbose := r.URL.Query().Has("verbose")
		for _, result := range checks.Run(r.Context()) {
			switch {
			case result.Err != nil:
				fmt.Fprintf(&text, "[-]%s failed: %v\n", result.Name, result.Err)
				well = well && !matters(result)
			case verbose:
				fmt.Fprintf(&text, "[+]%s ok\n", result.Name)
			}
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if !well {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "%sfailed\n", &text)
			return
		}
		fmt.Fprintf(w, "%sok\n", &text)
	}
}
