package ash

import (
	"errors"
	"time"

	"redoubt/telemetry"
)

// Options of a Sampler.
type Options struct {
	Slots *telemetry.Slots
	// Bytes is what the rings may take in memory; 0 is DefaultBytes. A quarter is for samples of each 100 ms.
	Bytes int64
	// Dir is where the archive is; empty: there is none.
	Dir string
	// ArchiveBytes is what the archive may take on disk; 0 is DefaultArchiveBytes. The oldest goes first.
	ArchiveBytes int64
	// OnError is told when the archive cannot be written: at the first time, and when it has succeeded in between. May be nil.
	OnError func(error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Defaults and periods.
const (
	DefaultBytes        = 32 << 20
	DefaultArchiveBytes = 64 << 20

	FinePeriod   = 100 * time.Millisecond // between two sweeps
	Period       = time.Second            // between two samples
	ThinPeriod   = 10 * time.Second       // between two that are archived
	FineKeep     = 5 * time.Minute        // that samples of each 100 ms are kept, if there is room
	Keep         = 75 * time.Minute       // so, those of each second
	finePerPlain = int(Period / FinePeriod)
	plainPerThin = int(ThinPeriod / Period)

	// A row stands for at most so much time, however long nobody could look.
	lateMax = 5
)

// Validate tells what is wrong with the options, and puts in the defaults.
func (o *Options) Validate() error {
	if o.Slots == nil {
		return errors.New("ash: options without slots")
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.ArchiveBytes == 0 {
		o.ArchiveBytes = DefaultArchiveBytes
	}
	if o.Bytes < 0 || o.ArchiveBytes < 0 {
		return errors.New("ash: a limit is negative")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}
