package dashboard

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"
)

var errNotServing = errors.New("the node does not serve clients now: try again")

// loginBytesMax bounds what a login may send.
const loginBytesMax = 4 << 10

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if !s.attempts.Allow() {
		refuse(w, http.StatusTooManyRequests, "too many logins: try again in a second")
		return
	}
	var in struct{ User, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, loginBytesMax)).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, "the login is not JSON: "+err.Error())
		return
	}
	database := s.options.Database()
	if database == nil {
		refuse(w, http.StatusServiceUnavailable, errNotServing.Error())
		return
	}
	from, err := net.ResolveTCPAddr("tcp", r.RemoteAddr) // it is an address of numbers: nobody is asked
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	a, err := database.Login(r.Context(), in.User, in.Password, from)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	secret, err := a.Check(r.Context())
	if err != nil {
		s.refuseError(w, err)
		return
	}
	user, host := a.User()
	text, err := s.sign(ticket{user, host, time.Now().Add(loginLasts).Unix()}, secret)
	if err != nil {
		s.refuseError(w, err)
		return
	}
	http.SetCookie(w, s.cookie(text, loginLasts))
	answer(w, map[string]string{"user": user})
}

// logout makes the browser forget the login.
func (s *Server) logout(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, s.cookie("", -time.Second))
	answer(w, map[string]string{})
}

// me tells who is logged in; that nobody is, is an answer, too.
func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	a, err := s.account(r)
	switch {
	case errors.Is(err, ErrLogin):
		answer(w, map[string]any{"user": nil})
	case err != nil:
		s.refuseError(w, err)
	default:
		user, _ := a.User()
		answer(w, map[string]string{"user": user})
	}
}

// refuseError answers with the status that fits an error.
func (s *Server) refuseError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, ErrLogin):
		status = http.StatusUnauthorized
	case errors.Is(err, errNotServing):
		status = http.StatusServiceUnavailable
	}
	refuse(w, status, err.Error())
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encode(w, map[string]string{"error": why})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	encode(w, v)
}

// encode writes to a client that may be gone by then, which is its own affair.
func encode(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
