// Package freeport finds ports for servers of tests, demos and benchmarks.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
)

// Its ports are none of those that Linux gives to connections, which could have taken one until a server listens on it.
const from, count = 20000, 12000

// next goes through them, from anywhere: no port is given again until all others were.
var next = func() *atomic.Int64 {
	n := &atomic.Int64{}
	n.Store(rand.Int64N(count))
	return n
}()

// Address is one on loopback that nobody listens on and that this process has not been given before, HOST:PORT. The error is that of
// the last of a hundred that were tried.
func Address() (string, error) {
	var err error
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprint("127.0.0.1:", from+next.Add(1)%count)); err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}
