package wire

import (
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/dolthub/go-mysql-server/server"
	vitess "github.com/dolthub/vitess/go/mysql"
)

func serverConfig() server.Config           { return server.Config{} }
func listenerConfig() vitess.ListenerConfig { return vitess.ListenerConfig{Listener: noListener{}} }

type noListener struct{ net.Listener }

func TestSelfSigned(t *testing.T) {
	dir := t.TempDir()
	a, err := SelfSigned(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := SelfSigned(dir)
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Certificate[0]) != string(b.Certificate[0]) {
		t.Error("the certificate was made twice")
	}
	leaf, err := x509.ParseCertificate(a.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
	// A crash between the two files leaves a key alone.
	if err := os.Remove(filepath.Join(dir, certificateFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := SelfSigned(dir); err != nil {
		t.Error(err)
	}
	// A certificate without its key is not silently replaced.
	if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := SelfSigned(dir); err == nil {
		t.Error("a certificate without its key was accepted")
	}
}
