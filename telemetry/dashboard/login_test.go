package dashboard

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestLogin: only who logs in sees data, by a cookie that no script and no other site can use, and only as long as they may.
func TestLogin(t *testing.T) {
	f := newFixture(t)
	rows := "/page/rows?scn=7&schema=shop&table=or%60ders"
	with := func(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }
	if response, _ := f.ask(t, http.MethodGet, rows, "", nil); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a login: %s", response.Status)
	}
	if _, text := f.ask(t, http.MethodGet, "/page/me", "", nil); strings.TrimSpace(text) != `{"user":null}` {
		t.Errorf("nobody is %s", text)
	}
	if response, _ := f.ask(t, http.MethodPost, "/page/login", `{"user":"ann","password":"wrong"}`, nil); response.StatusCode != http.StatusUnauthorized || len(response.Cookies()) > 0 {
		t.Errorf("wrong password: %s, %v", response.Status, response.Cookies())
	}
	c := f.login(t)
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge != int(loginLasts/time.Second) {
		t.Errorf("cookie %+v", c)
	}
	response, text := f.ask(t, http.MethodGet, rows, "", with(c))
	if want := "SELECT * FROM `shop`.`or``ders` AS OF SCN 7 LIMIT 100"; response.StatusCode != http.StatusOK || f.base.statements() != want {
		t.Errorf("rows: %s %s; it read %q, not %q", response.Status, text, f.base.statements(), want)
	}
	forged := *c
	forged.Value = "A" + c.Value[1:]
	if response, _ := f.ask(t, http.MethodGet, rows, "", with(&forged)); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("forged cookie: %s", response.Status)
	}
	old, err := f.sign(ticket{"ann", "%", time.Now().Add(-time.Second).Unix()}, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if response, _ := f.ask(t, http.MethodGet, rows, "", with(f.cookie(old, time.Hour))); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("old cookie: %s", response.Status)
	}
	for _, password := range []string{"another", ""} {
		f.base.change(password)
		if response, _ := f.ask(t, http.MethodGet, rows, "", with(c)); response.StatusCode != http.StatusUnauthorized {
			t.Errorf("after the password became %q: %s", password, response.Status)
		}
	}
}

// TestStrangers: other sites' pages get nothing, by whatever name or way; on addresses that others reach there is no page.
func TestStrangers(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/", "/page/me", "/assets/x.js"} {
		if response, _ := f.ask(t, http.MethodGet, path, "", func(r *http.Request) { r.Host = "evil.example:80" }); response.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s by another name: %s", path, response.Status)
		}
	}
	for _, site := range []string{"cross-site", "same-site", "none"} {
		response, _ := f.ask(t, http.MethodPost, "/page/login", `{"user":"ann","password":"secret"}`, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) })
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("login from %s: %s", site, response.Status)
		}
	}
	response, text := f.ask(t, http.MethodGet, "/", "", func(r *http.Request) { r.Host = "localhost:8080" })
	if response.StatusCode != http.StatusOK || !strings.Contains(text, "<title>Redoubt</title>") || response.Header.Get("Content-Security-Policy") != policy {
		t.Errorf("the page: %s\n%s", response.Status, text)
	}
	for _, addr := range []string{"0.0.0.0:8080", "10.0.0.1:80", "[::]:80", "db.example:80", ""} {
		if got := f.status(addr, "db.example"); got != http.StatusForbidden {
			t.Errorf("%q serves the page in the clear: %d", addr, got)
		}
	}
	if got := f.status("[::1]:8080", "[::1]:8080"); got != http.StatusOK {
		t.Errorf("[::1] does not serve the page: %d", got)
	}
	f.options.Names = func(host string) bool { return host == "db.example" || host == "10.0.0.1" }
	for host, want := range map[string]int{
		"db.example:8307": http.StatusOK, "10.0.0.1:8307": http.StatusOK, "localhost:8307": http.StatusOK, "evil.example:8307": http.StatusMisdirectedRequest,
	} {
		if got := f.status("0.0.0.0:8307", host); got != want {
			t.Errorf("with a certificate, as %s: %d, want %d", host, got, want)
		}
	}
	if c := f.cookie("", time.Hour); !c.Secure {
		t.Error("the cookie goes in the clear, too")
	}
}

// status is what the page says at an address, by a name.
func (f *fixture) status(addr, host string) int {
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	r.Host = host
	f.Handler(addr).ServeHTTP(w, r)
	return w.Code
}

// TestTooManyLogins: passwords cannot be tried as fast as they come.
func TestTooManyLogins(t *testing.T) {
	f := newFixture(t)
	refused := 0
	for range loginsAtOnce + 10 {
		if response, _ := f.ask(t, http.MethodPost, "/page/login", `{"user":"ann","password":"guess"}`, nil); response.StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 5 {
		t.Errorf("%d of %d logins were refused", refused, loginsAtOnce+10)
	}
}
