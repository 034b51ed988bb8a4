package wire

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/sqlcode"
	"redoubt/telemetry"
)

// errClosedByUs ends the reading of a connection that got its error.
var errClosedByUs = errors.New("wire: connection refused")

// connection sits between a socket and the protocol library. The library reads and writes plain packets through it.
type connection struct {
	net.Conn // the socket
	l        *listener
	tls      atomic.Pointer[tls.Conn] // over the socket, if the client asked for it
	library  *mysql.Conn              // above this; nil until the login knows the user
	reader   *bufio.Reader            // of the socket or of tls; nil until the first packet has been read
	loginEnd time.Time
	ready    atomic.Bool           // logged in
	broken   atomic.Bool           // the library is to read nothing more
	turn     turn                  // of its use of a processor
	watch    watch                 // over its client while a statement runs
	cursor   bool                  // the latest COM_STMT_EXECUTE opens one
	failure  atomic.Pointer[error] // why that failed, if the client was not told yet
	closing  sync.Once

	// The reader's state: what still has to be handed to the library before the next packet is looked at.
	out    []byte // bytes of our own
	passed int    // bytes of the client's

	// The last packet, and the payload it belongs to.
	sequence     byte
	length       int
	payloadBytes int
	longBytes    int

	// The login's state. The library does not see every packet of a login, so its sequence numbers are behind by
	// shift. The writer has to find the headers in what it is given.
	shift      byte
	salt       []byte // set while a password may come encrypted
	bodyLeft   int
	headerPart []byte

	program string                         // that the client says it is
	slot    atomic.Pointer[telemetry.Slot] // where it is shown that the connection waits for its client; may be nil
}

// Watch gives the slot in which a connection shows what it waits for.
func Watch(c *mysql.Conn, slot *telemetry.Slot) {
	if own := connectionOf(c.Conn); own != nil {
		own.slot.Store(slot)
	}
}

func newConnection(socket net.Conn, l *listener) *connection {
	c := &connection{Conn: socket, l: l, loginEnd: time.Now().Add(l.options.LoginTimeout)}
	_ = socket.SetDeadline(c.loginEnd)
	return c
}

func (c *connection) secure() bool { return c.tls.Load() != nil }

// loggedIn ends the time limit of the login.
func (c *connection) loggedIn() {
	c.ready.Store(true)
	_ = c.Conn.SetDeadline(time.Time{})
	c.l.options.Metrics.Login(c.secure())
}

// SetDeadline implements net.Conn; during the login no deadline can be later than its end.
func (c *connection) SetDeadline(t time.Time) error { return c.Conn.SetDeadline(c.limit(t)) }

// SetReadDeadline implements net.Conn.
func (c *connection) SetReadDeadline(t time.Time) error { return c.Conn.SetReadDeadline(c.limit(t)) }

// SetWriteDeadline implements net.Conn.
func (c *connection) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.limit(t)) }

func (c *connection) limit(t time.Time) time.Time {
	if !c.ready.Load() && (t.IsZero() || t.After(c.loginEnd)) {
		return c.loginEnd
	}
	return t
}

// Close implements net.Conn. It may be called more than once, and by any goroutine.
func (c *connection) Close() (err error) {
	c.closing.Do(func() {
		c.l.open.Add(-1)
		c.l.options.Metrics.Closed()
		if t := c.tls.Load(); t != nil {
			err = t.Close()
			return
		}
		err = c.Conn.Close()
	})
	return err
}

// Read implements net.Conn for the library. Between statements the session is idle; one that reads while it runs waits for
// more data.
func (c *connection) Read(p []byte) (n int, err error) {
	slot := c.slot.Load()
	if slot.Running() {
		slot.Begin(telemetry.ClientData)
		defer slot.End(telemetry.ClientData)
	}
	n, err = c.read(p)
	slot.Add(telemetry.FigureBytesIn, uint64(n))
	return n, err
}

func (c *connection) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.out) == 0 && c.passed == 0 {
		if err := c.nextPacket(); err != nil {
			return 0, c.readError(err)
		}
	}
	if len(c.out) > 0 {
		n := copy(p, c.out)
		if c.out = c.out[n:]; len(c.out) == 0 {
			c.out = nil
		}
		return n, nil
	}
	n, err := c.reader.Read(p[:min(len(p), c.passed)])
	c.passed -= n
	return n, c.readError(err)
}

// readError tells the client when its login took too long.
func (c *connection) readError(err error) error {
	var ne net.Error
	if err != nil && !c.ready.Load() && errors.As(err, &ne) && ne.Timeout() {
		return c.refuse(LoginTooSlow, c.sequence+1, sqlcode.New(sqlcode.IDLoginTimeout, c.l.options.LoginTimeout.String()))
	}
	return err
}

// refuse sends an error as the last packet. The sequence number is the client's count.
func (c *connection) refuse(reason Reason, sequence byte, e *sqlcode.Error) error {
	c.l.options.Metrics.Refused(reason)
	_ = c.Conn.SetWriteDeadline(time.Now().Add(refuseTimeout))
	_, _ = c.writer().Write(errorPacket(sequence, e))
	return fmt.Errorf("%w: %s", errClosedByUs, reason)
}

