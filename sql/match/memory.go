package match

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/shopspring/decimal"
)

// Holder is a session that limits how much of its rows a statement holds in memory: to sort, to group, to join.
type Holder interface {
	// Hold adds bytes to what the running statement holds. Its error says that this is too much. It is called from
	// several goroutines.
	Hold(bytes int64) error
}

// Hold tells the session that a row is held in memory until the statement ends.
func Hold(ctx *gsql.Context, row gsql.Row) error { return HoldBytes(ctx, RowBytes(row)) }

// HoldBytes does so with as many bytes.
func HoldBytes(ctx *gsql.Context, bytes int64) error {
	if h, ok := ctx.Session.(Holder); ok {
		return h.Hold(bytes)
	}
	return nil
}

const (
	sliceBytes = 24
	valueBytes = 16 // of an any
)

// RowBytes is about what a row takes in memory.
func RowBytes(row gsql.Row) int64 {
	n := int64(sliceBytes)
	for _, v := range row {
		n += valueBytes
		switch v := v.(type) {
		case string:
			n += valueBytes + int64(len(v))
		case []byte:
			n += sliceBytes + int64(len(v))
		case nil, bool, int8, uint8:
		case time.Time:
			n += 24
		case decimal.Decimal:
			n += 64
		case int16, int32, int64, uint16, uint32, uint64, float32, float64:
			n += 8
		default: // documents and geometries
			n += 128
		}
	}
	return n
}
