package sql

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
)

// Reader reads with the rights of a user, without the MySQL protocol in front: for those of the node who show what the
// database holds. What it reads is in no view of sessions and in no statistics of statements: who looks at these does not
// change them. It is safe for concurrent use.
type Reader struct {
	server     *Server
	user, host string // as the table of users has them
}

// ReaderOf gives a Reader to a user who has proven before who they are, by the names that User gave. Check says whether they
// still may.
func (s *Server) ReaderOf(user, host string) *Reader {
	return &Reader{server: s, user: user, host: host}
}

// User is who reads: name and host as the table of users has them.
func (r *Reader) User() (user, host string) { return r.user, r.host }

// Check tells whether the user is still there and may read everything, else it returns ErrLogin. secret changes when the
// password does.
func (r *Reader) Check(ctx context.Context) (secret string, err error) {
	r.server.seeUsers()
	reader := r.server.engine.Analyzer.Catalog.MySQLDb.Reader()
	known, ok := reader.GetUser(mysql_db.UserPrimaryKey{Host: r.host, User: r.user})
	if ok {
		secret = known.Plugin + " " + known.AuthString
		ok = !known.Locked
	}
	reader.Close() // the check of privileges reads them, too
	if !ok {
		return "", ErrLogin
	}
	return secret, r.mayReadAll(ctx)
}

// Rows is what a statement gave.
type Rows struct {
	Columns []string
	Rows    [][]any // texts as MySQL writes them; nil is NULL; bytes that are no text are 0x and hexadecimal digits
}

// Read runs a statement that reads, with the user's privileges. It must bound by itself how many rows it gives.
func (r *Reader) Read(ctx context.Context, text string) (out *Rows, err error) {
	session := r.session()
	defer session.SessionEnd()
	session.StatementBegin()
	defer func() { session.StatementDone(err) }()
	qctx := gsql.NewContext(ctx, gsql.WithSession(session)).WithQuery(text)
	qctx.SetQueryTime(time.Now())
	schema, iter, _, err := r.server.engine.Query(qctx, text)
	if err != nil {
		return nil, err
	}
	out = &Rows{}
	for _, c := range schema {
		out.Columns = append(out.Columns, c.Name)
	}
	for {
		row, err := iter.Next(qctx)
		if errors.Is(err, io.EOF) {
			return out, iter.Close(qctx)
		}
		if err != nil {
			return nil, errors.Join(err, iter.Close(qctx))
		}
		texts, err := rowTexts(qctx, schema, row)
		if err != nil {
			return nil, errors.Join(err, iter.Close(qctx))
		}
		out.Rows = append(out.Rows, texts)
	}
}

func rowTexts(ctx *gsql.Context, schema gsql.Schema, row gsql.Row) ([]any, error) {
	out := make([]any, len(row))
	for i, v := range row {
		if v == nil {
			continue
		}
		value, err := schema[i].Type.SQL(ctx, nil, v)
		if err != nil {
			return nil, err
		}
		raw := value.Raw()
		if !utf8.Valid(raw) {
			out[i] = "0x" + hex.EncodeToString(raw)
			continue
		}
		out[i] = string(raw)
	}
	return out, nil
}
