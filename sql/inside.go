package sql

import (
	"context"
	"database/sql"
	"errors"
	"net"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/go-sql-driver/mysql"
)

// connectInside opens a connection to this server for the user of a statement, with that user's privileges.
func (s *Server) connectInside(ctx *gsql.Context) (*sql.Conn, func() error, error) {
	client := ctx.Client()
	c := mysql.NewConfig()
	c.User, c.MaxAllowedPacket, c.Logger = client.User, 0, &mysql.NopLogger{} // 0: the server is asked
	c.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return s.inside.Dial(ctx, gsql.MysqlConnectionUser{User: client.User, Host: client.Address})
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, nil, err
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return conn, func() error { return errors.Join(conn.Close(), db.Close()) }, nil
}
