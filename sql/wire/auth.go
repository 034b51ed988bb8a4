package wire

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // the protocol prescribes OAEP with SHA-1
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"sync"

	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/netutil"
)

const rsaBits = 2048

// rsaKey is the key for passwords that come without TLS. It is made when it is first needed and lives as long as the
// listener.
type rsaKey struct {
	once    sync.Once
	private *rsa.PrivateKey
	public  []byte // PEM
	err     error
}

func (k *rsaKey) get() (*rsa.PrivateKey, []byte, error) {
	k.once.Do(func() {
		if k.private, k.err = rsa.GenerateKey(rand.Reader, rsaBits); k.err != nil {
			return
		}
		der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
		k.public, k.err = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
	})
	return k.private, k.public, k.err
}

// password decrypts what a client sends after it has got the key: its password with a zero byte, mixed with the salt
// of its login, so that the same password never travels as the same plain text.
func (k *rsaKey) password(encrypted, salt []byte) ([]byte, error) {
	private, _, err := k.get()
	if err != nil {
		return nil, err
	}
	plain, err := rsa.DecryptOAEP(sha1.New(), rand.Reader, private, encrypted, nil)
	if err != nil {
		return nil, err
	}
	if len(salt) == 0 {
		return nil, errors.New("wire: the login has no salt")
	}
	for i := range plain {
		plain[i] ^= salt[i%len(salt)]
	}
	return plain, nil
}

// authServer wraps the methods of the engine's, so that they know about TLS and RSA in our connection.
type authServer struct {
	mysql.AuthServer
	listener *listener
}

// AuthMethods implements mysql.AuthServer.
func (a authServer) AuthMethods() []mysql.AuthMethod {
	inner := a.AuthServer.AuthMethods()
	methods := make([]mysql.AuthMethod, len(inner))
	for i, m := range inner {
		methods[i] = authMethod{m, inner, a.listener}
	}
	return methods
}

type authMethod struct {
	mysql.AuthMethod
	all      []mysql.AuthMethod // those of the engine
	listener *listener
}

// connectionOf returns our connection below the library's.
func connectionOf(c net.Conn) *connection {
	if t, ok := c.(netutil.ConnWithTimeouts); ok {
		c = t.Conn
	}
	own, _ := c.(*connection)
	return own
}

// strangerMethod is the method in which users that do not exist fail. It is the one that new users get.
const strangerMethod = mysql.MysqlNativePassword

// isStranger tells whether no method knows a user. Such a login goes on until its password is refused, like any other
// with a wrong password: who exists must not be seen from outside.
func (a authMethod) isStranger(c *mysql.Conn, user string) bool {
	before := c.Capabilities
	c.Capabilities |= mysql.CapabilityClientSSL // some methods would not look for the user without
	defer func() { c.Capabilities = before }()
	for _, m := range a.all {
		if m.HandleUser(c, user) {
			return false
		}
	}
	return true
}

// HandleUser implements mysql.AuthMethod: it is the first call that has the library's connection.
func (a authMethod) HandleUser(c *mysql.Conn, user string) bool {
	own := connectionOf(c.Conn)
	if own == nil {
		return a.AuthMethod.HandleUser(c, user)
	}
	if _, inside := own.insider(); inside {
		own.library = c
		return a.Name() == strangerMethod
	}
	if a.Name() == strangerMethod && a.isStranger(c, user) {
		return true
	}
	own.library = c
	if own.secure() {
		c.Capabilities |= mysql.CapabilityClientSSL
	}
	if a.Name() != mysql.CachingSha2Password || own.secure() {
		return a.AuthMethod.HandleUser(c, user)
	}
	c.Capabilities |= mysql.CapabilityClientSSL // the password will come encrypted: see readPassword
	defer func() { c.Capabilities &^= mysql.CapabilityClientSSL }()
	return a.AuthMethod.HandleUser(c, user)
}

// HandleAuthPluginData implements mysql.AuthMethod.
func (a authMethod) HandleAuthPluginData(c *mysql.Conn, user string, salt, response []byte, remote net.Addr) (mysql.Getter, error) {
	own := connectionOf(c.Conn)
	if own == nil {
		return a.AuthMethod.HandleAuthPluginData(c, user, salt, response, remote)
	}
	if known, inside := own.insider(); inside {
		own.loggedIn()
		a.listener.options.LoggedIn(c.ConnectionID, user, own.program)
		return known, nil
	}
	if a.Name() == mysql.CachingSha2Password && !own.secure() {
		own.salt = append([]byte(nil), salt[:max(len(salt)-1, 0)]...)
		c.Capabilities |= mysql.CapabilityClientSSL
		defer func() { c.Capabilities &^= mysql.CapabilityClientSSL }()
	}
	user2, err := a.AuthMethod.HandleAuthPluginData(c, user, salt, response, remote)
	own.salt = nil
	if err != nil {
		return nil, a.listener.options.Errors(err)
	}
	own.loggedIn()
	a.listener.options.LoggedIn(c.ConnectionID, user, own.program)
	return user2, nil
}
