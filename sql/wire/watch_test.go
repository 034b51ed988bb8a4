package wire

import (
	"context"
	"net"
	"testing"
	"time"
)

// TestWatchTwo: of two statements of a connection, one of which is a cursor's that is about to end, each ends when the client is gone,
// whichever ends first.
func TestWatchTwo(t *testing.T) {
	for name, cursorFirst := range map[string]bool{"the cursor's ends first": true, "the other ends first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			socket, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			c := &connection{Conn: socket}
			cursor, stopCursor := c.watch.begin(context.Background(), c)
			defer stopCursor()
			other, stopOther := c.watch.begin(context.Background(), c)
			defer stopOther()
			left, stop := other, stopCursor
			if !cursorFirst {
				left, stop = cursor, stopOther
			}
			stop()
			if left.Err() != nil {
				t.Error("it is ended with the other")
			}
			client.Close()
			select {
			case <-left.Done():
			case <-time.After(time.Minute):
				t.Error("it is not ended")
			}
		})
	}
}
