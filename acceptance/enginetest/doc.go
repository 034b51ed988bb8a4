// Package enginetest runs the query and script tests of go-mysql-server over this database's storage.
package enginetest
