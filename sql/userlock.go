package sql

import (
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"

	"redoubt/sql/storage"
)

// withUserLocks puts GET_LOCK and its like, which are about the session, before other functions. Those of the SQL engine look again and again instead of
// waiting, cannot be killed while they do, and know of no deadlock.
type withUserLocks struct {
	gsql.FunctionProvider
	byName map[string]gsql.Function
}

func newUserLocks(others gsql.FunctionProvider, store func() *storage.Store) *withUserLocks {
	l := &withUserLocks{others, map[string]gsql.Function{}}
	add := func(name string, arity int, returns gsql.Type, evaluate func(*storage.Session, *gsql.Context, []any) (any, error)) {
		l.byName[name] = gsql.FunctionN{Name: name, Fn: define(name, arity, returns, func(ctx *gsql.Context, args []any) (any, error) {
			session, ok := ctx.Session.(*storage.Session)
			if !ok {
				return nil, nil
			}
			return evaluate(session, ctx, args)
		})}
	}
	l.byName["last_insert_id"] = gsql.FunctionN{Name: "last_insert_id", Fn: newLastInsertID}
	add("sleep", 1, types.Int64, sleep)
	add("get_lock", 2, types.Int64, getLock)
	add("release_lock", 1, types.Int64, releaseLock)
	add("release_all_locks", 0, types.Uint64, func(s *storage.Session, _ *gsql.Context, _ []any) (any, error) {
		return uint64(s.UserUnlockAll()), nil
	})
	add("is_free_lock", 1, types.Int64, func(_ *storage.Session, ctx *gsql.Context, args []any) (any, error) {
		name, err := lockName(ctx, args[0])
		if err != nil {
			return nil, err
		}
		if store().UserLockOwner(name) == 0 {
			return int64(1), nil
		}
		return int64(0), nil
	})
	add("is_used_lock", 1, types.Uint64, func(_ *storage.Session, ctx *gsql.Context, args []any) (any, error) {
		name, err := lockName(ctx, args[0])
		if err != nil {
			return nil, err
		}
		if owner := store().UserLockOwner(name); owner != 0 {
			return owner, nil
		}
		return nil, nil
	})
	return l
}

// Function implements gsql.FunctionProvider.
func (l *withUserLocks) Function(ctx *gsql.Context, name string) (gsql.Function, bool) {
	if f, ok := l.byName[strings.ToLower(name)]; ok {
		return f, true
	}
	return l.FunctionProvider.Function(ctx, name)
}

func getLock(s *storage.Session, ctx *gsql.Context, args []any) (any, error) {
	name, err := lockName(ctx, args[0])
	if err != nil {
		return nil, err
	}
	seconds, _, err := types.Float64.Convert(ctx, args[1])
	if err != nil {
		return nil, err
	}
	wait := time.Duration(-1)
	if f := seconds.(float64); f >= 0 {
		wait = time.Duration(min(f, 1e9) * float64(time.Second))
	}
	got, err := s.UserLock(ctx, name, wait)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err() // killed
	case err != nil:
		return nil, err
	case got:
		return int64(1), nil
	}
	return int64(0), nil
}

func releaseLock(s *storage.Session, ctx *gsql.Context, args []any) (any, error) {
	name, err := lockName(ctx, args[0])
	if err != nil {
		return nil, err
	}
	held, known := s.UserUnlock(name)
	switch {
	case held:
		return int64(1), nil
	case known:
		return int64(0), nil
	}
	return nil, nil
}

// lockName reads a name: 1 to 64 characters.
func lockName(ctx *gsql.Context, v any) (string, error) {
	text, _, err := types.LongText.Convert(ctx, v)
	if err != nil {
		return "", err
	}
	name, _ := text.(string)
	if n := len([]rune(name)); n == 0 || n > 64 {
		return "", mysql.NewSQLError(3057, "42000", "Incorrect user-level lock name '%s'.", name)
	}
	return name, nil
}
