package wire

import (
	"context"
	"errors"
	"net"
	"testing"
)

// TestInside: connections come from both sides, and Accept ends when the listener is closed, whoever hears of it first.
func TestInside(t *testing.T) {
	for range 200 {
		socket, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		inside := NewInside()
		l := &listener{Listener: socket, options: Options{Inside: inside}.withDefaults(), arrivals: make(chan arrival)}
		accepted := make(chan *connection)
		ended := make(chan error, 1)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					ended <- err
					return
				}
				accepted <- c.(*connection)
			}
		}()
		client, err := inside.Dial(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := (<-accepted).insider(); !ok {
			t.Error("a connection from inside is taken for one from outside")
		}
		outer, err := net.Dial("tcp", socket.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := (<-accepted).insider(); ok {
			t.Error("a connection from outside is taken for one from inside")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		<-ended
		if _, err := inside.Dial(context.Background(), nil); !errors.Is(err, errInsideClosed) {
			t.Errorf("after the end: %v", err)
		}
		_, _ = client.Close(), outer.Close()
	}
}
