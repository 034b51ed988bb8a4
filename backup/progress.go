package backup

import (
	"sync"
	"time"

	"redoubt/scn"
)

// Steps of a backup.
const (
	StepCheckpoint = "checkpoint" // the state's files are put aside, by hard links
	StepRead       = "read"       // files that are not known are read and hashed
	StepWeigh      = "weigh"      // the log since the base is compared with the files
	StepLog        = "log"        // the log that the repository lacks is sent, and nothing else
	StepSend       = "send"       // files that the repository lacks are sent; the log, too, which a full backup begins with earlier
	StepManifest   = "manifest"
)

// Point is how far a backup has come. Done and Of are of the step: bytes where files are read or sent.
type Point struct {
	Kind     Kind
	Store    string
	Tag      string
	SCN      scn.SCN // 0: not known yet
	Step     string
	Done, Of int64
	Files    int // of the step
	FilesOf  int
	LogDone  int64 // bytes of the log
	LogOf    int64 // that the repository lacked
	Started  time.Time
	StepFrom time.Time
}

// Progress is a Point that moves. Safe for concurrent use; nil is one that nobody looks at.
type Progress struct {
	mu    sync.Mutex
	point Point
}

// Point tells how far it has come.
func (p *Progress) Point() Point {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.point
}

// Start begins anew.
func (p *Progress) Start(at Point) { p.change(func(point *Point) { *point = at }) }

func (p *Progress) change(edit func(*Point)) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(&p.point)
}

func (p *Progress) step(name string, now time.Time, files int, bytes int64) {
	p.change(func(at *Point) {
		at.Step, at.StepFrom, at.Files, at.FilesOf, at.Done, at.Of = name, now, 0, files, 0, bytes
	})
}

// counting tells a Progress of what is read.
type counting struct{ *Progress }

// Write implements io.Writer.
func (c counting) Write(b []byte) (int, error) {
	c.change(func(at *Point) { at.Done += int64(len(b)) })
	return len(b), nil
}
