package logappend

import (
	"path/filepath"

	"redoubt/wal"
)

// fileBytes is the size of a file of the log, in Redoubt and in Bare.
const fileBytes = 64 << 20

// filesFor is how many files hold the payload of a measurement, with headers and footers.
func filesFor(c Config) int { return int(c.BytesMax*5/4/fileBytes) + 2 }

// Redoubt is redoubt/wal with as many files written before as the measurement needs: the state of a log that has
// been in use for a while, where files come back as spares.
func Redoubt() System { return System{"redoubt", openRedoubt} }

type redoubtLog struct {
	*wal.Log
	batch []wal.Entry
}

func openRedoubt(c Config, payloads [][]byte) (Log, error) {
	log, err := wal.Open(wal.Options{Dir: filepath.Join(c.Dir, "log"), SegmentBytes: fileBytes, SpareFiles: filesFor(c)})
	if err != nil {
		return nil, err
	}
	l := &redoubtLog{Log: log, batch: make([]wal.Entry, len(payloads))}
	for i, p := range payloads {
		l.batch[i].Payload = p
	}
	return l, nil
}

func (l *redoubtLog) Append(first uint64) error {
	for i := range l.batch {
		l.batch[i].Index = first + uint64(i)
	}
	return l.Log.Append(l.batch)
}
