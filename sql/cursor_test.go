package sql

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dolthub/vitess/go/mysql"
)

// cursorClient speaks as much of the protocol as it takes to fetch by cursors, which go-sql-driver does not.
type cursorClient struct {
	t *testing.T
	net.Conn
}

func newCursorClient(t *testing.T, address, database string) *cursorClient {
	t.Helper()
	socket, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	c := &cursorClient{t, socket}
	c.packet() // the greeting
	login := binary.LittleEndian.AppendUint32(nil, mysql.CapabilityClientProtocol41|mysql.CapabilityClientSecureConnection|mysql.CapabilityClientConnectWithDB|mysql.CapabilityClientPluginAuth)
	login = binary.LittleEndian.AppendUint32(login, 1<<24)
	login = append(append(login, mysql.CharacterSetUtf8), make([]byte, 23)...)
	login = append(login, "root\x00\x00"+database+"\x00mysql_native_password\x00"...)
	c.send(1, login)
	if answer := c.packet(); answer[0] == mysql.AuthSwitchRequestPacket {
		c.send(3, nil)
		c.packet()
	}
	return c
}

func (c *cursorClient) send(sequence byte, payload []byte) {
	c.t.Helper()
	header := binary.LittleEndian.AppendUint32(nil, uint32(len(payload))|uint32(sequence)<<24)
	if _, err := c.Write(append(header, payload...)); err != nil {
		c.t.Fatal(err)
	}
}

// packet is the next one; it is no error.
func (c *cursorClient) packet() []byte {
	c.t.Helper()
	payload := c.answer()
	if len(payload) > 0 && payload[0] == mysql.ErrPacket {
		c.t.Fatalf("%q", payload)
	}
	return payload
}

func (c *cursorClient) answer() []byte {
	c.t.Helper()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	header := make([]byte, 4)
	if _, err := io.ReadFull(c, header); err != nil {
		c.t.Fatal(err)
	}
	payload := make([]byte, binary.LittleEndian.Uint32(header)&0xFFFFFF)
	if _, err := io.ReadFull(c, payload); err != nil {
		c.t.Fatal(err)
	}
	return payload
}

// untilEOF are the packets up to an EOF, without it.
func (c *cursorClient) untilEOF() (packets [][]byte) {
	c.t.Helper()
	for {
		p := c.packet()
		if p[0] == mysql.EOFPacket && len(p) < 9 {
			return packets
		}
		packets = append(packets, p)
	}
}

// prepare gives the number of a statement of one parameter.
func (c *cursorClient) prepare(query string) (statement []byte) {
	c.t.Helper()
	c.send(0, append([]byte{mysql.ComPrepare}, query...))
	answer := c.packet()
	c.untilEOF() // parameters
	c.untilEOF() // columns
	return answer[1:5]
}

func (c *cursorClient) ask(statement []byte, flags byte, argument int64) {
	c.t.Helper()
	payload := append(append([]byte{mysql.ComStmtExecute}, statement...), flags, 1, 0, 0, 0, 0, 1, 8, 0)
	c.send(0, binary.LittleEndian.AppendUint64(payload, uint64(argument)))
}

func (c *cursorClient) execute(statement []byte, flags byte, argument int64) {
	c.t.Helper()
	c.ask(statement, flags, argument)
	c.packet() // the number of columns
	c.untilEOF()
}

// rows executes a statement without a cursor.
func (c *cursorClient) rows(statement []byte, argument int64) []string {
	c.t.Helper()
	c.execute(statement, 0, argument)
	return texts(c.untilEOF())
}

func (c *cursorClient) fetch(statement []byte, n uint32) []string {
	c.t.Helper()
	c.send(0, binary.LittleEndian.AppendUint32(append([]byte{mysql.ComStmtFetch}, statement...), n))
	return texts(c.untilEOF())
}

// texts are the values of rows of one column: they follow a byte, the bits of what is NULL and their length.
func texts(rows [][]byte) (out []string) {
	for _, row := range rows {
		switch {
		case row[1] != 0:
			out = append(out, "NULL")
		case row[2] < 251:
			out = append(out, string(row[3:]))
		default:
			out = append(out, string(row[5:]))
		}
	}
	return out
}

