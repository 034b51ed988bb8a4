package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/storage"
)

// ownVariables are system variables that the SQL engine does not know, or knows otherwise than MySQL.
func ownVariables() []gsql.SystemVariable {
	const lockWait = "innodb_lock_wait_timeout"
	own := func(name string, kind gsql.Type, initial any) gsql.SystemVariable {
		return &gsql.MysqlSystemVariable{Name: name, Scope: gsql.GetMysqlScope(gsql.SystemVariableScope_Both), Dynamic: true, Type: kind, Default: initial}
	}
	counter := func(name string) gsql.SystemVariable { // which the session computes
		return &gsql.MysqlSystemVariable{Name: name, Scope: gsql.GetMysqlScope(gsql.SystemVariableScope_Session), Type: types.NewSystemUintType(name, 0, 1<<63), Default: uint64(0)}
	}
	return []gsql.SystemVariable{
		own(storage.ReadModeVariable, types.NewSystemEnumType(storage.ReadModeVariable, string(storage.ReadStrong), string(storage.ReadSession), string(storage.ReadStale)), string(storage.ReadStrong)),
		own(storage.ReadSCNVariable, types.NewSystemUintType(storage.ReadSCNVariable, 0, 1<<63), uint64(0)),
		own(storage.StalenessVariable, types.NewSystemUintType(storage.StalenessVariable, 1, 1<<31), uint64(10_000)),
		&gsql.MysqlSystemVariable{
			Name: lockWait, Scope: gsql.GetMysqlScope(gsql.SystemVariableScope_Both), Dynamic: true,
			Type: types.NewSystemIntType(lockWait, 1, 1<<30, false), Default: int64(50),
		},
		// What has no effect here and would be missed can only be what it is.
		&gsql.MysqlSystemVariable{Name: "read_only", Scope: gsql.GetMysqlScope(gsql.SystemVariableScope_Global), Type: types.NewSystemBoolType("read_only"), Default: int8(0)},
		&gsql.MysqlSystemVariable{Name: "super_read_only", Scope: gsql.GetMysqlScope(gsql.SystemVariableScope_Global), Type: types.NewSystemBoolType("super_read_only"), Default: int8(0)},
		counter(storage.WarningCountVariable),
		counter(storage.ErrorCountVariable),
		own("completion_type", types.NewSystemEnumType("completion_type", "NO_CHAIN"), "NO_CHAIN"),
		own("auto_increment_increment", types.NewSystemIntType("auto_increment_increment", 1, 1, false), int64(1)),
		own("auto_increment_offset", types.NewSystemIntType("auto_increment_offset", 1, 1, false), int64(1)),
	}
}

// variables are the SQL engine's, some of which have two names: it would take SET GLOBAL tx_isolation, and transactions
// would not heed it. Those of a session are kept alike by storage.Session.
type variables struct{ gsql.SystemVariableRegistry }

// SetGlobal implements gsql.SystemVariableRegistry.
func (v variables) SetGlobal(ctx *gsql.Context, name string, value any) error {
	if err := v.SystemVariableRegistry.SetGlobal(ctx, name, value); err != nil {
		return err
	}
	if other := storage.Twin(name); other != "" {
		return v.SystemVariableRegistry.SetGlobal(ctx, other, value)
	}
	return nil
}

// The engine's registry is one for the process, and so is ours around it.
func init() { gsql.SystemVariables = variables{gsql.SystemVariables} }
