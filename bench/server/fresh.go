package server

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// startTimeout bounds the start of a server over an empty or a clean directory.
const startTimeout = time.Minute

// StartNew makes a data directory below dir, starts a server over it, and waits until it answers.
func (k *Kind) StartNew(ctx context.Context, dir string) (*Running, error) {
	if _, err := k.Installed(ctx); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	// The server may run as another user, who must be able to get there.
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(data, 0o755)); err != nil {
		return nil, err
	}
	if err := k.Init(ctx, data); err != nil {
		return nil, err
	}
	return k.StartAgain(ctx, data)
}

// StartAgain starts a server over a data directory that it had before, and waits until it answers.
func (k *Kind) StartAgain(ctx context.Context, data string) (*Running, error) {
	r, err := k.Start(data)
	if err != nil {
		return nil, err
	}
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if _, err := r.Answer(starting, "SELECT 1"); err != nil {
		return nil, errors.Join(err, r.Kill())
	}
	return r, nil
}

// Open gives a pool of connections to a server of MySQL's protocol, of which up to connections are kept. It names the
// database if that is not empty.
func Open(address, database string, connections int) (*sql.DB, error) {
	db, err := sql.Open("mysql", "root@tcp("+address+")/"+database+"?maxAllowedPacket=0")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}
