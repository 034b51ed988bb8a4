package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Service is what a connection is for.
type Service byte

// Services.
const (
	Log   Service = 1 // raft's transport
	Calls Service = 2 // calls of methods by name
	Copy  Service = 3 // a copy of a whole state
)

// String names the service.
func (s Service) String() string {
	if s < Log || s > Copy {
		return fmt.Sprintf("service %d", byte(s))
	}
	return [...]string{"log", "calls", "copy"}[s-1]
}

// Hello is what a node says when it connects.
type Hello struct {
	Service  Service
	Database [16]byte // zero: that of a node that has none yet
	Node     string   // its name; empty: it has none yet
}

// Bytes of a hello: magic, version, service, database, length of the name, name.
const (
	magic        = "RDBT"
	version      = 1
	helloBytes   = 4 + 1 + 1 + 16 + 1
	refusalBytes = 1 << 10 // the longest reason
	welcome      = 0
	refused      = 1
	// NodeNameBytes is how long the name of a node may be.
	NodeNameBytes = 255
)

// errNotPeer says that the other end is something else.
var errNotPeer = errors.New("the other end is no node of Redoubt")

func (h *Hello) write(w io.Writer) error {
	if len(h.Node) > NodeNameBytes {
		return fmt.Errorf("the name of a node has %d bytes, at most %d", len(h.Node), NodeNameBytes)
	}
	b := make([]byte, 0, helloBytes+len(h.Node))
	b = append(b, magic...)
	b = append(b, version, byte(h.Service))
	b = append(b, h.Database[:]...)
	b = append(b, byte(len(h.Node)))
	b = append(b, h.Node...)
	_, err := w.Write(b)
	return err
}

func readHello(r io.Reader) (h Hello, err error) {
	b := make([]byte, helloBytes)
	if _, err := io.ReadFull(r, b); err != nil {
		return h, err
	}
	if string(b[:4]) != magic {
		return h, errNotPeer
	}
	if b[4] != version {
		return h, fmt.Errorf("the other node speaks version %d between nodes, this one %d: run the same release on both", b[4], version)
	}
	h.Service = Service(b[5])
	copy(h.Database[:], b[6:])
	name := make([]byte, b[22])
	_, err = io.ReadFull(r, name)
	h.Node = string(name)
	return h, err
}

// answer tells the caller whether it is welcome: nil, or why not.
func answer(w io.Writer, reason error) error {
	if reason == nil {
		_, err := w.Write([]byte{welcome})
		return err
	}
	text := reason.Error()
	text = text[:min(len(text), refusalBytes)]
	b := append([]byte{refused}, binary.BigEndian.AppendUint16(nil, uint16(len(text)))...)
	_, err := w.Write(append(b, text...))
	return err
}

// RefusedError is the other node's reason for not taking a connection.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "the other node refuses: " + e.Reason }

func readAnswer(r io.Reader) error {
	b := make([]byte, 3)
	if _, err := io.ReadFull(r, b[:1]); err != nil || b[0] == welcome {
		return err
	}
	if b[0] != refused {
		return errNotPeer
	}
	if _, err := io.ReadFull(r, b[1:]); err != nil {
		return err
	}
	text := make([]byte, min(int(binary.BigEndian.Uint16(b[1:])), refusalBytes))
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return &RefusedError{Reason: string(text)}
}
