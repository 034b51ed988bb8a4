package peer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"

	"redoubt/internal/reload"
)

// Security is what a node shows to others and asks of them: a certificate by the cluster's own authority. Its common name is the
// node's name. The files are read again when they change, so that certificates are renewed without a restart; connections that are
// open go on. A nil Security is none.
type Security struct {
	files *reload.Files[loaded]
}

// loaded is what the files had when they were last read.
type loaded struct {
	certificate tls.Certificate
	authority   *x509.CertPool
}

// LoadSecurity reads the files of a node's certificate, its key and the authority's certificate, all PEM.
func LoadSecurity(certFile, keyFile, authorityFile string) (*Security, error) {
	files, err := reload.New(func() (l loaded, err error) {
		l.authority = x509.NewCertPool()
		if l.certificate, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
			return l, fmt.Errorf("%s and %s: %w", certFile, keyFile, err)
		}
		authority, err := os.ReadFile(authorityFile)
		if err == nil && !l.authority.AppendCertsFromPEM(authority) {
			err = fmt.Errorf("%s has no certificate", authorityFile)
		}
		return l, err
	}, certFile, keyFile, authorityFile)
	if err != nil {
		err = fmt.Errorf("certificate between nodes: %w", err)
	}
	return &Security{files}, err
}

// Name is the node that the certificate is for.
func (s *Security) Name() (string, error) {
	l, err := s.current()
	if err != nil {
		return "", err
	}
	return l.certificate.Leaf.Subject.CommonName, nil
}

// current gives what the files have now.
func (s *Security) current() (loaded, error) {
	l, err := s.files.Current()
	if err != nil {
		err = fmt.Errorf("certificate between nodes: %w", err)
	}
	return l, err
}

// accept makes a connection that came in a secure one, and tells which node is at the other end.
func (s *Security) accept(c net.Conn) (net.Conn, string, error) {
	if s == nil {
		return c, "", nil
	}
	config, err := s.config()
	if err != nil {
		return nil, "", err
	}
	t := tls.Server(c, config)
	if err := t.Handshake(); err != nil {
		return nil, "", err
	}
	return t, t.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

// connect makes a connection that goes out a secure one.
func (s *Security) connect(ctx context.Context, c net.Conn) (net.Conn, error) {
	if s == nil {
		return c, nil
	}
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	t := tls.Client(c, config)
	return t, t.HandshakeContext(ctx)
}

// config is for both ends. Who is at the other end is checked by the authority and by the name in the certificate, not by a host
// name: nodes are known by their names.
func (s *Security) config() (*tls.Config, error) {
	l, err := s.current()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{l.certificate}, ClientAuth: tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // VerifyConnection does it, by the authority alone
		VerifyConnection:   func(state tls.ConnectionState) error { return l.verify(state.PeerCertificates) },
	}, nil
}

func (l *loaded) verify(chain []*x509.Certificate) error {
	if len(chain) == 0 {
		return errors.New("the other node shows no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: l.authority, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}
