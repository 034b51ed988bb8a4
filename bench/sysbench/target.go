package sysbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"redoubt/bench/server"
)

func (c *Config) start(ctx context.Context) (*server.Running, error) {
	switch c.System {
	case "redoubt":
		return server.Redoubt(c.Binary).StartNew(ctx, c.Dir)
	case "redoubt-unwatched":
		return server.Redoubt(c.Binary, "--sampling=false").StartNew(ctx, c.Dir)
	case "mariadb":
		return server.MariaDB().StartNew(ctx, c.Dir)
	}
	return nil, fmt.Errorf("there is no system %q here", c.System)
}

// prepare tells the server the isolation level and makes the database.
func prepare(ctx context.Context, r *server.Running) (err error) {
	db, err := server.Open(r.Address(), "", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, s := range []string{"SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ", "CREATE DATABASE sbtest"} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// profile writes where a Redoubt node spends its processor time in the next seconds.
func (c *Config) profile(ctx context.Context, r *server.Running, threads int) error {
	url := fmt.Sprintf("%s/debug/pprof/profile?seconds=%.0f", r.Pages(), max(1, c.Seconds-1))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return os.WriteFile(filepath.Join(c.Profiles, fmt.Sprintf("%s-%d.prof", c.Workload, threads)), body, 0o644)
}
