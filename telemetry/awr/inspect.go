package awr

import (
	"fmt"
	"io"
)

// IsFile tells whether a name is one of a file of snapshots.
func IsFile(name string) bool { return kind.IsFile(name) }

// Inspect prints what is in a file of snapshots. It never writes, reads past damage, and returns frames.ErrDamaged if there is some.
func Inspect(path string, w io.Writer) error {
	return kind.Inspect(path, w, func(micros int64, body []byte) error {
		s, err := decodeBody(micros, body)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  snapshot %d (%s), SCN %d: %d values, %d events, %d statements, %d changes of plans\n", s.ID, s.Reason, s.SCN, len(s.Values), len(s.Events), len(s.Statements), len(s.Changes))
		for i := range s.Statements {
			x := &s.Statements[i]
			fmt.Fprintf(w, "    %016x %d executions, %s, %d rows read: %s\n", x.Digest, x.Executions, x.Took, x.RowsRead, x.Text)
		}
		return nil
	})
}
