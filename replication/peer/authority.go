package peer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Files of an authority in its directory. A node's are NODE.pem and NODE-key.pem.
const (
	AuthorityFile    = "ca.pem"
	authorityKeyFile = "ca-key.pem"
)

// clockSlack is how far a node's clock may be behind that of the authority's machine.
const clockSlack = time.Hour

// CreateAuthority makes an authority for the nodes of one cluster, in a directory that has none.
func CreateAuthority(dir string, valid time.Duration) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	template, err := certificate("redoubt cluster authority", valid)
	if err != nil {
		return err
	}
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(filepath.Join(dir, authorityKeyFile), "EC PRIVATE KEY", keyBytes(key), false), writePEM(filepath.Join(dir, AuthorityFile), "CERTIFICATE", der, false))
}

// Issue makes the certificate of a node, by the authority in a directory, and replaces the one that is there. Hosts are names and addresses
// by which browsers reach the node, if it is for them, too.
func Issue(dir, node string, valid time.Duration, hosts ...string) (certFile, keyFile string, err error) {
	authority, err := tls.LoadX509KeyPair(filepath.Join(dir, AuthorityFile), filepath.Join(dir, authorityKeyFile))
	if err != nil {
		return "", "", fmt.Errorf("the authority in %s: %w", dir, err)
	}
	template, err := certificate(node, valid)
	if err != nil {
		return "", "", err
	}
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, &key.PublicKey, authority.PrivateKey)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(dir, node+".pem"), filepath.Join(dir, node+"-key.pem")
	return certFile, keyFile, errors.Join(writePEM(keyFile, "EC PRIVATE KEY", keyBytes(key), true), writePEM(certFile, "CERTIFICATE", der, true))
}

func certificate(name string, valid time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-clockSlack), NotAfter: now.Add(valid),
	}, err
}

func keyBytes(key *ecdsa.PrivateKey) []byte {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		panic(err) // of a curve that x509 does not know; this one it does
	}
	return der
}

// writePEM writes a file as a whole; only its owner can read it.
func writePEM(path, kind string, der []byte, replace bool) error {
	if _, err := os.Stat(path); err == nil && !replace {
		return fmt.Errorf("%s is there already: remove it first if you mean to lose the authority", path)
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