// TestCursor: what is fetched by a cursor is what the statement found, whatever runs between, on whichever path.
func TestCursor(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE mine (id INT PRIMARY KEY, v TEXT)", "CREATE TABLE others (id INT PRIMARY KEY, v TEXT)")
	const rows = 200 // more than a batch
	var want []string
	for i := range rows {
		r.exec(fmt.Sprintf("INSERT INTO mine VALUES (%d, 'mine %d')", i, i), fmt.Sprintf("INSERT INTO others VALUES (%d, REPEAT('OTHERS', %d))", i, 1+i%800))
		want = append(want, fmt.Sprintf("mine %d", i))
	}
	own, other := newCursorClient(t, r.server.Addr(), "test"), newCursorClient(t, r.server.Addr(), "test")
	for _, query := range []string{"SELECT v FROM %s WHERE id >= ?", "SELECT CONCAT('', v) FROM %s WHERE id >= ?", "SELECT v FROM %s WHERE id >= ? ORDER BY v"} {
		mine, others := own.prepare(fmt.Sprintf(query, "mine")), other.prepare(fmt.Sprintf(query, "others"))
		want := slices.Clone(want)
		if strings.Contains(query, "ORDER BY") {
			slices.Sort(want)
		}
		for turn := range 4 {
			own.execute(mine, 1, 0)
			var got []string
			for range 4 {
				got = append(got, own.fetch(mine, 60)...)
				other.rows(others, 0)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s, turn %d: got %q", query, turn, got)
			}
		}
	}
}

// TestCursorBesideOthers: a connection runs other statements while it has a cursor; what it has changed before stays its own.
func TestCursorBesideOthers(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)")
	c := newCursorClient(t, r.server.Addr(), "test")
	query := func(text string) {
		t.Helper()
		c.send(0, append([]byte{mysql.ComQuery}, text...))
		c.packet()
	}
	query("BEGIN")
	for i := range 300 {
		query(fmt.Sprintf("INSERT INTO t VALUES (%d, 'row %d')", i, i))
	}
	statement := c.prepare("SELECT v FROM t WHERE id >= ?")
	c.execute(statement, 1, 100)
	first := c.fetch(statement, 50)
	query("DELETE FROM t WHERE id >= 100")
	query("COMMIT")
	rest := c.fetch(statement, 1000)
	if len(first) != 50 || len(rest) != 150 || first[0] != "row 100" || rest[149] != "row 299" {
		t.Errorf("%d and %d rows: %q, %q", len(first), len(rest), first, rest)
	}
	r.want("SELECT COUNT(*) FROM t", "100")
}

// TestCursorFails: a client is told why a statement has failed whose rows it wanted to fetch, and goes on.
func TestCursorFails(t *testing.T) {
	r := startWith(t, func(o *Options) { o.StatementBytesMax = 1 << 20 })
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, REPEAT('x', 60000))", "CREATE TABLE large (id INT PRIMARY KEY, v TEXT)")
	for i := range 30 {
		r.exec(fmt.Sprintf("INSERT INTO large SELECT %d, v FROM t", i))
	}
	holder, err := r.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback()
	if _, err := holder.Exec("UPDATE t SET v = '' WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	c := newCursorClient(t, r.server.Addr(), "test")
	for _, test := range []struct {
		query, state string
		number       uint16
	}{
		{"SELECT v FROM t WHERE id >= ? FOR UPDATE NOWAIT", "", 3572},
		{"SELECT v FROM large WHERE id >= ?", "HY001", 1038},
	} {
		statement := c.prepare(test.query)
		for _, flags := range []byte{1, 1} {
			c.ask(statement, flags, 0)
			answer := c.answer()
			if answer[0] != mysql.ErrPacket || binary.LittleEndian.Uint16(answer[1:]) != test.number || !strings.HasPrefix(string(answer[4:]), test.state) {
				t.Errorf("%s: %q", test.query, answer[:min(len(answer), 200)])
			}
		}
	}
	statement := c.prepare("SELECT v FROM large WHERE id = ?")
	c.execute(statement, 1, 5)
	if got := c.fetch(statement, 9); len(got) != 1 || len(got[0]) != 60000 {
		t.Errorf("afterwards: %d rows", len(got))
	}
}
