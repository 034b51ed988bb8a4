package wire

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/dolthub/vitess/go/mysql"
)

// programBytesMax bounds the name of a program; what is longer is cut.
const programBytesMax = 64

// programOf reads from the body of a login what program the client says it is: the attribute program_name, else the name of
// its library; empty if it says nothing. The protocol library reads the attributes and drops them.
func programOf(login []byte) string {
	if len(login) < loginFixedBytes {
		return ""
	}
	flags := binary.LittleEndian.Uint32(login)
	if flags&mysql.CapabilityClientConnAttr == 0 {
		return ""
	}
	r := loginReader{rest: login[loginFixedBytes:]}
	r.terminated() // user
	switch {
	case flags&mysql.CapabilityClientPluginAuthLenencClientData != 0:
		r.counted()
	case flags&mysql.CapabilityClientSecureConnection != 0:
		r.take(r.byte())
	default:
		r.terminated()
	}
	if flags&mysql.CapabilityClientConnectWithDB != 0 {
		r.terminated()
	}
	if flags&mysql.CapabilityClientPluginAuth != 0 {
		r.terminated()
	}
	attributes := loginReader{rest: r.counted()}
	library := ""
	for len(attributes.rest) > 0 && !attributes.short {
		name, value := string(attributes.counted()), string(attributes.counted())
		switch name {
		case "program_name":
			if value != "" {
				return plainName(value)
			}
		case "_client_name":
			library = value
		}
	}
	return plainName(library)
}

// loginFixedBytes are flags, the largest packet, the character set and 23 bytes that mean nothing.
const loginFixedBytes = 4 + 4 + 1 + 23

// loginReader reads a login. Once it was too short it gives nothing any more.
type loginReader struct {
	rest  []byte
	short bool
}

func (r *loginReader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.rest, r.short = nil, true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *loginReader) byte() int {
	if b := r.take(1); b != nil {
		return int(b[0])
	}
	return 0
}

func (r *loginReader) terminated() {
	for i, b := range r.rest {
		if b == 0 {
			r.rest = r.rest[i+1:]
			return
		}
	}
	r.rest, r.short = nil, true
}

// counted reads bytes behind their number, in the protocol's form of integers.
func (r *loginReader) counted() []byte {
	n, width := r.byte(), 0
	switch n {
	case 0xfc:
		width = 2
	case 0xfd:
		width = 3
	case 0xfe:
		width = 8
	default:
		return r.take(n)
	}
	var v uint64
	for i, b := range r.take(width) {
		v |= uint64(b) << (8 * i)
	}
	if v > uint64(len(r.rest)) {
		return r.take(-1)
	}
	return r.take(int(v))
}

func plainName(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	if len(s) > programBytesMax {
		s = strings.ToValidUTF8(s[:programBytesMax], "")
	}
	return s
}
