package dashboard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

const (
	keyBytes   = 32
	cookieName = "redoubt_page"
	loginLasts = 12 * time.Hour
)

// ticket is what a cookie says. It is signed together with what is kept of the user's password: a new one makes it void.
type ticket struct {
	User    string `json:"u"`
	Host    string `json:"h"`
	Expires int64  `json:"e"` // seconds since 1970
}

// sign makes the text of a cookie: the ticket and its signature.
func (s *Server) sign(t ticket, secret string) (string, error) {
	body, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(body) + "." + base64.RawURLEncoding.EncodeToString(s.mac(body, secret)), nil
}

func (s *Server) mac(body []byte, secret string) []byte {
	m := hmac.New(sha256.New, s.options.Key)
	m.Write(body)
	m.Write([]byte{0})
	m.Write([]byte(secret))
	return m.Sum(nil)
}

// parseCookie reads a cookie's text without trusting it.
func parseCookie(text string) (t ticket, body, mac []byte, err error) {
	first, second, ok := strings.Cut(text, ".")
	if !ok {
		return t, nil, nil, errors.New("it has no signature")
	}
	if body, err = base64.RawURLEncoding.DecodeString(first); err == nil {
		mac, err = base64.RawURLEncoding.DecodeString(second)
	}
	if err == nil {
		err = json.Unmarshal(body, &t)
	}
	return t, body, mac, err
}

// account gives who sent a request; ErrLogin if they have not logged in, or may not see the page any more.
func (s *Server) account(r *http.Request) (Account, error) {
	database := s.options.Database()
	if database == nil {
		return nil, errNotServing
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, ErrLogin
	}
	t, body, mac, err := parseCookie(cookie.Value)
	if err != nil || t.Expires <= time.Now().Unix() {
		return nil, ErrLogin
	}
	a := database.AccountOf(t.User, t.Host)
	secret, err := a.Check(r.Context())
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(mac, s.mac(body, secret)) {
		return nil, ErrLogin
	}
	return a, nil
}

// cookie is what the browser keeps: no script can read it, and no other site's page makes the browser send it.
func (s *Server) cookie(value string, lasts time.Duration) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: int(lasts / time.Second),
		Secure: s.options.Names != nil,
	}
}
