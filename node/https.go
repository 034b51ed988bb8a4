package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"sync/atomic"

	"redoubt/internal/reload"
)

// encrypted makes what is sent over the http address secret, if there is a certificate for it. The files are read again when they change;
// as long as they cannot be read, the certificate before stays, and the log says so.
func (n *Node) encrypted(listener net.Listener) (net.Listener, error) {
	if n.config.HTTPCert == "" {
		return listener, nil
	}
	files, err := reload.Certificate(n.config.HTTPCert, n.config.HTTPKey)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("settings http-cert and http-key: %w", err), listener.Close())
	}
	n.httpCert = files
	var told atomic.Pointer[string] // what is wrong with them, as it was last said
	return tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c, err := files.Current()
			text := fmt.Sprint(err)
			if last := told.Swap(&text); err != nil && (last == nil || *last != text) {
				n.logger.Error().Err(err).Msg("settings http-cert and http-key: the certificate before stays in use")
			}
			return &c, nil
		},
	}), nil
}

// httpNames tells for which hosts the certificate is; nil if there is none.
func (n *Node) httpNames() func(host string) bool {
	if n.httpCert == nil {
		return nil
	}
	return func(host string) bool {
		c, _ := n.httpCert.Current() // an error is told where the connection was made
		return c.Leaf != nil && c.Leaf.VerifyHostname(host) == nil
	}
}

// httpErrors is where the server tells of connections that were none: they are what others do.
func (n *Node) httpErrors() *log.Logger {
	return log.New(debugLines{n}, "", 0)
}

type debugLines struct{ *Node }

// Write implements io.Writer.
func (d debugLines) Write(line []byte) (int, error) {
	d.logger.Debug().Str("part", "http").Msg(string(line))
	return len(line), nil
}
