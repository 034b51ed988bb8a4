package sql

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/dolthub/vitess/go/mysql"
)

// The greeting says that statements commit by themselves. Clients that want it otherwise, as PyMySQL does by default,
// send SET autocommit = 0 only if the server has said that it is on.
func TestGreetingSaysAutocommit(t *testing.T) {
	r := start(t)
	c, err := net.Dial("tcp", r.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	header := make([]byte, 4)
	if _, err := io.ReadFull(c, header); err != nil {
		t.Fatal(err)
	}
	greeting := make([]byte, int(header[0])|int(header[1])<<8|int(header[2])<<16)
	if _, err := io.ReadFull(c, greeting); err != nil {
		t.Fatal(err)
	}
	// Version of the protocol, version of the server and a zero, connection, salt and a zero, capabilities, character set.
	at := 1 + bytes.IndexByte(greeting[1:], 0) + 1 + 4 + 8 + 1 + 2 + 1
	if status := binary.LittleEndian.Uint16(greeting[at:]); status&mysql.ServerStatusAutocommit == 0 {
		t.Errorf("the greeting has the status %#x, without autocommit", status)
	}
}
