package dashboard

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"redoubt/telemetry"
)

// neighbours are the other nodes of a test; one that is nil does not answer.
type neighbours map[string]*fixture

var errAway = errors.New("connection refused")

func (n neighbours) Names() (names []string, err error) {
	for name := range n {
		names = append(names, name)
	}
	return names, nil
}

func (n neighbours) Ask(ctx context.Context, node string, question []byte) ([]byte, error) {
	if n[node] == nil {
		return nil, errAway
	}
	return n[node].Answer(ctx, question)
}

// awaitCluster reads frames until other nodes have answered with a summary.
func awaitCluster(t *testing.T, c *websocket.Conn, id int) frame {
	t.Helper()
	for {
		f := next(t, c)
		if f.Cluster != nil && (f.Summary == nil || f.Summary.ID == id) {
			return f
		}
	}
}

func ask(t *testing.T, c *websocket.Conn, view string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(view)); err != nil {
		t.Fatal(err)
	}
}

// TestOtherNode: a page shows the window of another node, of all together, and names those that do not answer.
func TestOtherNode(t *testing.T) {
	here, there := newFixture(t), newFixture(t)
	there.options.Node = "n2"
	here.options.Others = neighbours{"n2": there, "n3": nil}
	here.shape(t, 20)
	there.shape(t, 10)
	sel := "select"
	s := there.slots.Take(telemetry.Identity{Session: 9, User: "cid"})
	s.Call(0xc, &sel, there.at.UnixMicro())
	there.pass(t, 10)
	c := here.open(t, 0)
	next(t, c)
	const window = `"range":60000,"window":8000,"end":1700000020000,"from":1700000012000,"to":1700000020000}`

	ask(t, c, `{"id":1,"node":"n2",`+window)
	f := awaitCluster(t, c, 1)
	if got := text(f.Summary.SQL); got != "a 2.0; b 1.0; c 1.0; " || f.Cluster.Nodes[0] != "n2" || len(f.Cluster.Missing) != 0 {
		t.Errorf("of n2: %s, %+v", got, f.Cluster)
	}
	if f.Summary.Sessions[0].Node != "n2" || f.Cluster.Now.Sessions[0].Node != "n2" || f.Cluster.Now.Logged != 4 {
		t.Errorf("sessions of n2: %+v, now %+v", f.Summary.Sessions[0], f.Cluster.Now)
	}

	ask(t, c, `{"id":2,"node":"*",`+window)
	f = awaitCluster(t, c, 2)
	if got := text(f.Summary.SQL); got != "a 4.0; b 2.0; c 1.0; " || f.Summary.Total != 7 || f.Cluster.Now.Logged != 7 {
		t.Errorf("of all: %s, total %v, now %+v", got, f.Summary.Total, f.Cluster.Now)
	}
	if len(f.Cluster.Missing) != 1 || f.Cluster.Missing[0] != (missing{"n3", errAway.Error()}) {
		t.Errorf("missing: %+v", f.Cluster.Missing)
	}
	if at := f.Summary.Chart.at(1_700_000_015_000); math.Abs(at-7) > 0.5 {
		t.Errorf("the chart has %v sessions where there were 7", at)
	}

	ask(t, c, `{"id":3,"node":"n3",`+window)
	if f = awaitCluster(t, c, 3); f.Summary != nil || len(f.Cluster.Missing) != 1 {
		t.Errorf("of a node that is away: %+v, %+v", f.Summary, f.Cluster)
	}
	ask(t, c, `{"id":4,`+window)
	for f = next(t, c); f.Summary == nil || f.Summary.ID != 4; f = next(t, c) {
	}
	if got := text(f.Summary.SQL); got != "a 2.0; b 1.0; " || f.Cluster != nil {
		t.Errorf("of this node again: %s", got)
	}
	_, body := here.ask(t, "GET", "/page/statement?sql=c&node=n3", "", func(r *http.Request) { r.AddCookie(here.login(t)) })
	if !strings.Contains(body, errAway.Error()) {
		t.Errorf("a statement on a node that is away: %s", body)
	}
}

// at is all that the chart has for a moment.
func (s *series) at(millis int64) (sum float64) {
	for _, column := range s.Active {
		for i, end := range s.Times {
			if end >= millis {
				sum += float64(column[i])
				break
			}
		}
	}
	return sum
}

// TestOthersAreRefused: who may not see the page of this node learns nothing through another one.
func TestOthersAreRefused(t *testing.T) {
	f := newFixture(t)
	f.shape(t, 3)
	question := []byte(`{"user":"ann","host":"%"}`)
	if got, err := f.Answer(t.Context(), question); err != nil || !strings.Contains(string(got), `"now"`) {
		t.Fatalf("%s, %v", got, err)
	}
	f.base.change("")
	if got, err := f.Answer(t.Context(), question); !errors.Is(err, ErrLogin) {
		t.Errorf("%s, %v", got, err)
	}
}

// TestSummed: a chart with longer steps is not changed by how fine the other is.
func TestSummed(t *testing.T) {
	fine, coarse := &series{Active: map[int][]number{}}, &series{Active: map[int][]number{}}
	for i := range int64(40) {
		fine.add((i+1)*1000, &classes{1: 2})
	}
	for i := range int64(4) {
		coarse.add((i+1)*10_000, &classes{1: 1, 2: 3})
	}
	for _, got := range []*series{summed(fine, coarse), summed(coarse, fine)} {
		for i := range 4 {
			if len(got.Times) != 4 || got.Active[1][i] != 3 || got.Active[2][i] != 3 {
				t.Errorf("%+v", got)
			}
		}
	}
}
