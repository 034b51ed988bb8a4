package wire

import (
	"fmt"
	"io"
	"slices"

	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/sqltypes"
	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	"redoubt/sql/sqlcode"
)

// execute checks a COM_STMT_EXECUTE before the protocol library reads it: the library believes the lengths of values,
// and gives empty ones where they lie. The whole payload is read first, which MaxPacketBytes bounds.
func (c *connection) execute(length int) error {
	if c.library == nil {
		c.passed = headerBytes + length
		return nil
	}
	var raw []byte
	inPlace := headerBytes+length <= c.reader.Size()
	if inPlace {
		var err error
		if raw, err = c.reader.Peek(headerBytes + length); err != nil {
			return err
		}
	} else {
		var err error
		if raw, err = c.readPayload(length); err != nil {
			return err
		}
	}
	arguments := &arguments{raw: raw, bytes: len(raw) - headerBytes*((len(raw)-1)/(headerBytes+packetBytesMax)+1)}
	c.cursor = arguments.bytes > cursorFlags && *arguments.place(cursorFlags) != 0
	err := arguments.check(c.library.PrepareData)
	switch {
	case err != nil && inPlace:
		if _, err := c.reader.Discard(len(raw)); err != nil {
			return err
		}
		fallthrough
	case err != nil:
		_, err = c.writer().Write(errorPacket(c.sequence+1, sqlcode.New(sqlcode.IDBadPacket, err.Error())))
		return err
	case inPlace:
		c.passed = len(raw)
	default:
		c.out = raw
	}
	return nil
}

// readPayload reads all packets of the payload whose first header has been looked at, with their headers.
func (c *connection) readPayload(length int) ([]byte, error) {
	raw, err := c.readBody(length)
	for err == nil && c.length == packetBytesMax {
		var header []byte
		if header, err = c.reader.Peek(headerBytes); err != nil {
			break
		}
		c.sequence, c.length = header[3], bodyLength(header)
		if c.payloadBytes += c.length; c.payloadBytes > c.l.options.MaxPacketBytes {
			return nil, c.tooLarge(c.sequence, c.payloadBytes)
		}
		at := len(raw)
		raw = append(raw, make([]byte, headerBytes+c.length)...)
		_, err = io.ReadFull(c.reader, raw[at:])
	}
	return raw, err
}

// arguments is the payload of a COM_STMT_EXECUTE. It is not looked at in one piece: headers of packets stand in it.
type arguments struct {
	raw   []byte
	bytes int // without the headers
	at    int
}

// place gives the byte of a position.
func (a *arguments) place(position int) *byte {
	return &a.raw[headerBytes*(position/packetBytesMax+1)+position]
}

// take gives the next n bytes as a number, little-endian; n is at most 8.
func (a *arguments) take(n int) (v uint64, ok bool) {
	if n > a.bytes-a.at {
		return 0, false
	}
	for i := range n {
		v |= uint64(*a.place(a.at + i)) << (8 * i)
	}
	a.at += n
	return v, true
}

func (a *arguments) skip(n uint64) bool {
	if n > uint64(a.bytes-a.at) {
		return false
	}
	a.at += int(n)
	return true
}

// check follows the payload as the library will, and returns an error if it does not hold what it says. What the
// library finds wrong by itself is left to it.
func (a *arguments) check(prepared map[uint32]*mysql.PrepareData) error {
	a.at = 1
	id, _ := a.take(4)
	p := prepared[uint32(id)]
	if p == nil || p.ParamsCount == 0 {
		return nil
	}
	n := int(p.ParamsCount)
	if !a.skip(5) {
		return nil
	}
	nulls := a.at
	if !a.skip(uint64(n+7) / 8) {
		return nil
	}
	var few [16]querypb.Type
	kinds := slices.Grow(few[:0], n)
	for _, kind := range p.ParamsType {
		kinds = append(kinds, querypb.Type(kind))
	}
	if bound, ok := a.take(1); ok && bound == 1 {
		for i := range kinds {
			kind, _ := a.take(1)
			flags, ok := a.take(1)
			if !ok {
				return nil
			}
			var err error
			if kinds[i], err = sqltypes.MySQLToType(int64(kind), int64(flags)>>2); err != nil {
				return nil //nolint:nilerr // the library answers
			}
		}
	}
	for i, kind := range kinds {
		if len(p.BindVars) > 0 && p.BindVars[fmt.Sprintf("v%d", i+1)] != nil {
			continue // came before, by COM_STMT_SEND_LONG_DATA
		}
		if *a.place(nulls + i/8)&(1<<(i%8)) != 0 {
			continue
		}
		if !a.value(kind) {
			return fmt.Errorf("argument %d does not fit into it", i+1)
		}
	}
	return nil
}

// value steps over one value.
func (a *arguments) value(kind querypb.Type) bool {
	switch kind {
	case sqltypes.Null:
		return true
	case sqltypes.Int8, sqltypes.Uint8:
		return a.skip(1)
	case sqltypes.Int16, sqltypes.Uint16, sqltypes.Year:
		return a.skip(2)
	case sqltypes.Int24, sqltypes.Uint24, sqltypes.Int32, sqltypes.Uint32, sqltypes.Float32:
		return a.skip(4)
	case sqltypes.Int64, sqltypes.Uint64, sqltypes.Float64:
		return a.skip(8)
	case sqltypes.Timestamp, sqltypes.Date, sqltypes.Datetime, sqltypes.Time:
		n, ok := a.take(1)
		return ok && a.skip(n)
	}
	return a.text()
}

// text steps over a value that has its length in front. A length of eight bytes has its upper half cleared: no payload
// is that long, and MySQL does not look at it, so that some clients write anything there.
func (a *arguments) text() bool {
	n, ok := a.take(1)
	switch {
	case !ok:
	case n == 0xfc:
		n, ok = a.take(2)
	case n == 0xfd:
		n, ok = a.take(3)
	case n == 0xfe:
		if n, ok = a.take(4); ok && a.bytes-a.at >= 4 {
			for range 4 {
				*a.place(a.at) = 0
				a.at++
			}
			break
		}
		ok = false
	}
	return ok && a.skip(n)
}
