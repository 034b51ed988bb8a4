package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// Others are the other nodes of the cluster, each of which has a Server. It is safe for concurrent use.
type Others interface {
	// Names lists them by what this node knows; nobody is asked.
	Names() ([]string, error)
	// Ask gives a question to the Answer of a node.
	Ask(ctx context.Context, node string, question []byte) (answer []byte, err error)
}

const (
	// allNodes is the name by which a view means every node.
	allNodes = "*"
	// askTimeout is how long another node may take to answer.
	askTimeout = 2 * time.Second
	// answersAtOnce bounds what a node does for the pages of others.
	answersAtOnce = 4
	// mergedRows are asked of each node for the lists of all: what is beyond them on every node is missing from a sum.
	mergedRows = 8 * topRows
)

// question is what the page of one node asks another one. Who asks may log in to the page there, too: users are of the cluster.
type question struct {
	User string          `json:"user"`
	Host string          `json:"host"`
	View json.RawMessage `json:"view,omitempty"` // whose summary is wanted; none: only what sessions do now
	Rows int             `json:"rows,omitempty"` // of each list
	SQL  string          `json:"sql,omitempty"`  // digest of a statement, of which alone the answer tells
}

// reply is the answer.
type reply struct {
	Summary   *summary        `json:"summary,omitempty"`
	Now       *look           `json:"now,omitempty"`
	Locks     json.RawMessage `json:"locks,omitempty"`
	CPUs      int             `json:"cpus,omitempty"`
	Sampled   bool            `json:"sampled,omitempty"`
	Statement map[string]any  `json:"statement,omitempty"`
}

// Answer answers the page of another node, in bounded size and, with ctx, time.
func (s *Server) Answer(ctx context.Context, text []byte) ([]byte, error) {
	var q question
	if err := json.Unmarshal(text, &q); err != nil {
		return nil, fmt.Errorf("question of a page: %w", err)
	}
	if !s.enter() {
		return nil, errNotServing
	}
	defer s.requests.Done()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	select {
	case s.answering <- struct{}{}:
		defer func() { <-s.answering }()
	case <-ctx.Done():
		return nil, fmt.Errorf("the pages of other nodes ask too much: %w", context.Cause(ctx))
	}
	database := s.options.Database()
	if database == nil {
		return nil, errNotServing
	}
	a := database.AccountOf(q.User, q.Host)
	if _, err := a.Check(ctx); err != nil {
		return nil, err
	}
	r, err := s.reply(ctx, a, &q)
	if err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

// reply answers for this node.
func (s *Server) reply(ctx context.Context, a Account, q *question) (*reply, error) {
	if q.SQL != "" {
		digest, err := strconv.ParseUint(q.SQL, 16, 64)
		if err != nil {
			return nil, fmt.Errorf("sql %q is no digest", q.SQL)
		}
		r := &reply{}
		r.Statement, err = s.tell(ctx, a, digest)
		return r, err
	}
	now := s.looked()
	r := &reply{Now: &now, Locks: s.readSection(ctx, a, locksSection), CPUs: runtime.GOMAXPROCS(0), Sampled: s.options.Sampler != nil}
	if q.View == nil {
		return r, nil
	}
	v, err := parseView(q.View)
	if err != nil {
		return nil, err
	}
	v.charted, v.rows = true, min(max(q.Rows, topRows), mergedRows)
	if r.Summary, err = s.summarize(&v, nil, time.Now()); err != nil {
		return nil, err
	}
	return r, s.describe(a, r.Summary)
}

// ask asks one node, this one or another.
func (s *Server) ask(ctx context.Context, a Account, node string, q *question) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if node == s.options.Node {
		return s.reply(ctx, a, q)
	}
	if s.options.Others == nil {
		return nil, errors.New("this node is not in a cluster")
	}
	q.User, q.Host = a.User()
	text, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	answer, err := s.options.Others.Ask(ctx, node, text)
	if err != nil {
		return nil, err
	}
	r := &reply{}
	if err := json.Unmarshal(answer, r); err != nil {
		return nil, fmt.Errorf("answer of %s: %w", node, err)
	}
	return r, nil
}

// missing is a node that did not answer.
type missing struct {
	Node  string `json:"node"`
	Error string `json:"error"`
}

// gathered is what the nodes that a view means have answered.
type gathered struct {
	Node    string          `json:"node"` // as the view has it
	Now     *look           `json:"now"`
	Locks   json.RawMessage `json:"locks,omitempty"`
	CPUs    int             `json:"cpus"`
	Nodes   []string        `json:"nodes"`   // that answered
	Idle    []string        `json:"idle"`    // that answered, and take no samples
	Missing []missing       `json:"missing"` // that did not
	summary *summary
	err     error // not all are known
	id      int   // of the view
	took    time.Duration
}

// gather asks the nodes that a view means, all at once, and adds up what they say. Their clocks are taken to be the same.
func (s *Server) gather(ctx context.Context, a Account, v *view, summed bool) *gathered {
	out := &gathered{Node: v.Node, Nodes: []string{}, Missing: []missing{}, Idle: []string{}}
	names := []string{v.Node}
	if v.Node == allNodes {
		names = []string{s.options.Node}
		if s.options.Others != nil {
			others, err := s.options.Others.Names()
			if err != nil {
				out.err = err
			}
			names = append(names, others...)
		}
	}
	q := question{}
	if summed {
		text, err := json.Marshal(v.fixed(time.Now()))
		if err != nil {
			out.err = err
			return out
		}
		if q.View = text; len(names) > 1 {
			q.Rows = mergedRows
		}
	}
	replies, errs := make([]*reply, len(names)), make([]error, len(names))
	var asking sync.WaitGroup
	for i, name := range names {
		asking.Go(func() {
			own := q
			replies[i], errs[i] = s.ask(ctx, a, name, &own)
		})
	}
	asking.Wait()
	for i, name := range names {
		if errs[i] != nil {
			out.Missing = append(out.Missing, missing{name, errs[i].Error()})
			continue
		}
		out.add(name, replies[i])
	}
	out.finish()
	return out
}

// askOthers asks the nodes that the page's view means, beside all else: the page gets frames meanwhile. Of a window that stays where it is
// only what sessions do now is asked again.
func (p *page) askOthers(ctx context.Context, now time.Time) {
	v, summed := *p.view, p.before == nil || p.view.live()
	p.asking, p.due = true, now
	p.server.requests.Go(func() {
		g := p.server.gather(ctx, p.account, &v, summed)
		g.id, g.took = v.ID, time.Since(now)
		p.answered <- g // there is room: nobody asks before it is taken
	})
}

// addGathered adds what other nodes have answered, unless the page looks at something else by now.
func (p *page) addGathered(f *frame, now time.Time) {
	g := p.gathered
	p.gathered = nil
	if p.view == nil || p.view.ID != g.id {
		return
	}
	f.Cluster = g
	if g.summary != nil {
		f.Summary, p.before = g.summary, g.summary
	}
	if g.err != nil {
		f.Error = g.err.Error()
	}
	p.due = now.Add(max(summaryEvery-lookPeriod, g.took)) // what they do for it is bounded there
}
