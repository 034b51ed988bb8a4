package vview

import "github.com/dolthub/go-mysql-server/sql/types"

// TransactionQuery is FLASHBACK_TRANSACTION_QUERY: every change of a row that was committed, and the SQL that takes it back.
func TransactionQuery(o MiningOptions) *Asking {
	return newMining("FLASHBACK_TRANSACTION_QUERY", "committed changes of rows, and the SQL that takes them back", o, []field{
		{minedXID, Column{"xid", numberType, "id of the transaction"}},
		{minedSCN, Column{"scn", numberType, "SCN of its commit"}},
		{minedStartSCN, Column{"start_scn", numberType, "SCN that it read"}},
		{minedStartTime, Column{"start_time", timeType, "time of that SCN"}},
		{minedCommitTime, Column{"commit_time", timeType, "time of its commit"}},
		{minedUser, Column{"logon_user", textType, "user who made the change"}},
		{minedHost, Column{"host", textType, "address of the client"}},
		{minedProgram, Column{"program", textType, "what the client says it is"}},
		{minedDigest, Column{"statement_digest", textType, "digest of the statement, the SQL_ID of V$SQL"}},
		{minedOperation, Column{"operation", textType, "INSERT, UPDATE, DELETE or DDL"}},
		{minedSchema, Column{"table_schema", textType, "database of the table, as it was called then"}},
		{minedTable, Column{"table_name", textType, "table, as it was called then"}},
		{minedKey, Column{"row_key", types.JSON, "primary key of the row"}},
		{minedOld, Column{"old_values", types.JSON, "changed columns before; of a deleted row, all"}},
		{minedNew, Column{"new_values", types.JSON, "changed columns after; of a new row, all"}},
		{minedUndoChange, Column{"undo_change", numberType, "number of the change in its transaction"}},
		{minedUndo, Column{"undo_sql", textType, "statement that takes the change back"}},
		{minedRedo, Column{"redo_sql", textType, "statement that makes it again"}},
	})
}
