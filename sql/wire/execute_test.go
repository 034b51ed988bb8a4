package wire

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

const comQuery = 0x03

// command sends a payload as the packets that it needs, and returns the first packet of the answer.
func (c *client) command(payload []byte) []byte {
	c.t.Helper()
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute)) // of each command: some are of many megabytes
	for sequence := byte(0); ; sequence++ {
		n := min(len(payload), packetBytesMax)
		c.write(append([]byte{byte(n), byte(n >> 8), byte(n >> 16), sequence}, payload[:n]...))
		if payload = payload[n:]; n < packetBytesMax {
			return c.read()
		}
	}
}

// prepare gives the number of a statement with one parameter and no columns.
func (c *client) prepare(text string) []byte {
	c.t.Helper()
	answer := c.command(append([]byte{comStmtPrepare}, text...))
	if answer[0] != 0 {
		c.t.Fatalf("prepare: %q", answer)
	}
	c.read() // the parameter
	c.read() // the end of the parameters
	return answer[1:5]
}

// executePayload is a COM_STMT_EXECUTE with one argument of type LONG_BLOB.
func executePayload(statement, argument []byte) []byte {
	b := append([]byte{comStmtExecute}, statement...)
	b = append(b, 0, 1, 0, 0, 0, 0, 1, 0xfb, 0)
	return append(b, argument...)
}

// TestArgumentLengths gives arguments whose lengths are written in eight bytes, as some clients write them: with
// anything in the upper four. What does not fit into the payload is refused, never stored.
func TestArgumentLengths(t *testing.T) {
	s := start(t, Options{}, false, createT)
	c := s.dial()
	c.login()
	if answer := c.command(append([]byte{comQuery}, "use d"...)); answer[0] != 0 {
		t.Fatalf("%q", answer)
	}
	id := c.prepare("replace into t values (1, ?)")
	db := s.open(s.config(""))
	for _, n := range []int{0, 3, 70 << 10, packetBytesMax - 23, packetBytesMax - 18, packetBytesMax, 17 << 20, 34 << 20} {
		value := bytes.Repeat([]byte("abcdefg"), n/7+1)[:n]
		for _, upper := range []uint32{0, uint32(n), 1 << 31, 1<<32 - 1} {
			length := binary.LittleEndian.AppendUint32([]byte{0xfe}, uint32(n))
			length = binary.LittleEndian.AppendUint32(length, upper)
			if answer := c.command(executePayload(id, append(length, value...))); answer[0] != 0 {
				t.Fatalf("%d bytes, upper half %x: %q", n, upper, answer)
			}
			var got []byte
			if err := db.QueryRow("select v from t where id = 1").Scan(&got); err != nil || !bytes.Equal(got, value) {
				t.Fatalf("%d bytes, upper half %x: stored %d, %v", n, upper, len(got), err)
			}
		}
	}
	if answer := c.command(executePayload(id, []byte("\x04kept"))); answer[0] != 0 {
		t.Fatalf("%q", answer)
	}
	lies := []string{
		"", "\x05four", "\xfc\x05\x00four", "\xfd\x00\x00\x01four", "\xfe\x05\x00\x00\x00\x00\x00\x00\x00four",
		"\xfe\xff\xff\xff\xff\xff\xff\xff\xfffour", "\xfe\xff\xff\xff\x7f\x00\x00\x00\x80four", "\xfe\x01", "\xfcx",
	}
	for _, lie := range append(lies, "\xfe\xff\xff\xff\x7f\xff\xff\xff\x7f"+strings.Repeat("x", 17<<20)) {
		answer := c.command(executePayload(id, []byte(lie)))
		if answer[0] != 0xff || int(answer[1])|int(answer[2])<<8 != 1835 {
			t.Fatalf("argument %.20q: %.80q", lie, answer)
		}
		var got string
		if err := db.QueryRow("select v from t where id = 1").Scan(&got); err != nil || got != "kept" {
			t.Fatalf("argument %.20q: stored %q %v", lie, got, err)
		}
	}
	if answer := c.command(executePayload(id, []byte("\x02ok"))); answer[0] != 0 {
		t.Fatalf("the connection is of no use after refused arguments: %q", answer)
	}
}
