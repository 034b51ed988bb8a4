package simnet

import (
	"context"
	"io"
	"time"
)

// Bounds of what is kept to be echoed.
const (
	recordingsMax     = 16
	recordingBytesMax = 64 << 10
	echoFor           = 2 * time.Second
)

// recording is what the one who dialled a connection has written, from its beginning.
type recording struct {
	from, to string
	writes   [][]byte
	bytes    int
	full     bool
}

// record begins a recording. The caller holds mu.
func (n *Network) record(from, to string) *recording {
	r := &recording{from: from, to: to}
	n.heard = append(n.heard, r)
	if len(n.heard) > recordingsMax {
		n.heard = n.heard[1:]
	}
	return r
}

func (r *recording) add(data []byte) {
	if r == nil || r.full {
		return
	}
	if r.bytes+len(data) > recordingBytesMax {
		r.full = true
		return
	}
	r.writes, r.bytes = append(r.writes, data), r.bytes+len(data)
}

// Echo says again, on a new connection, what the beginning of a former one carried, or some of it; what is answered is heard by nobody.
// wanted chooses by the first bytes. It tells whether there was one.
func (n *Network) Echo(wanted func(first []byte) bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, i := range n.random.Perm(len(n.heard)) {
		r := n.heard[i]
		from := n.hosts[r.from]
		if len(r.writes) < 2 || from == nil || !wanted(r.writes[0]) {
			continue
		}
		writes := r.writes[:2+n.random.IntN(len(r.writes)-1)]
		n.running.Go(func() { from.echo(r.to, writes) })
		return true
	}
	return false
}

func (h *Host) echo(to string, writes [][]byte) {
	ctx, cancel := context.WithTimeout(context.Background(), echoFor)
	defer cancel()
	c, err := h.Dial(ctx, to)
	if err != nil {
		return
	}
	defer c.Close()
	for _, w := range writes {
		if _, err := c.Write(w); err != nil {
			return
		}
	}
	_ = c.SetReadDeadline(time.Now().Add(echoFor))
	_, _ = io.Copy(io.Discard, c) // until its time is over
}
