package simnet

import (
	"context"
	"net"
	"time"
)

// Host is one life of a process at an address.
type Host struct {
	network *Network
	addr    string

	// What follows is guarded by the network's mu.
	down     bool // it has crashed
	silent   bool // and with its machine: nobody answers in its place
	paused   bool
	listener *listener
}

// Host begins a life at an address. The one before must be down.
func (n *Network) Host(addr string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &Host{network: n, addr: addr}
	for p := range n.pairs { // those of the life before: nobody knows of them any more
		if p.joins(addr, "") && (p.dialled.down || p.accepted.down) {
			p.breakOff(ErrReset)
		}
	}
	n.hosts[addr] = h
	return h
}

// Crash ends the life at once. silently: the machine is gone too, and the others hear nothing until they have waited too long.
func (h *Host) Crash(silently bool) {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	h.down, h.silent = true, silently
	for p := range n.pairs {
		if p.dialled != h && p.accepted != h {
			continue
		}
		if !silently {
			p.breakOff(ErrReset)
			continue
		}
		time.AfterFunc(aliveFor, func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			p.breakOff(ErrTimeout)
		})
		p.there.wake()
		p.back.wake()
	}
	if h.listener != nil {
		h.listener.end()
	}
}

// Pause keeps the process from sending and from hearing anything, until Resume. It cannot stop its goroutines.
func (h *Host) Pause() {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	h.paused = true
}

// Resume ends a pause. What the process has said meanwhile goes out now.
func (h *Host) Resume() {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	h.paused = false
	for p := range n.pairs {
		for _, s := range []*stream{&p.there, &p.back} {
			if s.from == h {
				s.release()
			}
			s.wake()
		}
	}
}

// Listen implements peer.Network. addr is the host's own.
func (h *Host) Listen(addr string) (net.Listener, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if h.down || addr != h.addr {
		return nil, ErrDown
	}
	h.listener = &listener{host: h, incoming: make(chan net.Conn, 1024), ended: make(chan struct{})}
	return h.listener, nil
}

// Dial implements peer.Network.
func (h *Host) Dial(ctx context.Context, addr string) (net.Conn, error) {
	for {
		wait, open := h.reach(addr)
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		if !open {
			continue
		}
		if c, answered, err := h.connect(addr); answered {
			return c, err
		}
	}
}

// reach tells how long the first packet and its answer take, and whether they come through.
func (h *Host) reach(addr string) (wait time.Duration, open bool) {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	there, back := n.link(h.addr, addr), n.link(addr, h.addr)
	if there.cut || back.cut || h.paused {
		return redialAfter, false
	}
	return n.delay(there) + n.delay(back), true
}

// connect makes a connection. Not answered: the other machine is gone.
func (h *Host) connect(addr string) (c net.Conn, answered bool, err error) {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	other := n.hosts[addr]
	switch {
	case h.down:
		return nil, true, ErrDown
	case other != nil && other.down && other.silent:
		return nil, false, nil
	case other == nil || other.down || other.listener == nil || other.listener.over:
		return nil, true, ErrRefused
	}
	p := n.join(h, other)
	select {
	case other.listener.incoming <- &conn{pair: p, in: &p.there, out: &p.back}:
	default:
		p.breakOff(ErrReset)
		return nil, true, ErrRefused
	}
	return &conn{pair: p, in: &p.back, out: &p.there, recording: n.record(h.addr, addr)}, true, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listener gives what others have dialled.
type listener struct {
	host     *Host
	incoming chan net.Conn
	ended    chan struct{}
	over     bool // guarded by the network's mu
}

// end is for who holds the network's mu.
func (l *listener) end() {
	if !l.over {
		l.over = true
		close(l.ended)
	}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.host.network.mu.Lock()
	defer l.host.network.mu.Unlock()
	l.end()
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return address(l.host.addr) }

type address string

// Network implements net.Addr.
func (address) Network() string { return "sim" }

func (a address) String() string { return string(a) }
