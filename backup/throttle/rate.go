package throttle

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// How much is read at once: little enough that a change of the rate is felt soon.
const (
	pieceBytesMin = 1 << 10
	pieceBytesMax = 32 << 10
	piecesPerSec  = 20
)

// Rate is how much may be sent in a second, by all that share it.
type Rate struct {
	limiter *rate.Limiter
	bytes   atomic.Int64
	sent    atomic.Int64
}

// NewRate makes a Rate; 0 is without a limit.
func NewRate(bytesPerSecond int64) *Rate {
	r := &Rate{limiter: rate.NewLimiter(rate.Inf, pieceBytesMax)}
	r.Set(bytesPerSecond)
	return r
}

// Set changes the Rate; 0 is without a limit.
func (r *Rate) Set(bytesPerSecond int64) {
	r.bytes.Store(bytesPerSecond)
	if bytesPerSecond <= 0 {
		r.limiter.SetLimit(rate.Inf)
		return
	}
	r.limiter.SetLimit(rate.Limit(bytesPerSecond))
}

// BytesPerSecond is the Rate; 0 is without a limit.
func (r *Rate) BytesPerSecond() int64 { return r.bytes.Load() }

// Sent is how many bytes were sent with it.
func (r *Rate) Sent() int64 { return r.sent.Load() }

// piece is how much may be read at once.
func (r *Rate) piece() int {
	if b := r.bytes.Load(); b > 0 {
		return int(min(max(b/piecesPerSec, pieceBytesMin), pieceBytesMax))
	}
	return pieceBytesMax
}

func (r *Rate) wait(ctx context.Context, n int) error {
	if err := r.limiter.WaitN(ctx, n); err != nil {
		return err
	}
	r.sent.Add(int64(n))
	return nil
}

// Parse reads a rate: 50MB/s, 500KiB/s, 1000000; none and 0 are without a limit.
func Parse(text string) (bytesPerSecond int64, err error) {
	if strings.EqualFold(text, "none") {
		return 0, nil
	}
	number := strings.TrimSuffix(strings.TrimSpace(text), "/s")
	factor := 1.0
	for _, unit := range units {
		if before, ok := strings.CutSuffix(number, unit.name); ok {
			number, factor = before, unit.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || n < 0 || n*factor > 1<<50 || n != n || n > 0 && n*factor < pieceBytesMin {
		return 0, errors.New("limit " + strconv.Quote(text) + ": write 50MB/s or 500KiB/s, 1KiB/s at least, or none")
	}
	return int64(n * factor), nil
}

// units, the longest first.
var units = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}
