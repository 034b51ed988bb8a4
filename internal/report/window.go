package report

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Window is a time, in UTC.
type Window struct{ From, To time.Time }

// timeForms are how times may be written.
var timeForms = []string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04", "2006-01-02", time.RFC3339Nano}

// clockForms are times of today.
var clockForms = []string{"15:04:05", "15:04"}

const timeLayout = "2006-01-02 15:04:05"

// ErrTime says how to write a time.
var ErrTime = errors.New("want a time in UTC as in '2026-01-02 02:10' or 02:10 (of today), a time ago as in -15m, an SCN as in scn:1234, or now")

// ParseTime reads the end of a window.
func ParseTime(ctx context.Context, c *sql.Conn, text string, now time.Time) (time.Time, error) {
	now = now.UTC()
	if text == "now" {
		return now, nil
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		if d, err := time.ParseDuration(ago); err == nil {
			return now.Add(-d), nil
		}
	}
	if number, ok := strings.CutPrefix(text, "scn:"); ok {
		if _, err := strconv.ParseUint(number, 10, 63); err == nil {
			return timeOfSCN(ctx, c, number)
		}
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	for _, form := range clockForms {
		if t, err := time.Parse(form, text); err == nil {
			return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q: %w", text, ErrTime)
}

func timeOfSCN(ctx context.Context, c *sql.Conn, number string) (time.Time, error) {
	if _, err := c.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return time.Time{}, err
	}
	var text string
	if err := c.QueryRowContext(ctx, "SELECT CAST(SCN_TO_TIMESTAMP("+number+") AS CHAR)").Scan(&text); err != nil {
		return time.Time{}, fmt.Errorf("scn:%s: %w", number, err)
	}
	return time.Parse(timeForms[0], text)
}

// condition is the window as a condition on samples.
func (w Window) condition() string {
	return fmt.Sprintf("sample_time >= '%s' AND sample_time < '%s'", w.From.Format(timeForms[0]), w.To.Format(timeForms[0]))
}

// String is the window in words.
func (w Window) String() string {
	return fmt.Sprintf("%s to %s UTC", w.From.Format(timeLayout), w.To.Format(timeLayout))
}
