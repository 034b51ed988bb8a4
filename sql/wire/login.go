package wire

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/sqlcode"
)

// login reads the first packet of a client, without reading ahead: behind an SSLRequest TLS begins.
func (c *connection) login() error {
	first, err := c.readLogin(c.Conn)
	if err != nil {
		return err
	}
	if c.l.options.TLSConfig != nil && capabilities(first)&capabilitySSL != 0 {
		secure := tls.Server(c.Conn, c.l.options.TLSConfig)
		c.tls.Store(secure)
		c.reader = bufio.NewReaderSize(secure, defaultReadBytes)
		if first, err = c.readLogin(c.reader); err != nil {
			return err
		}
		c.shift = 1
	} else {
		_, unix := c.Conn.LocalAddr().(*net.UnixAddr)
		if _, inside := c.insider(); c.l.options.RequireTLS && !unix && !inside {
			return c.refuse(TLSMissing, first[3]+1, sqlcode.New(sqlcode.IDTLSRequired))
		}
		c.reader = bufio.NewReaderSize(c.Conn, defaultReadBytes)
	}
	c.program = programOf(first[headerBytes:])
	flags := capabilities(first) &^ capabilitySSL // or the library would begin TLS itself
	binary.LittleEndian.PutUint32(first[headerBytes:], flags)
	first[3] -= c.shift
	c.out = first
	return nil
}

func capabilities(login []byte) uint32 { return binary.LittleEndian.Uint32(login[headerBytes:]) }

// readLogin reads one packet of a size that a login can have.
func (c *connection) readLogin(r io.Reader) ([]byte, error) {
	b := make([]byte, headerBytes, 256)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	length := bodyLength(b)
	c.sequence = b[3]
	if length < loginBytesMin || length > loginBytesMax || b[3] == 0 {
		return nil, c.refuse(LoginMalformed, b[3]+1,
			sqlcode.New(sqlcode.IDBadHandshake, fmt.Sprintf("a login of %d bytes", length)))
	}
	b = append(b, make([]byte, length)...)
	_, err := io.ReadFull(r, b[headerBytes:])
	return b, err
}

// loginPacket handles the packets of a login after the first.
func (c *connection) loginPacket(length int, sequence byte) error {
	if length > loginBytesMax || sequence == 0 {
		return c.refuse(LoginMalformed, sequence+1,
			sqlcode.New(sqlcode.IDBadHandshake, fmt.Sprintf("a packet of %d bytes in a login", length)))
	}
	if c.salt != nil {
		return c.readPassword()
	}
	b, err := c.readBody(length)
	if err != nil {
		return err
	}
	b[3] -= c.shift
	c.out = b
	return nil
}

// readBody reads the packet whose header has been looked at.
func (c *connection) readBody(length int) ([]byte, error) {
	b := make([]byte, headerBytes+length)
	_, err := io.ReadFull(c.reader, b)
	return b, err
}

// readPassword takes the place of TLS for caching_sha2_password: the client asks for our RSA key, unless it has it
// already, and sends its password encrypted. The library gets the packet that it would get over TLS.
func (c *connection) readPassword() error {
	b, err := c.readBody(c.length)
	if err != nil {
		return err
	}
	if len(b) == headerBytes+1 && b[headerBytes] == authRequestKey {
		if b, err = c.offerKey(b[3]); err != nil {
			return err
		}
	}
	password, err := c.l.key.password(b[headerBytes:], c.salt)
	if err != nil || len(password) == 0 || password[len(password)-1] != 0 {
		return c.refuse(LoginMalformed, b[3]+1,
			sqlcode.New(sqlcode.IDBadHandshake, "without TLS the password must be encrypted with the server's RSA key"))
	}
	c.salt = nil
	c.out = packet(b[3]-c.shift, password)
	return nil
}

// offerKey sends the public key and reads the answer.
func (c *connection) offerKey(sequence byte) ([]byte, error) {
	_, public, err := c.l.key.get()
	if err != nil {
		return nil, err
	}
	if _, err := c.writer().Write(packet(sequence+1, append([]byte{authMoreData}, public...))); err != nil {
		return nil, err
	}
	header, err := c.reader.Peek(headerBytes)
	if err != nil {
		return nil, err
	}
	if length := bodyLength(header); length > loginBytesMax || header[3] != sequence+2 {
		return nil, errors.New("wire: no answer to the RSA key")
	}
	c.shift += 2
	c.sequence, c.length = header[3], bodyLength(header)
	return c.readBody(c.length)
}

// TLSOf tells the version of TLS and the cipher of a connection; both are empty if it is not encrypted.
func TLSOf(c *mysql.Conn) (version, cipher string) {
	own := connectionOf(c.Conn)
	if own == nil || !own.secure() {
		return "", ""
	}
	state := own.tls.Load().ConnectionState()
	name := strings.Replace(tls.VersionName(state.Version), "TLS ", "TLSv", 1)
	return strings.TrimSuffix(name, ".0"), tls.CipherSuiteName(state.CipherSuite)
}
