package health

import (
	"net"
	"net/http"
	"net/http/pprof"
)

// WithProfiles serves what h does, and the profiles of the process under /debug/pprof/ if addr, HOST:PORT, is one that
// only this machine can reach: a profile takes processor time from clients and tells of memory.
func WithProfiles(h http.Handler, addr string) http.Handler {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return h
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