func (c *connection) writer() io.Writer {
	if t := c.tls.Load(); t != nil {
		return t
	}
	return c.Conn
}

// nextPacket looks at the header of the next packet and decides what the library gets to see of it.
func (c *connection) nextPacket() error {
	if c.reader == nil {
		return c.login()
	}
	if c.broken.Load() {
		return io.EOF
	}
	if c.reader.Buffered() == 0 {
		c.giveWay()
	}
	header, err := c.reader.Peek(headerBytes)
	if err != nil {
		if len(header) > 0 && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	length, sequence := bodyLength(header), header[3]
	// Number 0 begins a command, except where a stream of packets has run past 255: after a packet of that number that
	// is not empty another of the same stream must follow. Such streams are the bodies of large payloads and the file
	// of LOAD DATA LOCAL, which ends with an empty packet.
	command := sequence == 0 && !(c.sequence == 255 && c.length > 0)
	if command {
		c.shift = 0
		c.payloadBytes = 0
	} else if c.length != packetBytesMax {
		c.payloadBytes = 0
	}
	c.sequence, c.length = sequence, length
	if !c.ready.Load() {
		return c.loginPacket(length, sequence)
	}
	if c.payloadBytes += length; c.payloadBytes > c.l.options.MaxPacketBytes {
		return c.tooLarge(sequence, c.payloadBytes)
	}
	if command && length > 0 {
		return c.command(length)
	}
	c.passed = headerBytes + length
	return nil
}

func (c *connection) tooLarge(sequence byte, size int) error {
	err := c.refuse(PacketTooLarge, sequence+1,
		sqlcode.New(sqlcode.IDPacketTooLarge, fmt.Sprintf("%d, the limit is %d", size, c.l.options.MaxPacketBytes)))
	c.linger()
	return err
}

// lingerTimeout and lingerBytesMax bound how much of a client that got its error is still read.
const (
	lingerTimeout  = 5 * time.Second
	lingerBytesMax = 1 << 30
)

// linger reads what the client still sends, so that it comes to read the error: were the socket closed before, the
// client's write would fail, and what it has not read yet be lost.
func (c *connection) linger() {
	if w, ok := c.writer().(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
	_ = c.Conn.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.CopyN(io.Discard, c.reader, lingerBytesMax)
}

// command handles the first packet of a command.
func (c *connection) command(length int) error {
	head, err := c.reader.Peek(headerBytes + 1)
	if err != nil {
		return err
	}
	switch head[headerBytes] {
	case comStmtPrepare:
		if length < packetBytesMax {
			return c.prepare(length)
		}
	case comStmtLongData:
		// No answer belongs to this command, so a client would not look for an error now; it finds it at the next.
		if c.longBytes += length; c.longBytes > c.l.options.MaxPacketBytes {
			return c.tooLarge(0, c.longBytes)
		}
	case comStmtExecute:
		c.longBytes = 0
		return c.execute(length)
	case comStmtReset, comResetConn:
		c.longBytes = 0
	}
	c.passed = headerBytes + length
	return nil
}

// prepare reads a COM_STMT_PREPARE and puts its text into a carrier. A carrier that would not fit into one packet is
// not made: the answer's sequence number would be wrong. Such a text has to be in the engine's own grammar.
func (c *connection) prepare(length int) error {
	b := make([]byte, headerBytes+length)
	if _, err := io.ReadFull(c.reader, b); err != nil {
		return err
	}
	c.out = b
	if text := wrap(string(b[headerBytes+1:])); len(text)+1 < packetBytesMax {
		c.out = packet(0, append([]byte{comStmtPrepare}, text...))
	}
	return nil
}

// Write implements net.Conn for the library.
func (c *connection) Write(p []byte) (n int, err error) {
	slot := c.slot.Load()
	slot.Begin(telemetry.ClientWrite)
	if c.cursor {
		_, err = c.write(c.explained(p))
		n = len(p)
	} else {
		n, err = c.write(p)
	}
	slot.End(telemetry.ClientWrite)
	slot.Add(telemetry.FigureBytesOut, uint64(n))
	return n, err
}

func (c *connection) write(p []byte) (int, error) {
	if c.shift == 0 {
		return c.writer().Write(p)
	}
	shifted := append([]byte(nil), p...)
	for b := shifted; len(b) > 0; {
		if c.bodyLeft > 0 {
			n := min(c.bodyLeft, len(b))
			c.bodyLeft -= n
			b = b[n:]
			continue
		}
		n := min(headerBytes-len(c.headerPart), len(b))
		c.headerPart = append(c.headerPart, b[:n]...)
		if len(c.headerPart) == headerBytes {
			b[n-1] += c.shift
			c.bodyLeft, c.headerPart = bodyLength(c.headerPart), c.headerPart[:0]
		}
		b = b[n:]
	}
	return c.writer().Write(shifted)
}
