package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"redoubt/flashback/redolog"
	"redoubt/sql"
	"redoubt/sql/logmine"
)

// tailPath is where committed changes are followed.
const tailPath = "/log/tail"

// Times of a stream.
const (
	heartbeatDefault = 5 * time.Second
	heartbeatMin     = 10 * time.Millisecond
	tailWriteTimeout = 30 * time.Second // for a client to take what is written
)

// tailPosition is a line of a stream beside the events: everything up to an SCN has been given. Who begins again after it misses
// nothing and sees nothing twice.
type tailPosition struct {
	SCN  uint64    `json:"heartbeat_scn"`
	Time time.Time `json:"time"`
	End  string    `json:"end,omitempty"`  // why the stream ends; it is the last line then
	Done bool      `json:"done,omitempty"` // it ends because all that was asked for was given
}

const allGiven = "all that was asked for was given"

// withLogTail serves committed changes beside what h does, if addr is one that only this machine can reach, or what is sent is encrypted: a
// password comes as it is.
func (n *Node) withLogTail(h http.Handler, addr string) http.Handler {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); n.httpCert == nil && (err != nil || ip == nil || !ip.IsLoopback()) {
		return h
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET "+tailPath, n.serveTail)
	return mux
}

func (n *Node) serveTail(w http.ResponseWriter, r *http.Request) {
	n.tails.Add(1)
	defer n.tails.Done()
	server := n.logins.Load()
	if server == nil || n.tailing.Err() != nil {
		http.Error(w, "the node does not serve clients now: try again", http.StatusServiceUnavailable)
		return
	}
	if err := mayTail(server, r); err != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="users of the database"`)
		http.Error(w, err.Error()+": log in as a user of the database with SELECT on everything", http.StatusUnauthorized)
		return
	}
	t := &tail{node: n, w: w, control: http.NewResponseController(w), heartbeat: heartbeatDefault}
	if err := t.parse(r.URL.Query()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(n.tailing, cancel)()
	t.end(t.run(ctx))
}

// mayTail asks for user and password of the database.
func mayTail(server *sql.Server, r *http.Request) error {
	user, password, ok := r.BasicAuth()
	if !ok {
		return errors.New("no user was given")
	}
	from, err := net.ResolveTCPAddr("tcp", r.RemoteAddr) // it is an address of numbers: nobody is asked
	if err != nil {
		return err
	}
	return server.MayReadAll(r.Context(), user, password, from)
}

// tail is one stream.
type tail struct {
	node      *Node
	w         http.ResponseWriter
	control   *http.ResponseController
	filter    logmine.Filter
	at, to    uint64 // everything up to at was given; to, if it is not 0, is the last SCN wanted
	heartbeat time.Duration
	begun     bool
}

// parse reads what a client asks for.
func (t *tail) parse(q url.Values) (err error) {
	applied := uint64(t.node.engine.Applied())
	t.at = applied
	for name, to := range map[string]*string{"schema": &t.filter.Schema, "table": &t.filter.Table, "user": &t.filter.User, "operation": &t.filter.Operation, "key": &t.filter.Key} {
		*to = q.Get(name)
	}
	from := uint64(0)
	for name, to := range map[string]*uint64{"from": &from, "to": &t.to, "xid": &t.filter.XID} {
		if !q.Has(name) {
			continue
		}
		if *to, err = strconv.ParseUint(q.Get(name), 10, 64); err != nil || *to == 0 {
			return fmt.Errorf("parameter %s=%s is not a number of 1 or more", name, q.Get(name))
		}
	}
	if q.Has("from") {
		t.at = from - 1
	}
	if t.at > applied {
		return fmt.Errorf("from=%d lies in the future: the newest SCN is %d", from, applied)
	}
	if t.to > 0 && t.to <= t.at {
		return fmt.Errorf("the range is empty: from SCN %d to %d", t.at+1, t.to)
	}
	if q.Has("heartbeat") {
		if t.heartbeat, err = time.ParseDuration(q.Get("heartbeat")); err != nil || t.heartbeat < heartbeatMin {
			return fmt.Errorf("parameter heartbeat=%s is not a duration of %v or more, as 5s", q.Get("heartbeat"), heartbeatMin)
		}
	}
	if t.filter.Table != "" && t.filter.Schema == "" {
		return errors.New("parameter table needs schema")
	}
	return t.filter.Validate()
}

// run gives what is committed, until the last SCN that is wanted or the end of ctx.
func (t *tail) run(ctx context.Context) error {
	ticker := time.NewTicker(t.heartbeat)
	defer ticker.Stop()
	for {
		moved := t.node.advance.wait()
		if err := t.give(ctx); err != nil {
			return err
		}
		if t.to > 0 && t.at == t.to {
			return nil
		}
		select {
		case <-moved:
			continue
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := t.position(""); err != nil {
			return err
		}
	}
}

// give gives what was committed since.
func (t *tail) give(ctx context.Context) error {
	to := uint64(t.node.engine.Applied())
	if t.to > 0 {
		to = min(to, t.to)
	}
	if to == t.at {
		if !t.begun {
			return t.position("")
		}
		return nil
	}
	f := t.filter
	f.FromSCN, f.ToSCN = t.at+1, to
	miner := logmine.Miner{Engine: t.node.engine, Log: t.node.history}
	for e, err := range miner.Events(ctx, f) {
		if err != nil {
			return err
		}
		line, err := e.JSON()
		if err == nil {
			err = t.write(line)
		}
		if err != nil {
			return err
		}
	}
	t.at = to
	return t.position("")
}

func (t *tail) position(end string) error {
	line, err := json.Marshal(tailPosition{t.at, time.Now().UTC(), end, end == allGiven})
	if err == nil {
		err = t.write(append(line, '\n'))
	}
	if err == nil {
		err = t.control.Flush()
	}
	return err
}

func (t *tail) write(line []byte) error {
	if !t.begun {
		t.w.Header().Set("Content-Type", "application/x-ndjson")
		t.begun = true
	}
	if err := t.control.SetWriteDeadline(time.Now().Add(tailWriteTimeout)); err != nil {
		return err
	}
	_, err := t.w.Write(line)
	return err
}

// end says why the stream ends, by a status if nothing was written yet. To a client that is gone nothing is said.
func (t *tail) end(err error) {
	why := allGiven
	switch {
	case err != nil && t.node.tailing.Err() != nil:
		why = "the node stops"
	case errors.Is(err, redolog.ErrGone) && !t.begun:
		http.Error(t.w, err.Error()+": begin later", http.StatusGone)
		return
	case err != nil && !t.begun:
		http.Error(t.w, err.Error(), http.StatusInternalServerError)
		return
	case err != nil:
		why = "error: " + err.Error()
	}
	if err := t.position(why); err != nil {
		t.node.logger.Debug().Err(err).Msg("end of a stream of the log")
	}
}
