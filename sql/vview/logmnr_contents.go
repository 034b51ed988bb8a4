package vview

import "github.com/dolthub/go-mysql-server/sql/types"

// LogmnrContents is V$LOGMNR_CONTENTS: what is in the log, with the columns that LogMiner has. SCN and COMMIT_SCN are the
// same, since changes are in the log from their commit on; START_SCN is the snapshot that the transaction read.
func LogmnrContents(o MiningOptions) *Asking {
	return newMining("V$LOGMNR_CONTENTS", "what is in the log, with the SQL that does it again and takes it back", o, []field{
		{minedSCN, Column{"SCN", numberType, "SCN of its commit"}},
		{minedStartSCN, Column{"START_SCN", numberType, "SCN that it read"}},
		{minedSCN, Column{"COMMIT_SCN", numberType, "the same as SCN: changes are in the log from their commit on"}},
		{minedCommitTime, Column{"TIMESTAMP", timeType, "time of the commit"}},
		{minedXID, Column{"XID", numberType, "id of the transaction"}},
		{minedOperation, Column{"OPERATION", textType, "INSERT, UPDATE, DELETE or DDL"}},
		{minedSchema, Column{"SEG_OWNER", textType, "database of the table, as it was called then"}},
		{minedTable, Column{"TABLE_NAME", textType, "table, as it was called then"}},
		{minedKey, Column{"ROW_ID", types.JSON, "primary key of the row"}},
		{minedUser, Column{"USERNAME", textType, "user who made the change"}},
		{minedSession, Column{"SESSION_INFO", textType, "user, address and program of the client"}},
		{minedRedo, Column{"SQL_REDO", textType, "statement that makes it again"}},
		{minedUndo, Column{"SQL_UNDO", textType, "statement that takes it back"}},
		{minedOld, Column{"OLD_VALUES", types.JSON, "changed columns before; of a deleted row, all"}},
		{minedNew, Column{"NEW_VALUES", types.JSON, "changed columns after; of a new row, all"}},
	})
}
