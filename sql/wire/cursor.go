package wire

import (
	"bytes"
	"errors"

	"github.com/dolthub/vitess/go/mysql"
)

// cursorFlags is where a COM_STMT_EXECUTE says whether its result is fetched by and by: behind the command and the statement's number.
const cursorFlags = 5

// OpensCursor tells whether the COM_STMT_EXECUTE that is being answered opens a cursor.
func OpensCursor(c *mysql.Conn) bool {
	own := connectionOf(c.Conn)
	return own != nil && own.cursor
}

// missingResult is all that the library says when a statement fails that was to open a cursor.
var missingResult = []byte("missing result set")

// keepFailure keeps why such a statement failed.
func keepFailure(c *mysql.Conn, err error) {
	if own := connectionOf(c.Conn); own != nil && own.cursor {
		own.failure.Store(&err)
	}
}

// explained is what the library writes, or in its place why the statement failed.
func (c *connection) explained(p []byte) []byte {
	failure := c.failure.Swap(nil)
	var known *mysql.SQLError
	if failure == nil || !errors.As(*failure, &known) || len(p) <= headerBytes || p[headerBytes] != mysql.ErrPacket || !bytes.Contains(p, missingResult) {
		return p
	}
	return failurePacket(p[3], known.Num, known.State, known.Message)
}
