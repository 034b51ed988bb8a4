package wire

import (
	"fmt"

	"redoubt/sql/sqlcode"
)

// A packet of the MySQL protocol is a header of 4 bytes, the length of its body in 3 of them, little-endian, and a
// sequence number, and then the body. A payload of packetBytesMax or more continues in the next packet; one that ends
// exactly there is followed by an empty packet.
const (
	headerBytes      = 4
	packetBytesMax   = 1<<24 - 1
	loginBytesMax    = 1 << 16
	loginBytesMin    = 32 // the fixed part of a handshake response, and an SSLRequest
	capabilitySSL    = 1 << 11
	comStmtPrepare   = 0x16
	comStmtExecute   = 0x17
	comStmtLongData  = 0x18
	comStmtReset     = 0x1a
	comResetConn     = 0x1f
	authMoreData     = 0x01
	authRequestKey   = 0x02
	defaultReadBytes = 16 << 10
)

func bodyLength(header []byte) int {
	return int(header[0]) | int(header[1])<<8 | int(header[2])<<16
}

// packet returns a packet with that body, which must be shorter than packetBytesMax.
func packet(sequence byte, body []byte) []byte {
	n := len(body)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), sequence}, body...)
}

// errorPacket returns the packet of an error.
func errorPacket(sequence byte, e *sqlcode.Error) []byte {
	c := e.Code()
	return failurePacket(sequence, c.Errno, c.State, e.Error())
}

func failurePacket(sequence byte, errno int, state, text string) []byte {
	body := []byte{0xff, byte(errno), byte(errno >> 8)}
	return packet(sequence, fmt.Appendf(body, "#%s%s", state, text))
}
