package simnet

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Times of the network itself.
const (
	minDelay = 100 * time.Microsecond
	maxDelay = time.Millisecond

	resendAfter  = 30 * time.Millisecond  // a lost packet; each further loss doubles it
	resumeWithin = 300 * time.Millisecond // after a link is whole again, until the next try of what is on its way
	redialAfter  = 200 * time.Millisecond // a first packet that was lost
	aliveFor     = 8 * time.Second        // a connection lives without its other end
)

// Errors of connections.
var (
	ErrReset   = errors.New("simnet: connection reset by peer")
	ErrRefused = errors.New("simnet: connection refused")
	ErrTimeout = errors.New("simnet: connection timed out")
	ErrDown    = errors.New("simnet: this host has crashed")
)

// Network joins hosts.
type Network struct {
	mu      sync.Mutex
	random  *rand.Rand
	hosts   map[string]*Host // by address: the latest life
	links   map[way]*link
	pairs   map[*pair]struct{}
	heard   []*recording   // of connections that may be echoed
	running sync.WaitGroup // echoes
}

// way is from one address to another.
type way struct{ from, to string }

type link struct {
	cut      bool
	cutSince time.Time
	resumes  time.Time     // nothing that was under way during a cut arrives before
	extra    time.Duration // up to so much is added to the delay
	loss     int           // percent of writes
}

// New makes a network. What is chance in it follows from the seed.
func New(seed uint64) *Network {
	return &Network{
		random: rand.New(rand.NewPCG(seed, 0x6e6574)), hosts: map[string]*Host{}, links: map[way]*link{}, pairs: map[*pair]struct{}{},
	}
}

func (n *Network) link(from, to string) *link {
	l := n.links[way{from, to}]
	if l == nil {
		l = &link{}
		n.links[way{from, to}] = l
	}
	return l
}

// delay is how long a write takes now.
func (n *Network) delay(l *link) time.Duration {
	d := minDelay + time.Duration(n.random.Int64N(int64(maxDelay-minDelay)))
	if l.extra > 0 {
		d += time.Duration(n.random.Int64N(int64(l.extra)))
	}
	for again := resendAfter; n.random.IntN(100) < l.loss && again < time.Second; again *= 2 {
		d += again
	}
	return d
}

// Cut cuts the way from one address to another. Connections stay, but for those that are without their other end too long.
func (n *Network) Cut(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := n.link(from, to); !l.cut {
		l.cut, l.cutSince = true, time.Now()
	}
	n.wakeAll()
}

// Slow makes a way slow, up to extra each write, and lets it lose a share of writes, in percent.
func (n *Network) Slow(from, to string, extra time.Duration, loss int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.link(from, to)
	l.extra, l.loss = extra, loss
}

// Heal makes a way whole and fast.
func (n *Network) Heal(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.link(from, to)
	if l.cut {
		l.resumes = time.Now().Add(time.Duration(n.random.Int64N(int64(resumeWithin))))
		if time.Since(l.cutSince) > aliveFor {
			n.breakBetween(from, to, ErrTimeout)
		}
	}
	l.cut, l.extra, l.loss = false, 0, 0
	n.wakeAll()
}

// Reset breaks all connections between two addresses. What is on its way is lost.
func (n *Network) Reset(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.breakBetween(a, b, ErrReset)
}

func (n *Network) breakBetween(a, b string, err error) {
	for p := range n.pairs {
		if p.joins(a, b) {
			p.breakOff(err)
		}
	}
}

// wakeAll lets readers look again. The caller holds mu.
func (n *Network) wakeAll() {
	for p := range n.pairs {
		p.there.wake()
		p.back.wake()
	}
}

// Close ends echoes, and waits for them.
func (n *Network) Close() {
	n.mu.Lock()
	for p := range n.pairs {
		p.breakOff(ErrReset)
	}
	n.mu.Unlock()
	n.running.Wait()
}
