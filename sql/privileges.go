package sql

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/engine"
	"redoubt/engine/txn"
	"redoubt/sql/storage"
)

// privilegesControl names the control value that holds users, roles and grants, in the form of the SQL engine.
const privilegesControl = "privileges"

// persister keeps the users in the database; the SQL engine calls it after each change of them.
type persister struct{ store *storage.Store }

// Persist implements mysql_db.MySQLDbPersistence.
func (p persister) Persist(ctx *gsql.Context, data []byte) error {
	return p.store.PutControl(ctx, privilegesControl, data)
}

const (
	rootUser  = "root"
	localhost = "localhost"
	anyHost   = "%"
)

// loadUsers reads the users, or makes root in a new database. On an address that other machines can reach, root must
// have a password.
func loadUsers(ctx *gsql.Context, users *mysql_db.MySQLDb, store *storage.Store, o *Options) error {
	users.SetPersister(persister{store})
	raw, err := store.Control(privilegesControl)
	if err != nil {
		return fmt.Errorf("read users: %w", err)
	}
	if raw == nil {
		users.AddRootAccount()
	} else if err := users.LoadData(ctx, raw); err != nil {
		return fmt.Errorf("read users: %w", err)
	}
	users.SetEnabled(true)
	changed, err := guardRoot(users, o)
	if err != nil || !changed {
		return err
	}
	ed := users.Editor()
	defer ed.Close()
	if err := users.Persist(ctx, ed); err != nil {
		return fmt.Errorf("keep the password of root: %w", err)
	}
	return nil
}

// KeepsUsers tells whether a state has users of its own, and not only root as it is in a new database.
func KeepsUsers(e *engine.Engine) (bool, error) {
	t := e.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	raw, _, err := t.GetControl(privilegesControl)
	return raw != nil, err
}

// reloadUsers reads the users anew, after they were taken back. Who is logged in stays so.
func reloadUsers(ctx *gsql.Context, s *Server) error {
	raw, err := s.store.Control(privilegesControl)
	if err != nil {
		return fmt.Errorf("read users that were taken back: %w", err)
	}
	back, users := mysql_db.CreateEmptyMySQLDb(), s.engine.Analyzer.Catalog.MySQLDb
	if err := back.LoadData(ctx, raw); err != nil {
		return fmt.Errorf("read users that were taken back: %w", err)
	}
	was, ed := back.Reader(), users.Editor()
	defer was.Close()
	defer ed.Close()
	for _, u := range usersOf(ed) {
		if !u.IsEphemeral {
			ed.RemoveUser(mysql_db.UserPrimaryKey{Host: u.Host, User: u.User})
		}
	}
	for _, e := range edgesOf(ed) {
		ed.RemoveRoleEdge(mysql_db.RoleEdgesPrimaryKey{FromHost: e.FromHost, FromUser: e.FromUser, ToHost: e.ToHost, ToUser: e.ToUser})
	}
	for _, u := range usersOf(was) {
		ed.PutUser(u)
	}
	for _, e := range edgesOf(was) {
		ed.PutRoleEdge(e)
	}
	return nil // closing the editor makes sessions look their privileges up again
}

// grantTables is where users and roles are read from.
type grantTables interface {
	VisitUsers(func(*mysql_db.User))
	VisitRoleEdges(func(*mysql_db.RoleEdge))
}

func usersOf(g grantTables) (list []*mysql_db.User) {
	g.VisitUsers(func(u *mysql_db.User) { list = append(list, u) })
	return list
}

func edgesOf(g grantTables) (list []*mysql_db.RoleEdge) {
	g.VisitRoleEdges(func(e *mysql_db.RoleEdge) { list = append(list, e) })
	return list
}

// guardRoot gives root the password of the options if it has none, and refuses a root without one on an address that
// is not loopback.
func guardRoot(users *mysql_db.MySQLDb, o *Options) (changed bool, err error) {
	ed := users.Editor()
	defer ed.Close()
	open := false
	for _, host := range []string{localhost, anyHost} {
		root, ok := ed.GetUser(mysql_db.UserPrimaryKey{Host: host, User: rootUser})
		if !ok || root.AuthString != "" || root.Locked {
			continue
		}
		if o.RootPassword == "" {
			open = true
			continue
		}
		root.Plugin, root.AuthString = "mysql_native_password", nativeHash(o.RootPassword)
		ed.PutUser(root)
		changed = true
	}
	if open && !isLoopback(o.Addr) {
		return false, fmt.Errorf("root has no password and %s can be reached from other machines: give root one (root-password-file), or listen on 127.0.0.1", o.Addr)
	}
	if o.RootPassword != "" && !isLoopback(o.Addr) {
		if _, ok := ed.GetUser(mysql_db.UserPrimaryKey{Host: anyHost, User: rootUser}); !ok {
			users.AddSuperUser(ed, rootUser, anyHost, o.RootPassword)
			changed = true
		}
	}
	return changed, nil
}

// nativeHash is what mysql_native_password keeps of a password.
func nativeHash(password string) string {
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	return "*" + strings.ToUpper(hex.EncodeToString(twice[:]))
}

// require refuses a statement whose user lacks a privilege everywhere, or on a table.
func (s *Server) require(ctx *gsql.Context, database, table string, privilege gsql.PrivilegeType) error {
	subject := gsql.PrivilegeCheckSubject{Database: database, Table: table}
	if s.engine.Analyzer.Catalog.MySQLDb.UserHasPrivileges(ctx, gsql.NewPrivilegedOperation(subject, privilege)) {
		return nil
	}
	return gsql.ErrPrivilegeCheckFailed.New(fmt.Sprintf("'%s'@'%s'", ctx.Client().User, ctx.Client().Address))
}

// requireAdmin refuses a statement that changes what all users depend on.
func (s *Server) requireAdmin(ctx *gsql.Context) error { return requirement(s.require).admin(ctx) }

func (r requirement) admin(ctx *gsql.Context) error {
	if err := r(ctx, "", "", gsql.PrivilegeType_Super); err == nil {
		return nil
	}
	return r(ctx, "", "", gsql.PrivilegeType_Reload)
}

// globals refuses a SET of what all sessions begin with to a user who is no administrator.
func (r requirement) globals(ctx *gsql.Context, n *plan.Set) error {
	for _, e := range n.Exprs {
		set, ok := e.(*expression.SetField)
		if !ok {
			continue
		}
		v, ok := set.LeftChild.(*expression.SystemVar)
		if ok && !v.Scope.IsSessionOnly() && r.admin(ctx) != nil {
			return mysql.NewSQLError(mysql.ERSpecifiedAccessDenied, "42000", "Access denied; you need (at least one of) the SUPER privilege(s) for this operation")
		}
	}
	return nil
}
