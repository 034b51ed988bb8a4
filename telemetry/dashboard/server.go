package dashboard

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/time/rate"
)

// Server serves the page. Run keeps its figures.
type Server struct {
	options   Options
	attempts  *rate.Limiter // of logins
	hub       *hub
	recorder  *recorder
	answering chan struct{} // has one of each question of another node that is being answered

	mu       sync.Mutex      // orders enter and Close
	stopping context.Context // ends requests and connections of pages
	stop     context.CancelFunc
	requests sync.WaitGroup
}

// Logins: so many at once, and then so many in a second.
const (
	loginsAtOnce    = 20
	loginsPerSecond = 2
)

// New makes a Server.
func New(o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Server{options: o, attempts: rate.NewLimiter(loginsPerSecond, loginsAtOnce), hub: newHub(), answering: make(chan struct{}, answersAtOnce)}
	s.recorder = &recorder{options: &s.options}
	s.stopping, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Close ends the connections of pages, and waits until they are gone. Later requests are refused.
func (s *Server) Close() error {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.requests.Wait()
	return nil
}

// enter counts a request, for Close to wait for; it refuses after that.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Err() != nil {
		return false
	}
	s.requests.Add(1)
	return true
}

// policy lets the page have what the node serves, and nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Serves tells whether a path is one of the page's.
func Serves(path string) bool {
	return path == "/" || strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/page/")
}

// Handler serves the page and its data at an address, HOST:PORT, if only this machine can reach it or what is sent is encrypted: a
// password comes as it is. At other addresses it says what to do.
func (s *Server) Handler(addr string) http.Handler {
	if s.options.Names == nil && !isLoopback(addr) {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusForbidden, "the page asks for a password, and other machines can reach "+addr+", where nothing is encrypted: give the node http-cert and http-key, or an http address of loopback")
		})
	}
	guarded := s.guarded
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", guarded(http.HandlerFunc(index)))
	mux.Handle("GET /assets/", guarded(assets()))
	mux.Handle("POST /page/login", guarded(http.HandlerFunc(s.login)))
	mux.Handle("GET /page/me", guarded(http.HandlerFunc(s.me)))
	mux.Handle("POST /page/logout", guarded(http.HandlerFunc(s.logout)))
	for path, serve := range map[string]func(http.ResponseWriter, *http.Request, Account){
		"GET /page/live": s.live, "GET /page/scn": s.scn, "GET /page/tables": s.tables, "GET /page/rows": s.rows, "GET /page/statement": s.statement,
	} {
		mux.Handle(path, guarded(s.loggedIn(serve)))
	}
	return mux
}

func (s *Server) loggedIn(serve func(http.ResponseWriter, *http.Request, Account)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			s.refuseError(w, errNotServing)
			return
		}
		defer s.requests.Done()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(s.stopping, cancel)()
		r = r.WithContext(ctx)
		a, err := s.account(r)
		if err != nil {
			s.refuseError(w, err)
			return
		}
		serve(w, r, a)
	})
}

// guarded refuses what a page of another site can make a browser send: a name that was made to lead here, or a request that
// began elsewhere.
func (s *Server) guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := s.misdirected(r.Host); why != "" {
			refuse(w, http.StatusMisdirectedRequest, why)
			return
		}
		if site := r.Header.Get("Sec-Fetch-Site"); r.Method == http.MethodPost && site != "" && site != "same-origin" {
			refuse(w, http.StatusForbidden, "the request comes from another site")
			return
		}
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

// misdirected tells why a Host header is not one of this page; empty if it is: localhost, an address of this machine's own, or one that
// the certificate is for.
func (s *Server) misdirected(host string) string {
	name := host
	if alone, _, err := net.SplitHostPort(host); err == nil {
		name = alone
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	switch {
	case strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback():
		return ""
	case s.options.Names == nil:
		return "the page is served to http://localhost and to addresses of numbers, not to http://" + host
	case !s.options.Names(name):
		return "the certificate of http-cert is not for " + name + ": get one that is, or come by a name that it has"
	}
	return ""
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}
