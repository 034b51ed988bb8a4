package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"redoubt/replication/peer"
)

// secure is a directory with an authority, and who trusts it.
type secure struct {
	t     *testing.T
	dir   string
	trust *x509.CertPool
}

func newSecure(t *testing.T) *secure {
	t.Helper()
	s := &secure{t, t.TempDir(), x509.NewCertPool()}
	if err := peer.CreateAuthority(s.dir, time.Hour); err != nil {
		t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(s.dir, peer.AuthorityFile))
	if err != nil || !s.trust.AppendCertsFromPEM(authority) {
		t.Fatal(err)
	}
	return s
}

// get asks the node at a port for a path, by a name, with a new connection; it gives the answer and the certificate's serial number.
func (s *secure) get(port, name, path string) (status int, serial string, err error) {
	s.t.Helper()
	dialer := &net.Dialer{}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.trust}, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", "127.0.0.1:"+port)
		},
	}}
	response, err := client.Get("https://" + net.JoinHostPort(name, port) + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	return response.StatusCode, response.TLS.PeerCertificates[0].SerialNumber.String(), nil
}

// TestHTTPS: with a certificate the page is encrypted, and there by the names of the certificate, too; a new
// certificate is taken without a restart, and one that cannot be read leaves the old one.
func TestHTTPS(t *testing.T) {
	s := newSecure(t)
	cert, key, err := peer.Issue(s.dir, "n1", time.Hour, "db.example", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["http-cert"], f["http-key"] = cert, key
	n := start(t, f)
	defer n.Close()
	_, port, err := net.SplitHostPort(n.Addresses().HTTP)
	if err != nil {
		t.Fatal(err)
	}
	status, first, err := s.get(port, "db.example", "/")
	if err != nil || status != http.StatusOK {
		t.Fatalf("the page: %d, %v", status, err)
	}
	if status, _, err := s.get(port, "db.example", "/metrics"); err != nil || status != http.StatusOK {
		t.Errorf("metrics: %d, %v", status, err)
	}
	if status, _, err := s.get(port, "127.0.0.1", "/log/tail"); err != nil || status != http.StatusUnauthorized {
		t.Errorf("the stream of the log, without a login: %d, %v", status, err)
	}
	if _, _, err := s.get(port, "other.example", "/"); err == nil || !strings.Contains(err.Error(), "not other.example") {
		t.Errorf("by a name that the certificate does not have: %v", err)
	}
	if response, err := http.Get("http://127.0.0.1:" + port + "/"); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("in the clear: %+v, %v", response, err)
	} else {
		response.Body.Close()
	}

	later := func(files ...string) {
		t.Helper()
		at := time.Now().Add(time.Minute)
		for _, name := range files {
			if err := os.Chtimes(name, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := peer.Issue(s.dir, "n1", time.Hour, "db.example"); err != nil {
		t.Fatal(err)
	}
	later(cert, key)
	_, second, err := s.get(port, "db.example", "/")
	if err != nil || second == first {
		t.Errorf("a new certificate is not taken: %v", err)
	}
	if err := os.WriteFile(cert, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, third, err := s.get(port, "db.example", "/"); err != nil || third != second {
		t.Errorf("with a damaged file: %v", err)
	}
}

// TestHTTPSWithoutFiles: a certificate that cannot be read ends the start.
func TestHTTPSWithoutFiles(t *testing.T) {
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["http-cert"], f["http-key"] = "none.pem", "none-key.pem"
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Open(t.Context(), config, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "settings http-cert and http-key: ") {
		t.Errorf("%v, %v", n, err)
	}
}
