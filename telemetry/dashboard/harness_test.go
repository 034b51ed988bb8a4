package dashboard

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"redoubt/telemetry"
	"redoubt/telemetry/ash"
)

// base has one user, ann, with a password, and gives one row to whoever reads.
type base struct {
	mu       sync.Mutex
	password string // empty: there is no such user any more
	read     []string
}

func (b *base) Login(_ context.Context, user, password string, _ net.Addr) (Account, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if user != "ann" || password == "" || password != b.password {
		return nil, ErrLogin
	}
	return account{b}, nil
}

func (b *base) AccountOf(string, string) Account { return account{b} }

func (b *base) change(password string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.password = password
}

func (b *base) statements() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.read, "\n")
}

type account struct{ base *base }

func (a account) User() (string, string) { return "ann", "%" }

func (a account) Check(context.Context) (string, error) {
	a.base.mu.Lock()
	defer a.base.mu.Unlock()
	if a.base.password == "" {
		return "", ErrLogin
	}
	return a.base.password, nil
}

func (a account) Read(_ context.Context, text string) (*Rows, error) {
	a.base.mu.Lock()
	defer a.base.mu.Unlock()
	a.base.read = append(a.base.read, text)
	return &Rows{Columns: []string{"name", "gone"}, Rows: [][]any{{"log", nil}}}, nil
}

// years is a past in which SCN n was committed n seconds after 1970.
type years struct{}

func (years) Applied() uint64                    { return 100 }
func (years) TimeOf(at uint64) (int64, error)    { return int64(at) * 1e6, nil }
func (years) SCNAt(micros int64) (uint64, error) { return uint64(micros / 1e6), nil }
func (years) Tables(uint64) ([][2]string, error) { return [][2]string{{"shop", "orders"}}, nil }

// fixture is a Server whose clock of samples stands still.
type fixture struct {
	*Server
	base    *base
	slots   *telemetry.Slots
	sampler *ash.Sampler
	dir     string // of the sampler
	at      time.Time
	http    *httptest.Server
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{base: &base{password: "secret"}, slots: telemetry.NewSlots(), dir: t.TempDir(), at: time.UnixMicro(1_700_000_000_000_000)}
	f.openSampler(t)
	var err error
	f.Server, err = New(Options{
		Database: func() Database { return f.base }, Past: years{}, Slots: f.slots, Sampler: f.sampler, Node: "n1", Key: bytes.Repeat([]byte{7}, keyBytes),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.http = httptest.NewServer(f.Handler("127.0.0.1:1"))
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		f.http.Close()
		if err := f.sampler.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) openSampler(t *testing.T) {
	t.Helper()
	var err error
	if f.sampler, err = ash.New(ash.Options{Slots: f.slots, Dir: f.dir, Now: func() time.Time { return f.at }}); err != nil {
		t.Fatal(err)
	}
}

// restart gives the Server a new sampler, as a node has that was started again.
func (f *fixture) restart(t *testing.T) {
	t.Helper()
	if err := f.sampler.Close(); err != nil {
		t.Fatal(err)
	}
	f.openSampler(t)
	f.options.Sampler = f.sampler
}

// pass lets seconds go by, with a sample of each.
func (f *fixture) pass(t *testing.T, seconds int) {
	t.Helper()
	for range seconds * int(ash.Period/ash.FinePeriod) {
		f.at = f.at.Add(ash.FinePeriod)
		if err := f.sampler.Sweep(); err != nil {
			t.Fatal(err)
		}
	}
}

// ask sends a request and gives status and body.
func (f *fixture) ask(t *testing.T, method, path, body string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.http.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	response, err := f.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// login logs ann in and gives her cookie.
func (f *fixture) login(t *testing.T) *http.Cookie {
	t.Helper()
	response, text := f.ask(t, http.MethodPost, "/page/login", `{"user":"ann","password":"secret"}`, nil)
	if response.StatusCode != http.StatusOK || len(response.Cookies()) != 1 {
		t.Fatalf("login: %s %s", response.Status, text)
	}
	return response.Cookies()[0]
}
