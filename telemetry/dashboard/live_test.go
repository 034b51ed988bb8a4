package dashboard

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// open opens the WebSocket of a page.
func (f *fixture) open(t *testing.T, since int64) *websocket.Conn {
	t.Helper()
	header := http.Header{"Cookie": {f.login(t).String()}}
	c, response, err := websocket.Dial(t.Context(), fmt.Sprintf("%s/page/live?since=%d", strings.Replace(f.http.URL, "http", "ws", 1), since), &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	if response.Body != nil {
		response.Body.Close()
	}
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(64 << 20)
	return c
}

func next(t *testing.T, c *websocket.Conn) (f frame) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, text, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return f
}

// TestDeltas: a frame has only what changed, and who comes back gets the seconds that they lack.
func TestDeltas(t *testing.T) {
	f := newFixture(t)
	f.shape(t, 20)
	f.hub.set("health", []byte(`["well"]`))
	f.hub.set("nodes", []byte(`["n1"]`))
	c := f.open(t, 0)
	first := next(t, c)
	if first.Hello == nil || first.Hello.Node != "n1" || len(first.Points.Times) != 20 || len(first.Parts) != 2 {
		t.Fatalf("first frame: %+v", first)
	}
	if got := first.Points.Active[0][19]; got != 2 {
		t.Errorf("%v sessions are on the CPU", got)
	}
	f.hub.set("nodes", []byte(`["n1"]`)) // as it was: nobody is woken
	f.hub.set("health", []byte(`["ill"]`))
	second := next(t, c)
	if len(second.Parts) != 1 || string(second.Parts["health"]) != `["ill"]` || second.Hello != nil || second.Points != nil {
		t.Errorf("second frame: %+v", second)
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte(`{"id":5,"range":60000,"window":10000,"end":1700000020000,"from":1700000010000,"to":1700000020000}`)); err != nil {
		t.Fatal(err)
	}
	if third := next(t, c); third.Summary == nil || third.Summary.ID != 5 || text(third.Summary.SQL) != "a 2.0; b 1.0; " || third.Parts != nil {
		t.Errorf("third frame: %+v", third)
	}
	f.pass(t, 3)
	if back := next(t, f.open(t, first.Points.Times[19])); len(back.Points.Times) != 3 || back.Points.Times[0] <= first.Points.Times[19] {
		t.Errorf("who comes back gets %+v", back.Points)
	}
}

// TestSlowPage: a browser that does not read is not queued for; when it reads again, it soon has the newest.
func TestSlowPage(t *testing.T) {
	f := newFixture(t)
	c := f.open(t, 0)
	next(t, c)
	const changes = 2000
	noise := make([]byte, 16<<10) // cannot be compressed away
	for i := range changes {
		if _, err := rand.Read(noise); err != nil {
			t.Fatal(err)
		}
		f.hub.set("now", fmt.Appendf(nil, `{"n":%d,"noise":%q}`, i, hex.EncodeToString(noise)))
	}
	frames := 0
	for {
		frames++
		var got struct{ N int }
		if err := json.Unmarshal(next(t, c).Parts["now"], &got); err != nil {
			t.Fatal(err)
		}
		if got.N == changes-1 {
			break
		}
	}
	t.Logf("%d changes came in %d frames", changes, frames)
	if frames > changes/2 {
		t.Errorf("%d changes came in %d frames", changes, frames)
	}
}

// TestRevoked: who may not see the page any more is cut off.
func TestRevoked(t *testing.T) {
	f := newFixture(t)
	c := f.open(t, 0)
	next(t, c)
	f.base.change("")
	ctx, cancel := context.WithTimeout(t.Context(), 3*checkEvery)
	defer cancel()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("it ends with %v", err)
	}
}

// TestSections: views are read only while somebody watches, and what they say reaches the page.
func TestSections(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	defer func() { cancel(); <-done }()
	_, _, second := f.hub.since(0)
	<-second // by then all would have been read
	if got := f.base.statements(); got != "" {
		t.Errorf("nobody watches, and it reads %s", got)
	}
	c := f.open(t, 0)
	seen := map[string]string{}
	for len(seen) < len(sections)+1 {
		for name, text := range next(t, c).Parts {
			seen[name] = string(text)
		}
	}
	if seen["health"] != `[{"name":"log"}]` || !strings.Contains(seen["now"], `"scn":100`) {
		t.Errorf("health %s, now %s", seen["health"], seen["now"])
	}
}
