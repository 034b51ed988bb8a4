package wire

import (
	"encoding/binary"
	"testing"

	"github.com/dolthub/vitess/go/mysql"
)

func TestProgramOf(t *testing.T) {
	login := func(flags uint32, attributes string) []byte {
		b := binary.LittleEndian.AppendUint32(nil, flags)
		b = append(b, make([]byte, loginFixedBytes-4)...)
		b = append(b, "root\x00"...)
		b = append(b, 3, 'a', 'b', 'c') // the answer to the salt
		b = append(b, "app\x00mysql_native_password\x00"...)
		b = append(b, byte(len(attributes)))
		return append(b, attributes...)
	}
	all := uint32(mysql.CapabilityClientConnAttr | mysql.CapabilityClientPluginAuthLenencClientData | mysql.CapabilityClientConnectWithDB | mysql.CapabilityClientPluginAuth)
	for _, c := range []struct {
		flags      uint32
		attributes string
		want       string
	}{
		{all, "\x0cprogram_name\x05mysql", "mysql"},
		{all, "\x0c_client_name\x0fGo-MySQL-Driver", "Go-MySQL-Driver"},
		{all, "\x0c_client_name\x02xx\x0cprogram_name\x04shop", "shop"},
		{all, "\x0cprogram_name\x50mysql", ""},
		{all, "", ""},
		{all &^ mysql.CapabilityClientConnAttr, "\x0cprogram_name\x05mysql", ""},
	} {
		if got := programOf(login(c.flags, c.attributes)); got != c.want {
			t.Errorf("%q: %q, want %q", c.attributes, got, c.want)
		}
	}
}

func FuzzProgramOf(f *testing.F) {
	f.Add([]byte{0, 0, 0x10, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := programOf(b); len(got) > programBytesMax {
			t.Errorf("%q is too long", got)
		}
	})
}
