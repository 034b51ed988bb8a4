package parser

import ast "github.com/dolthub/vitess/go/vt/sqlparser"

// ownConnections takes from KILL and SHOW PROCESSLIST the privileges that the engine asks for before anything else: users
// may see and end their own connections without any. Who executes them asks for privileges on those of others.
func ownConnections(tree ast.Statement) {
	free := ast.AuthInformation{AuthType: ast.AuthType_IGNORE}
	switch s := tree.(type) {
	case *ast.Kill:
		s.Auth = free
	case *ast.Show:
		if s.Auth.AuthType == ast.AuthType_PROCESS {
			s.Auth = free
		}
	}
}
