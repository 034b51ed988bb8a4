package sql

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"net"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/storage"
)

// ErrLogin is returned for a user that may not do what they ask for, or gives a wrong password.
var ErrLogin = errors.New("wrong user or password, or no SELECT on everything")

// MayReadAll tells whether somebody may read everything that is in the database: a user that can log in from an address with
// a password, and has SELECT on everything. It returns ErrLogin, and does not say why.
func (s *Server) MayReadAll(ctx context.Context, user, password string, from net.Addr) error {
	_, err := s.ReaderFor(ctx, user, password, from)
	return err
}

// ReaderFor gives a Reader to somebody who may read everything, as MayReadAll does.
func (s *Server) ReaderFor(ctx context.Context, user, password string, from net.Addr) (*Reader, error) {
	s.seeUsers()
	users := s.engine.Analyzer.Catalog.MySQLDb
	var salt [20]byte // nobody listens: it need not be random
	getter, err := users.ValidateHash(salt[:], user, nativeResponse(password, salt[:]), from)
	if err != nil {
		return nil, ErrLogin
	}
	known, ok := getter.(gsql.MysqlConnectionUser)
	if !ok {
		return nil, fmt.Errorf("who logs in is a %T", getter)
	}
	r := &Reader{server: s, user: known.User, host: known.Host}
	return r, r.mayReadAll(ctx)
}

// mayReadAll returns ErrLogin if the user, who exists, has no SELECT on everything.
func (r *Reader) mayReadAll(ctx context.Context) error {
	if err := r.server.require(gsql.NewContext(ctx, gsql.WithSession(r.session())), "", "", gsql.PrivilegeType_Select); err != nil {
		return ErrLogin
	}
	return nil
}

// session makes a session of the reader's user.
func (r *Reader) session() *storage.Session {
	base := gsql.NewBaseSessionWithClientServer(r.server.options.Addr, gsql.Client{User: r.user, Address: r.host}, 0)
	return storage.NewSession(base, r.server.store, "log")
}

// nativeResponse is what a client answers to a salt under mysql_native_password.
func nativeResponse(password string, salt []byte) []byte {
	if password == "" {
		return nil
	}
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	mask := sha1.Sum(append(append([]byte(nil), salt...), twice[:]...))
	for i := range mask {
		mask[i] ^= once[i]
	}
	return mask[:]
}
