package peer

import (
	"bufio"
	"encoding/gob"
	"errors"
	"io"
	"net"
	"net/rpc"
	"sync/atomic"
	"time"
)

// writeTimeout bounds how long callers wait for each other at a connection whose other end takes nothing.
const writeTimeout = 10 * time.Second

// letter is a call's arguments, with whether they were handed to the connection: net/rpc's ErrShutdown does not tell.
type letter struct {
	arguments any
	sent      atomic.Bool
}

// codec writes letters and reads answers as net/rpc's own codec does. Its methods are called as rpc.ClientCodec says.
type codec struct {
	connection net.Conn
	out        *bufio.Writer
	encoder    *gob.Encoder
	decoder    *gob.Decoder
}

var _ rpc.ClientCodec = (*codec)(nil)

func newClient(c net.Conn) *rpc.Client {
	out := bufio.NewWriter(c)
	return rpc.NewClientWithCodec(&codec{c, out, gob.NewEncoder(out), gob.NewDecoder(c)})
}

// WriteRequest implements rpc.ClientCodec.
func (c *codec) WriteRequest(r *rpc.Request, body any) error {
	l := body.(*letter)
	l.sent.Store(true)
	err := c.connection.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		err = c.encoder.Encode(r)
	}
	if err == nil {
		err = c.encoder.Encode(l.arguments)
	}
	if err == nil {
		err = c.out.Flush()
	}
	if err != nil {
		_ = c.connection.Close() // half a request is on its way: nothing can follow it
	}
	return err
}

// ReadResponseHeader implements rpc.ClientCodec.
func (c *codec) ReadResponseHeader(r *rpc.Response) error {
	err := c.decoder.Decode(r)
	if errors.Is(err, io.EOF) { // which net/rpc takes for its own closing if that happens at the same time
		return io.ErrUnexpectedEOF
	}
	return err
}

// ReadResponseBody implements rpc.ClientCodec.
func (c *codec) ReadResponseBody(body any) error { return c.decoder.Decode(body) }

// Close implements rpc.ClientCodec.
func (c *codec) Close() error { return c.connection.Close() }
