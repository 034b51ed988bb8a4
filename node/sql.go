package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
		Engine: n.engine, Addr: n.config.MySQL, RootPassword: password,
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, RequireTLS: n.config.RequireTLS,
		MaxConnections: n.config.MaxConnections, MaxPacketBytes: int(n.config.MaxPacketBytes), LoginTimeout: n.config.LoginTimeout,
		TransactionBytesMax: n.config.TransactionBytes, StatementBytesMax: n.config.StatementBytes,
		StatisticsEvery: n.config.StatisticsEvery,
		Identity:        sql.Identity{DatabaseID: n.identity.DatabaseID, NodeID: n.identity.NodeID, Version: Version},
		Parameters:      n.parameters, Health: n.checks.Run,
		Logger: n.logger.With().Str("part", "sql").Logger(), Metrics: n.metrics,
	})
	if err != nil {
		return err
	}
	n.serving.Go(func() {
		if err := n.sql.Serve(); err != nil {
			n.fail(fmt.Errorf("serve sql: %w", err))
		}
	})
	n.closers = append(n.closers, n.closeSQL)
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
	return n.engine.GiveBack(ctx)
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
