package ash

import (
	"fmt"
	"io"

	"redoubt/telemetry"
	"redoubt/telemetry/frames"
)

// ErrDamaged is returned by Inspect for a file with bytes that belong to no whole frame.
var ErrDamaged = frames.ErrDamaged

// IsFile tells whether a name is one of a file of the archive.
func IsFile(name string) bool { return kind.IsFile(name) }

// Inspect prints what is in a file of the archive: each moment with its samples. It never writes, reads past damage, and returns
// ErrDamaged if there is some.
func Inspect(path string, w io.Writer) error {
	return kind.Inspect(path, w, func(micros int64, body []byte) error {
		_, err := decodeRows(micros, body, func(s *telemetry.Sample) bool { inspectSample(w, s); return true })
		return err
	})
}

func inspectSample(w io.Writer, s *telemetry.Sample) {
	event := s.State()
	if s.Event != telemetry.OnCPU {
		event = s.Event.String()
	}
	fmt.Fprintf(w, "  session %d,%d user %q program %q %s, %s, sql %016x, xid %d, read SCN %d, blocked by %d, %d us\n",
		s.Session, s.Serial, s.User, s.Program, s.Kind, event, s.SQL, s.XID, s.ReadSCN, s.BlockedBy, s.Weight)
}
