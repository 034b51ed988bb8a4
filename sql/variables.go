package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// ownVariables are system variables that the SQL engine does not know, or knows otherwise than MySQL.
func ownVariables() []gsql.SystemVariable {
	const lockWait = "innodb_lock_wait_timeout"
	return []gsql.SystemVariable{
		&gsql.MysqlSystemVariable{
			Name: lockWait, Scope: gsql.GetMysqlScope(gsql.SystemVariableScope_Both), Dynamic: true,
			Type: types.NewSystemIntType(lockWait, 1, 1<<30, false), Default: int64(50),
		},
	}
}
