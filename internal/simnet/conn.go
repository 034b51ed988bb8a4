package simnet

import (
	"io"
	"net"
	"os"
	"slices"
	"time"
)

// pair is a connection: a stream each way. Everything in it is guarded by the network's mu.
type pair struct {
	network           *Network
	dialled, accepted *Host
	there, back       stream // of the one who dialled, to it
	closed            int    // ends
}

// stream is one way of a connection.
type stream struct {
	from, to *Host
	segments []segment
	last     time.Time     // of the latest arrival
	waiting  chan struct{} // closed when a reader is to look again; nil while none waits
	deaf     bool          // the reader has closed: what is written is dropped
	broken   error
}

// segment is a write under way.
type segment struct {
	data []byte
	end  bool // the writer has closed
	held bool // written during a pause: it has not left yet
	at   time.Time
}

// join makes a connection. The caller holds mu.
func (n *Network) join(dialled, accepted *Host) *pair {
	p := &pair{network: n, dialled: dialled, accepted: accepted}
	p.there.from, p.there.to, p.back.from, p.back.to = dialled, accepted, accepted, dialled
	n.pairs[p] = struct{}{}
	return p
}

// joins tells whether the connection is between two addresses; an empty one stands for any.
func (p *pair) joins(a, b string) bool {
	x, y := p.dialled.addr, p.accepted.addr
	return x == a && (b == "" || y == b) || y == a && (b == "" || x == b)
}

func (p *pair) breakOff(err error) {
	for _, s := range []*stream{&p.there, &p.back} {
		if s.broken == nil {
			s.broken, s.segments = err, nil
		}
		s.wake()
	}
	delete(p.network.pairs, p)
}

func (s *stream) wake() {
	if s.waiting != nil {
		close(s.waiting)
		s.waiting = nil
	}
}

// put sends a segment.
func (n *Network) put(s *stream, g segment) {
	g.at = time.Now().Add(n.delay(n.link(s.from.addr, s.to.addr)))
	if g.at.Before(s.last) {
		g.at = s.last
	}
	s.last, g.held = g.at, s.from.paused
	s.segments = append(s.segments, g)
	s.wake()
}

// release lets go what was written during a pause.
func (s *stream) release() {
	now := time.Now()
	for i := range s.segments {
		if g := &s.segments[i]; g.held {
			g.held, g.at = false, now.Add(minDelay)
			s.last = now.Add(minDelay)
		}
	}
}

// due tells when the first segment may be read; not ok if something else must happen before.
func (n *Network) due(s *stream) (at time.Time, ok bool) {
	if len(s.segments) == 0 || s.segments[0].held || s.to.paused || s.to.down || s.from.down && s.from.silent {
		return at, false
	}
	l := n.link(s.from.addr, s.to.addr)
	if l.cut {
		return at, false
	}
	at = s.segments[0].at
	if at.Before(l.resumes) {
		at = l.resumes
	}
	return at, true
}

// conn is one end of a connection. It implements net.Conn.
type conn struct {
	pair      *pair
	in, out   *stream
	recording *recording // nil: this end did not dial
	deadline  time.Time  // for reading
	closed    bool
}

var _ net.Conn = (*conn)(nil)

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	for {
		n, wait, wake, err := c.take(b)
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		t := time.NewTimer(wait)
		select {
		case <-wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// forever is longer than any run.
const forever = 1000 * time.Hour

// take reads what has arrived, or tells how long to wait.
func (c *conn) take(b []byte) (n int, wait time.Duration, wake chan struct{}, err error) {
	network := c.pair.network
	network.mu.Lock()
	defer network.mu.Unlock()
	now := time.Now()
	switch {
	case c.closed:
		return 0, 0, nil, net.ErrClosed
	case c.in.broken != nil:
		return 0, 0, nil, c.in.broken
	case c.in.to.down:
		return 0, 0, nil, ErrDown
	case !c.deadline.IsZero() && !now.Before(c.deadline):
		return 0, 0, nil, os.ErrDeadlineExceeded
	}
	wait = forever
	if at, ok := network.due(c.in); ok {
		if wait = at.Sub(now); wait <= 0 {
			n, err = c.in.read(b)
			return n, 0, nil, err
		}
	}
	if !c.deadline.IsZero() {
		wait = min(wait, c.deadline.Sub(now))
	}
	if c.in.waiting == nil {
		c.in.waiting = make(chan struct{})
	}
	return 0, wait, c.in.waiting, nil
}

// read takes from the first segment.
func (s *stream) read(b []byte) (int, error) {
	g := &s.segments[0]
	if g.end {
		return 0, io.EOF
	}
	n := copy(b, g.data)
	if g.data = g.data[n:]; len(g.data) == 0 {
		s.segments = s.segments[1:]
	}
	return n, nil
}

// Write implements net.Conn. It never waits.
func (c *conn) Write(b []byte) (int, error) {
	network := c.pair.network
	network.mu.Lock()
	defer network.mu.Unlock()
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case c.out.broken != nil:
		return 0, c.out.broken
	case c.out.from.down:
		return 0, ErrDown
	case len(b) == 0 || c.out.deaf:
		return len(b), nil
	}
	data := slices.Clone(b)
	network.put(c.out, segment{data: data})
	c.recording.add(data)
	return len(b), nil
}

// Close implements net.Conn. What was written before still arrives.
func (c *conn) Close() error {
	network := c.pair.network
	network.mu.Lock()
	defer network.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	if c.out.broken == nil && !c.out.from.down {
		network.put(c.out, segment{end: true})
	}
	c.in.deaf, c.in.segments = true, nil
	c.in.wake()
	if c.pair.closed++; c.pair.closed == 2 {
		delete(network.pairs, c.pair)
	}
	return nil
}

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return address(c.in.to.addr) }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return address(c.out.to.addr) }

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.pair.network.mu.Lock()
	defer c.pair.network.mu.Unlock()
	c.deadline = t
	c.in.wake()
	return nil
}

// SetWriteDeadline implements net.Conn. Writes do not wait.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
