package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// weigh updates every row Passes times and gives how much the files have grown, for each version. It ends the server.
func (c *Config) weigh(ctx context.Context, r *server.Running, f measure.Figures) error {
	if err := c.pass(ctx, r, c.Ahead); err != nil {
		return errors.Join(err, r.Kill())
	}
	r, err := c.rest(ctx, r)
	if err != nil {
		return err
	}
	before, err := c.size(r.Dir)
	if err != nil {
		return errors.Join(err, r.Kill())
	}
	if err := c.pass(ctx, r, c.Passes); err != nil {
		return errors.Join(err, r.Kill())
	}
	if r, err = c.rest(ctx, r); err != nil {
		return err
	}
	after, err := c.size(r.Dir)
	if err == nil {
		f["bytes_per_version"] = (after["tables"] - before["tables"]) / float64(c.Passes*Rows)
		if c.System == Redoubt {
			f["segment_bytes_per_version"] = (after["segments"] - before["segments"]) / float64(c.Passes*Rows)
		}
	}
	return errors.Join(err, r.Kill())
}

// pass updates every row some times, and checks that it did.
func (c *Config) pass(ctx context.Context, r *server.Running, times int) (err error) {
	db, err := server.Open(r.Address(), "bench", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for range times {
		result, err := db.ExecContext(ctx, "UPDATE t SET changed = changed + 1")
		if err != nil {
			return fmt.Errorf("change all rows: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n != Rows {
			return errors.Join(err, fmt.Errorf("the update of all rows changed %d", n))
		}
	}
	return nil
}

const (
	lookEvery   = 100 * time.Millisecond
	restTimeout = 2 * time.Minute
)

// rest stops the server, which writes back what it has in memory, starts it again, and waits until it has tidied up.
func (c *Config) rest(ctx context.Context, r *server.Running) (*server.Running, error) {
	if err := r.Stop(); err != nil {
		return nil, err
	}
	r, err := r.Kind.StartAgain(ctx, r.Dir)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(restTimeout)
	last, since := -1.0, time.Now()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for time.Since(since).Seconds() < c.Still {
		size, err := c.size(r.Dir)
		if err != nil {
			return nil, errors.Join(err, r.Kill())
		}
		if size["tables"] != last {
			last, since = size["tables"], time.Now()
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("the files of %s still change after %v", c.System, restTimeout), r.Kill())
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), r.Kill())
		}
	}
	return r, nil
}

// size is that of the files that hold rows, and of Redoubt's sealed segments.
func (c *Config) size(data string) (map[string]float64, error) {
	folders := map[string]string{"tables": "bench"}
	if c.System == Redoubt {
		folders = map[string]string{"tables": "state", "segments": "segments"}
	}
	out := map[string]float64{}
	for name, folder := range folders {
		err := filepath.WalkDir(filepath.Join(data, folder), func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return gone(err)
			}
			info, err := entry.Info()
			if err != nil {
				return gone(err)
			}
			out[name] += float64(info.Size())
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("size of %s: %w", folder, err)
		}
	}
	return out, nil
}

// gone passes over files that the server has removed meanwhile.
func gone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
