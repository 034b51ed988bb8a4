package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"redoubt/engine/txn"
	"redoubt/sql"
	"redoubt/sql/wire"
)

// openSQL lets clients in.
func (n *Node) openSQL(context.Context) error {
	password, err := n.config.rootPassword()
	if err != nil {
		return err
	}
	certificate, err := n.certificate()
	if err != nil {
		return err
	}
	n.sql, err = sql.New(sql.Options{
		Engine: n.engine, Log: n.history, Addr: n.config.MySQL, RootPassword: password,
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, RequireTLS: n.config.RequireTLS,
		MaxConnections: n.config.MaxConnections, MaxPacketBytes: int(n.config.MaxPacketBytes), LoginTimeout: n.config.LoginTimeout,
		TransactionBytesMax: n.config.TransactionBytes, StatementBytesMax: n.config.StatementBytes,
		StatisticsEvery: n.config.StatisticsEvery,
		Identity:        sql.Identity{DatabaseID: n.identity.DatabaseID, NodeID: n.identity.NodeID, Version: Version},
		LogHolds:        n.logHolds, RedoSince: n.redoSince,
		Archives: n.archives, Backups: backups{n}, Recoveries: recoveries{n},
		Cluster: nodes{n}, Snapshots: n.shelves, BeforeFlashback: n.beforeFlashback(),
		LogFiles: n.logFiles,
		Tap:      n.tapView(),
		Workload: n.workloadView(),
		Slots:    n.slots, Samples: n.samples(), StatementDigests: n.config.StatementDigests, SlowStatement: n.config.SlowStatement,
		Parameters: n.parameters, Health: n.checks.Run,
		Logger: n.logger.With().Str("part", "sql").Logger(), Metrics: n.metrics,
	})
	if err != nil {
		return err
	}
	n.logins.Store(n.sql)
	at := n.Addresses()
	n.bound.Store(&at)
	n.serving.Go(func() {
		if err := n.sql.Serve(); err != nil {
			n.fail(fmt.Errorf("serve sql: %w", err))
		}
	})
	n.closers = append(n.closers, n.closeSQL)
	n.startSampledSQL()
	return nil
}

// closeSQL lets clients finish, then returns to the log what numbers they did not use.
func (n *Node) closeSQL() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := n.sql.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if n.Failure() != nil {
		return nil // the log takes nothing any more
	}
	err := n.engine.GiveBack(ctx)
	if errors.Is(err, txn.ErrNoLeader) || errors.Is(err, txn.ErrOutcomeUnknown) {
		n.logger.Warn().Err(err).Msg("sequences have a gap")
		return nil
	}
	return err
}

// certificate is the configured one, or one of the data directory's own, signed by itself.
func (n *Node) certificate() (tls.Certificate, error) {
	if n.config.TLSCert == "" {
		dir := filepath.Join(n.config.Data, tlsDir)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return tls.Certificate{}, fmt.Errorf("make directory of the certificate: %w", err)
		}
		return wire.SelfSigned(dir)
	}
	c, err := tls.LoadX509KeyPair(n.config.TLSCert, n.config.TLSKey)
	if err != nil {
		return c, fmt.Errorf("settings tls-cert and tls-key: %w", err)
	}
	return c, nil
}

// parameters are the settings for V$PARAMETER.
func (n *Node) parameters() []sql.Parameter {
	list := n.config.Settings()
	out := make([]sql.Parameter, len(list))
	for i, s := range list {
		out[i] = sql.Parameter(s)
	}
	return out
}
