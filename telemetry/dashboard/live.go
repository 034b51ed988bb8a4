package dashboard

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/coder/websocket"

	"redoubt/telemetry"
)

const (
	writeTimeout = 20 * time.Second // for a client to take a frame
	checkEvery   = 5 * time.Second  // whether the user still may see the page
	requestBytes = 8 << 10
	summaryEvery = time.Second // of a window that moves
	// summaryShare bounds what summaries of one page cost: 1 of so many parts of the time.
	summaryShare = 20
)

// page is one browser that watches.
type page struct {
	server  *Server
	account Account
	asked   chan view

	version uint64   // of the hub, that was sent
	points  int64    // milliseconds since 1970 of the newest second that was sent
	log     int64    // the same of the log
	view    *view    // nil: nothing was asked yet
	before  *summary // the latest answer to it
	due     time.Time

	asking   bool           // other nodes are asked for this page
	gathered *gathered      // what they answered, until it is sent
	answered chan *gathered // from who asked them
}

// hello is the first frame.
type hello struct {
	Node    string            `json:"node"`
	Version string            `json:"version"`
	Classes []string          `json:"classes"`
	Events  map[string]string `json:"events"` // what each is
	CPUs    int               `json:"cpus"`
	Now     int64             `json:"now"` // milliseconds since 1970, by the node's clock
	Sampled bool              `json:"sampled"`
}

// frame is what is sent: only what is new.
type frame struct {
	Hello   *hello                     `json:"hello,omitempty"`
	Points  *series                    `json:"points,omitempty"`
	Log     [][]number                 `json:"log,omitempty"` // time, SCN, commits a second, milliseconds of each stage
	Parts   map[string]json.RawMessage `json:"parts,omitempty"`
	Summary *summary                   `json:"summary,omitempty"`
	Cluster *gathered                  `json:"cluster,omitempty"` // of a view of other nodes
	Error   string                     `json:"error,omitempty"`
}

func (f *frame) empty() bool {
	return f.Hello == nil && f.Points == nil && f.Log == nil && f.Parts == nil && f.Summary == nil && f.Cluster == nil && f.Error == ""
}

// live is the WebSocket of a page. Another site's page cannot open it: Accept compares the origin, and the cookie stays away.
func (s *Server) live(w http.ResponseWriter, r *http.Request, a Account) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow() //nolint:errcheck // it may be closed by then
	c.SetReadLimit(requestBytes)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	p := &page{server: s, account: a, asked: make(chan view, 1), answered: make(chan *gathered, 1)}
	p.points, _ = strconv.ParseInt(r.URL.Query().Get("since"), 10, 64) // none: all there is
	p.log = p.points
	s.hub.add(p)
	defer s.hub.remove(p)
	s.requests.Go(func() { defer cancel(); p.read(ctx, c) })
	why, status := p.write(ctx, c), websocket.StatusPolicyViolation
	if s.stopping.Err() != nil {
		why, status = "the node stops", websocket.StatusGoingAway
	}
	_ = c.Close(status, why) // to a client that may be gone
}

// read takes what the page asks for; the newest counts.
func (p *page) read(ctx context.Context, c *websocket.Conn) {
	for {
		_, text, err := c.Read(ctx)
		if err != nil {
			return
		}
		v, err := parseView(text)
		if err != nil {
			_ = c.Close(websocket.StatusUnsupportedData, err.Error()[:min(len(err.Error()), 100)])
			return
		}
		select {
		case <-p.asked: // it was not looked at yet
		default:
		}
		p.asked <- v
	}
}

// write sends frames until the page is gone, the node stops, or the user may not see it any more; it says why.
func (p *page) write(ctx context.Context, c *websocket.Conn) string {
	f := &frame{Hello: p.server.hello()}
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	for {
		next := p.fill(ctx, f)
		if !f.empty() {
			if err := p.send(ctx, c, f); err != nil {
				return "it does not take what is sent"
			}
		}
		f = &frame{}
		select {
		case <-ctx.Done():
			return "it has gone"
		case v := <-p.asked:
			p.view, p.before, p.due = &v, nil, time.Time{}
		case g := <-p.answered:
			p.gathered, p.asking = g, false
		case <-next:
		case <-check.C:
			if _, err := p.account.Check(ctx); err != nil {
				return "log in again"
			}
		}
	}
}

func (p *page) send(ctx context.Context, c *websocket.Conn, f *frame) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.Write(ctx, websocket.MessageText, text)
}

// fill adds to a frame what is new, and gives what is closed when there is more.
func (p *page) fill(ctx context.Context, f *frame) (next <-chan struct{}) {
	f.Parts, p.version, next = p.server.hub.since(p.version)
	now := time.Now()
	p.addPoints(f, now)
	for _, s := range p.server.recorder.after(p.log) {
		f.Log = append(f.Log, []number{
			number(s.Millis), number(s.SCN), number(s.Commits), number(s.Average[0]), number(s.Average[1]), number(s.Average[2]), number(s.Average[3]),
		})
		p.log = s.Millis
	}
	if p.gathered != nil {
		p.addGathered(f, now)
	}
	if p.view == nil || p.asking || now.Before(p.due) {
		return next
	}
	if p.view.Node != "" && p.view.Node != p.server.options.Node {
		p.askOthers(ctx, now)
		return next
	}
	p.addSummary(f, now)
	return next
}

// addSummary adds the answer to a view of this node.
func (p *page) addSummary(f *frame, now time.Time) {
	summary, err := p.server.summarize(p.view, p.before, now)
	if err == nil {
		err = p.server.describe(p.account, summary)
	}
	if f.Summary, p.before = summary, summary; err != nil {
		f.Error = err.Error()
	}
	p.due = now.Add(max(summaryEvery-lookPeriod, summaryShare*time.Since(now)))
	if !p.view.live() {
		p.due = now.Add(time.Hour)
	}
}

// addPoints adds the seconds that the page does not have.
func (p *page) addPoints(f *frame, now time.Time) {
	if p.server.options.Sampler == nil {
		return
	}
	list := p.server.options.Sampler.Series(time.UnixMilli(p.points+1), now.Add(time.Second), time.Second)
	if len(list) == 0 {
		return
	}
	f.Points = &series{Active: map[int][]number{}}
	for i := range list {
		p.points = list[i].Time.UnixMilli()
		c := classes(list[i].Active)
		f.Points.add(p.points, &c)
	}
}

func (s *Server) hello() *hello {
	h := &hello{
		Node: s.options.Node, Version: s.options.Version, CPUs: runtime.GOMAXPROCS(0), Now: time.Now().UnixMilli(), Sampled: s.options.Sampler != nil,
		Events: map[string]string{},
	}
	for c := range telemetry.Classes {
		h.Classes = append(h.Classes, c.String())
	}
	for _, e := range telemetry.EventList() {
		h.Events[e.Name] = e.Help
	}
	return h
}
