package sqlcode

// IDs of the table. The first digit tells the area: 1 statements, 2 transactions and the log, 3 connections,
// 4 objects and data, 9 defects.
const (
	IDSyntax           = "RD-1001"
	IDUnsupported      = "RD-1002"
	IDRowLock          = "RD-1003"
	IDMultiPrepare     = "RD-1005"
	IDCommandArgument  = "RD-1006"
	IDNested           = "RD-1007"
	IDTooDeep          = "RD-1008"
	IDStatementMemory  = "RD-1009"
	IDBadAsOf          = "RD-1101"
	IDAsOfBeforeFloor  = "RD-1102"
	IDAsOfFuture       = "RD-1103"
	IDNoRestorePoint   = "RD-1104"
	IDRestorePointDup  = "RD-1105"
	IDRestorePointName = "RD-1106"
	IDAsOfWrite        = "RD-1107"
	IDAsOfNoTable      = "RD-1108"
	IDRowSCN           = "RD-1109"
	IDVersionsRange    = "RD-1110"
	IDVersionsOf       = "RD-1111"
	IDFindRange        = "RD-1112"
	IDFindNever        = "RD-1113"
	IDFindPredicate    = "RD-1114"
	IDFlashbackGone    = "RD-1201"
	IDNotInBin         = "RD-1202"
	IDFlashbackName    = "RD-1203"
	IDFlashbackRenamed = "RD-1204"
	IDFlashbackBreaks  = "RD-1205"
	IDNoFlashback      = "RD-1206"
	IDBackoutUnknown   = "RD-1211"
	IDBackoutNotKept   = "RD-1212"
	IDBackoutDDL       = "RD-1213"
	IDBackoutNoRows    = "RD-1214"
	IDBackoutTableGone = "RD-1215"
	IDBackoutDependent = "RD-1216"
	IDBackoutConflict  = "RD-1217"
	IDBackoutBreaks    = "RD-1218"
	IDBackoutTooMany   = "RD-1219"
	IDBackup           = "RD-1301"
	IDSnapshot         = "RD-1302"
	IDRecover          = "RD-1303"
	IDBaseline         = "RD-1304"
	IDCluster          = "RD-1401"
	IDStandby          = "RD-1402"
	IDConflict         = "RD-2001"
	IDOutcomeUnknown   = "RD-2002"
	IDLogFailed        = "RD-2003"
	IDTooLarge         = "RD-2004"
	IDNotLeader        = "RD-2005"
	IDStopping         = "RD-2006"
	IDReadOnly         = "RD-2007"
	IDCatalogChanged   = "RD-2008"
	IDInterrupted      = "RD-2009"
	IDDiskFull         = "RD-2010"
	IDDeadlock         = "RD-2011"
	IDLockTimeout      = "RD-2012"
	IDLockBusy         = "RD-2013"
	IDStale            = "RD-2014"
	IDLockNoTable      = "RD-2015"
	IDTableReadLocked  = "RD-2016"
	IDTableNotLocked   = "RD-2017"
	IDUserLockDeadlock = "RD-2018"
	IDTransactionOpen  = "RD-2019"
	IDUnsafeUpdate     = "RD-2020"
	IDPacketTooLarge   = "RD-3001"
	IDTooManyConns     = "RD-3002"
	IDTLSRequired      = "RD-3003"
	IDLoginTimeout     = "RD-3004"
	IDBadHandshake     = "RD-3005"
	IDBadPacket        = "RD-3006"
	IDDuplicate        = "RD-4001"
	IDForeignKeyParent = "RD-4002"
	IDForeignKeyChild  = "RD-4003"
	IDCheck            = "RD-4004"
	IDUnknownTable     = "RD-4005"
	IDUnknownDatabase  = "RD-4006"
	IDTableExists      = "RD-4007"
	IDDatabaseExists   = "RD-4008"
	IDCorrupt          = "RD-4009"
	IDNoNumbers        = "RD-4010"
	IDInternal         = "RD-9001"
)

const stateGeneral = "HY000"

// table holds every error of ours that a user can see, in the order of the IDs. docs/errors.md is printed from it.
var table = []Code{
	{
		IDSyntax, 1064, "42000", "%s",
		"The statement does not follow the grammar.",
		"Correct the statement near the text that the message quotes.",
	},
	{
		IDUnsupported, 1235, "42000", "This version does not support %s",
		"The statement asks for something that this version would have to leave out in silence, so it is refused.",
		"Leave that part out, or use the way that the message names.",
	},
	{
		IDRowLock, 1235, "42000", "This version does not support row locks %s",
		"The lock clause stands in a place where it cannot be kept: at rows of the past, around a UNION of SELECTs in parentheses, in the condition of an IF, CASE or WHILE of a stored program, in an event, or in CREATE TABLE … AS SELECT. Without the locks the statement would do less than it says.",
		"Put the clause into the SELECT whose rows it is for, in a stored program into a SELECT … INTO before the condition, or leave it out: a lost update is refused with error 1213.",
	},
	{
		IDMultiPrepare, 1064, "42000", "A prepared statement holds one statement, this text holds %s",
		"The text given to prepare has more than one statement.",
		"Prepare each statement by itself.",
	},
	{
		IDCommandArgument, 1064, "42000", "%s",
		"An argument of the statement has no usable value.",
		"Correct the argument that the message names.",
	},
	{
		IDNested, 1235, "42000", "This version does not support %s inside a stored program",
		"The statement can only be given directly.",
		"Run it outside of the procedure, trigger, event or view.",
	},
	{
		IDTooDeep, 1436, stateGeneral, "The statement is nested too deep: %s",
		"Such statements would cost the server its stack, or more time than they are worth.",
		"Use lists, IN (…), a temporary table or several statements instead.",
	},
	{
		IDStatementMemory, 1038, "HY001", "The statement needs more than %s MiB of memory to sort, group, join or hold its rows",
		"Sorts, groups, joins without an index, DISTINCT and results that are fetched by a cursor hold their rows in memory, up to the setting statement-size.",
		"Add an index that gives the order or the partners, or a condition or LIMIT, or raise statement-size.",
	},
	{
		IDBadAsOf, 1525, stateGeneral, "This AS OF names no point in time: %s",
		"The expression after AS OF does not give an SCN, a timestamp or a restore point.",
		"Write AS OF SCN n, AS OF TIMESTAMP 'YYYY-MM-DD hh:mm:ss' or AS OF RESTORE POINT p.",
	},
	{
		IDAsOfBeforeFloor, 1105, stateGeneral, "The past is no longer kept at %s; the oldest readable point is %s",
		"History goes when neither its retention nor a hold keeps it; the message names what keeps the oldest point.",
		"Read a later point. For next time keep more, by SET FLASHBACK RETENTION or a restore point with GUARANTEE FLASHBACK DATABASE.",
	},
	{
		IDAsOfFuture, 1525, stateGeneral, "%s lies in the future; the newest SCN is %s",
		"The point named has not happened yet.",
		"Name a point up to the newest SCN.",
	},
	{
		IDNoRestorePoint, 1105, stateGeneral, "There is no restore point '%s'",
		"No restore point has that name, and it does not read as a timestamp.",
		"SHOW RESTORE POINTS lists those that exist.",
	},
	{
		IDRestorePointDup, 1105, stateGeneral, "There is already a restore point '%s'",
		"Names of restore points are unique.",
		"Take another name, or DROP RESTORE POINT first.",
	},
	{
		IDRestorePointName, 1525, stateGeneral, "'%s' cannot be the name of a restore point",
		"A name has 1 to 64 characters, is not all digits and does not read as a timestamp, because AS OF 'name' would then be read as one.",
		"Take another name.",
	},
	{
		IDAsOfWrite, 1288, stateGeneral, "The past cannot be changed: %s AS OF",
		"AS OF stands at a table that the statement writes.",
		"Read the past with AS OF in a subquery and write the table without it.",
	},
	{
		IDAsOfNoTable, 1146, "42S02", "Table '%s' did not exist at %s",
		"The table was created later, or dropped earlier, than the point named.",
		"Name a point at which it existed.",
	},
	{
		IDRowSCN, 1235, "42000", "ORA_ROWSCN and VERSIONS_… cannot be used here: %s",
		"The pseudo-columns are only found in the tables of a SELECT.",
		"Name the columns, or read ORA_ROWSCN in a subquery.",
	},
	{
		IDVersionsRange, 1525, stateGeneral, "This is no range of versions: %s",
		"VERSIONS BETWEEN a AND b, or FOR SYSTEM_TIME, names a range that has no beginning or no end, or ends before it begins.",
		"Write VERSIONS BETWEEN SCN a AND b or TIMESTAMP a AND b, a first; MINVALUE and MAXVALUE are the ends of history.",
	},
	{
		IDVersionsOf, 1235, "42000", "This version does not support VERSIONS of %s",
		"Versions are kept of the rows of base tables.",
		"Ask for the versions of the tables that the view is made of, in a view of your own if need be.",
	},
	{
		IDFindRange, 1525, stateGeneral, "FIND SCN has no such range to search: %s",
		"The range after BETWEEN ends before it begins.",
		"Write FIND SCN WHERE predicate BETWEEN a AND b with a before b.",
	},
	{
		IDFindNever, 1105, stateGeneral, "The predicate is not true at %s, the end of the range",
		"FIND SCN looks for the first SCN from which on the predicate is true, up to the end of the range.",
		"Look for an end at which it is true, or turn the predicate over with NOT.",
	},
	{
		IDFindPredicate, 1525, stateGeneral, "FIND SCN needs a condition: %s",
		"The expression after WHERE must be true, false or NULL: a comparison, usually of a subquery in parentheses.",
		"Write, for instance, FIND SCN WHERE (SELECT count(*) FROM t WHERE x < 0) > 0 BETWEEN SCN a AND b.",
	},
	{
		IDFlashbackGone, 1146, "42S02", "It cannot go back: %s",
		"What the statement names was not there at that point, or the schema that it belonged to is gone.",
		"Name a point at which it was there. SHOW RECYCLEBIN lists what was dropped; a schema comes back with FLASHBACK SCHEMA.",
	},
	{
		IDNotInBin, 1146, "42S02", "It cannot come back: %s",
		"Nothing of this name was dropped, or it was purged.",
		"SHOW RECYCLEBIN lists what is there. What was purged can still go back to an SCN, as long as its history is kept.",
	},
	{
		IDFlashbackName, 1050, "42S01", "The name is taken: %s",
		"Something else has that name now.",
		"Rename or drop it, or bring the old one back under another name with RENAME TO.",
	},
	{
		IDFlashbackRenamed, 1105, stateGeneral, "It cannot go back under this name: %s",
		"The table was renamed since, and another has its name.",
		"Flash back the table under the name that it has now.",
	},
	{
		IDFlashbackBreaks, 1451, "23000", "The flashback would break constraints: %s",
		"Rows of tables that go back and rows of tables that stay refer to each other; the message names some that would have no parent.",
		"Take the other tables along with INCLUDE DEPENDENTS, or say NOVALIDATE and put the rows right afterwards.",
	},
	{
		IDNoFlashback, 1105, stateGeneral, "There is nothing to undo: %s",
		"UNFLASHBACK undoes the last flashback of what it names, and there was none.",
		"Name what was flashed back. FLASHBACK … TO SCN n reaches any other point.",
	},
	{
		IDBackoutUnknown, 1105, stateGeneral, "There is no such transaction: %s",
		"No commit has that id: it was never given, or the transaction was rolled back.",
		"FLASHBACK_TRANSACTION_QUERY lists committed transactions; find yours there by time, user or table.",
	},
	{
		IDBackoutNotKept, 1105, stateGeneral, "The transaction is too old to be taken back: %s",
		"To take it back, its redo and that of all that came after it must be there.",
		"V$FLASHBACK_DATABASE_LOG shows how far back one can go. Repair the rows with AS OF or VERSIONS BETWEEN as far as they are kept.",
	},
	{
		IDBackoutDDL, 1235, "42000", "A change of definitions cannot be taken back by FLASHBACK TRANSACTION: %s",
		"CREATE, ALTER, DROP, TRUNCATE and FLASHBACK are undone as a whole, not row by row.",
		"Use FLASHBACK TABLE … TO BEFORE TRANSACTION id, FLASHBACK TABLE … TO BEFORE DROP or UNFLASHBACK; if it only depends, NONCONFLICT_ONLY leaves its rows.",
	},
	{
		IDBackoutNoRows, 1105, stateGeneral, "There is nothing to take back: %s",
		"The transaction changed restore points, users or variables, which are not rows of tables.",
		"Undo it by the opposite statement.",
	},
	{
		IDBackoutTableGone, 1146, "42S02", "The transaction cannot be taken back: %s",
		"Its rows were in a table that has been dropped, or copied into a new one by ALTER TABLE, since.",
		"FLASHBACK TABLE … TO BEFORE DROP brings a dropped table back; NONCONFLICT_ONLY takes back what it did to the other tables.",
	},
	{
		IDBackoutDependent, 1105, stateGeneral, "The transaction cannot be taken back alone: %s",
		"Later transactions changed the same columns, used a key that it had freed, or refer to rows that it made.",
		"EXPLAIN FLASHBACK TRANSACTION shows all of them. CASCADE takes them back, too; NOCASCADE_FORCE writes over what they wrote; NONCONFLICT_ONLY leaves the rows concerned.",
	},
	{
		IDBackoutConflict, 1105, stateGeneral, "The transaction cannot be taken back: %s",
		"Only columns that hold what the transaction wrote are put back.",
		"EXPLAIN FLASHBACK TRANSACTION shows every row. NONCONFLICT_ONLY takes back the rows that can be; NOCASCADE_FORCE writes over columns, not over keys that are used again.",
	},
	{
		IDBackoutBreaks, 1451, "23000", "The transaction cannot be taken back: %s",
		"What is put back must keep unique keys, foreign keys and CHECKs as they are now.",
		"Change the rows in the way, or use CASCADE, which takes the transactions that made them back, or NONCONFLICT_ONLY, which leaves the rows concerned.",
	},
	{
		IDBackoutTooMany, 1105, stateGeneral, "The transaction cannot be taken back: %s",
		"So much was built on it that taking all of that back would undo the database piece by piece.",
		"Use FLASHBACK TABLE, or NONCONFLICT_ONLY.",
	},
	{
		IDBackup, 1105, stateGeneral, "The backup was not made: %s",
		"The state could not be read, or the repository did not take it. Backups made before are as they were.",
		"Do what the message says, and run it again: what was sent is not sent again.",
	},
	{
		IDSnapshot, 1105, stateGeneral, "Snapshots and clones are as they were: %s",
		"The name is taken or unknown, something depends on it, or files could not be linked.",
		"Do what the message says. SELECT * FROM V$SNAPSHOT and V$CLONE list what there is.",
	},
	{
		IDRecover, 1105, stateGeneral, "Nothing was recovered: %s",
		"The repository does not reach the point or does not have the object, or its new name is taken here. What was half made has been removed.",
		"Do what the message says. EXPLAIN RECOVER shows the way, V$RECOVERABILITY what can be reached.",
	},
	{
		IDBaseline, 1105, stateGeneral, "The baselines of the workload are as they were: %s",
		"The name is taken or unknown, snapshots of the window are not kept, all baselines would take more than awr-baseline-disk, or files could not be written.",
		"Do what the message says. SELECT * FROM DBA_HIST_BASELINE and DBA_HIST_SNAPSHOT list what there is.",
	},
	{
		IDCluster, 1105, stateGeneral, "The cluster is as it was: %s",
		"A node of that name is not there, cannot be reached or is not ready, or a quorum is missing.",
		"Do what the message says. SELECT * FROM V$NODE lists the nodes, and how they are.",
	},
	{
		IDStandby, 1290, stateGeneral, "This node is a standby, which only reads",
		"The statement changes something. A standby follows the other nodes.",
		"Run it on a node that is none: V$NODE lists them. ALTER CLUSTER PROMOTE NODE makes a standby one of them.",
	},
	{
		IDConflict, 1213, "40001", "Another transaction changed the same data first%s; try restarting transaction",
		"At commit, a row or a key that the transaction wrote, or relied on, was no longer at the version it had read.",
		"Run the transaction again from its beginning.",
	},
	{
		IDOutcomeUnknown, 1180, stateGeneral, "Whether the transaction was committed is unknown%s",
		"The connection to the log was lost, or writing it failed, after the transaction had been handed over.",
		"Look at the data, after the server is back, before you repeat the transaction.",
	},
	{
		IDLogFailed, 1026, stateGeneral, "The redo log cannot be written%s",
		"The storage of the log returned an error. It is never retried, because what is on disk is then unknown; the server stops.",
		"Look at the server's log and at the disk, then start the server again.",
	},
	{
		IDTooLarge, 1197, stateGeneral, "The transaction is too large: %s",
		"One transaction may only take so much memory, and have so much redo.",
		"Commit in smaller steps, or raise the setting transaction-size.",
	},
	{
		IDNotLeader, 1290, stateGeneral, "This node cannot reach the leader now%s",
		"No leader is known, leadership has just moved, or this node is cut off from the others. Nothing was done.",
		"Run the transaction again; if it goes on, look at V$NODE. SET redoubt_read_mode = 'stale' reads what this node has.",
	},
	{
		IDStopping, 1053, "08S01", "The server is stopping",
		"A clean stop was asked for.",
		"Connect again when the server is back.",
	},
	{
		IDReadOnly, 1792, "25006", "The transaction is read only, %s changes data",
		"The transaction was started READ ONLY or AS OF a point in the past, or the session's transaction_read_only is on.",
		"Run the statement in another transaction.",
	},
	{
		IDCatalogChanged, 1412, stateGeneral, "The definition of %s has changed since the transaction began; retry transaction",
		"A table was altered, dropped or flashed back while the transaction was running.",
		"Run the transaction again from its beginning.",
	},
	{
		IDInterrupted, 1317, "70100", "Query execution was interrupted",
		"The statement was killed, or its client went away.",
		"Run it again if it is still wanted.",
	},
	{
		IDDiskFull, 1021, stateGeneral, "The disk is full%s",
		"The file system that holds the data has no room left.",
		"Make room; nothing that was committed is lost.",
	},
	{
		IDDeadlock, 1213, "40001", "Deadlock found when trying to get lock; try restarting transaction",
		"Transactions waited for each other's locks in a circle; this one was chosen to end it, and is rolled back.",
		"Run the transaction again from its beginning. Transactions that take locks in one order do not meet this.",
	},
	{
		IDLockTimeout, 1205, stateGeneral, "Lock wait timeout exceeded; try restarting transaction",
		"Another transaction kept a lock for longer than innodb_lock_wait_timeout allows. The statement is taken back, the transaction is still open.",
		"Look into V$LOCK for who holds it; commit sooner there, or allow more time. Then run the statement again.",
	},
	{
		IDLockBusy, 3572, stateGeneral, "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set",
		"The statement said NOWAIT, and another transaction holds a lock that it needs.",
		"Run it again later, or leave NOWAIT out.",
	},
	{
		IDStale, 1213, "40001", "The row was changed by another transaction while this statement ran; try restarting transaction",
		"The statement had shown rows to its client already, or read a file of its client's, so it could not be run again on a newer snapshot.",
		"Run the transaction again from its beginning.",
	},
	{
		IDLockNoTable, 3568, stateGeneral, "Unresolved table name '%s' in locking clause",
		"FOR UPDATE OF or FOR SHARE OF names a table that is not in the FROM of its SELECT.",
		"Name a table, by its alias if it has one, of the same SELECT.",
	},
	{
		IDTableReadLocked, 1099, stateGeneral, "Table '%s' was locked with a READ lock and can't be updated",
		"The session has locked the table with LOCK TABLES … READ.",
		"Lock it with WRITE, or UNLOCK TABLES first.",
	},
	{
		IDTableNotLocked, 1100, stateGeneral, "Table '%s' was not locked with LOCK TABLES",
		"A session that has locked tables may use no others.",
		"Name all tables that are needed in one LOCK TABLES, or UNLOCK TABLES first.",
	},
	{
		IDUserLockDeadlock, 3058, stateGeneral, "Deadlock found when trying to get user-level lock; try rolling back transaction/releasing locks and restarting lock acquisition.",
		"Sessions wait for each other's locks of GET_LOCK in a circle. This one was told; it has what it had.",
		"Release its locks, and take them again in the same order as the others.",
	},
	{
		IDTransactionOpen, 1568, "25001", "Transaction characteristics can't be changed while a transaction is in progress",
		"SET TRANSACTION is about the next transaction, and one is open.",
		"Set them before START TRANSACTION; SET SESSION TRANSACTION is about all that follow, and may be said at any time.",
	},
	{
		IDUnsafeUpdate, 1175, stateGeneral, "You are using safe update mode and you tried to update a table without a WHERE that uses a KEY column",
		"sql_safe_updates is on, and the statement finds its rows by no key and has no LIMIT: it may be a condition that was forgotten.",
		"Name the rows by a key, add LIMIT, or SET sql_safe_updates = 0.",
	},
	{
		IDPacketTooLarge, 1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes (%s)",
		"A client may only send packets up to max_allowed_packet.",
		"Send less at a time, or raise max_allowed_packet.",
	},
	{
		IDTooManyConns, 1040, "08004", "Too many connections (the limit is %s)",
		"As many clients are connected as max_connections allows.",
		"Close connections, use a pool, or raise max_connections.",
	},
	{
		IDTLSRequired, 3159, stateGeneral, "Connections using insecure transport are prohibited: this server takes TLS only",
		"The server is configured to require TLS.",
		"Connect with TLS, e.g. --ssl, or tls=true in the connection string.",
	},
	{
		IDLoginTimeout, 1159, "08S01", "The login took longer than %s",
		"The client did not send its login in time.",
		"Look at the network and at the client.",
	},
	{
		IDBadHandshake, 1043, "08S01", "Bad handshake: %s",
		"What came is not the beginning of the MySQL protocol, or is larger than a login may be.",
		"Look whether the client speaks the MySQL protocol, version 4.1 or later.",
	},
	{
		IDBadPacket, 1835, stateGeneral, "Malformed communication packet: %s",
		"A command of the client does not hold what its lengths say.",
		"Report it to the makers of the client.",
	},
	{
		IDDuplicate, 1062, "23000", "Duplicate entry %s for key %s",
		"A row with the same unique key exists.",
		"Change the key, or use INSERT … ON DUPLICATE KEY UPDATE.",
	},
	{
		IDForeignKeyParent, 1451, "23000", "Cannot delete or update a parent row: a foreign key constraint fails (%s)",
		"Rows of another table refer to it.",
		"Change those rows first.",
	},
	{
		IDForeignKeyChild, 1452, "23000", "Cannot add or update a child row: a foreign key constraint fails (%s)",
		"The row that it refers to does not exist.",
		"Insert the parent row first.",
	},
	{
		IDCheck, 3819, stateGeneral, "Check constraint '%s' is violated",
		"The row does not satisfy a CHECK.",
		"Change the values.",
	},
	{
		IDUnknownTable, 1146, "42S02", "Table '%s' doesn't exist",
		"There is no table of that name in the database.",
		"SHOW TABLES lists those that exist; a dropped one can be read AS OF a point before.",
	},
	{
		IDUnknownDatabase, 1049, "42000", "Unknown database '%s'",
		"There is no database of that name.",
		"SHOW DATABASES lists those that exist.",
	},
	{
		IDTableExists, 1050, "42S01", "Table '%s' already exists",
		"There is a table or view of that name.",
		"Take another name, or use IF NOT EXISTS.",
	},
	{
		IDDatabaseExists, 1007, stateGeneral, "Can't create database '%s'; database exists",
		"There is a database of that name.",
		"Take another name, or use IF NOT EXISTS.",
	},
	{
		IDCorrupt, 1712, stateGeneral, "Damaged data: %s",
		"A checksum or the shape of stored data is wrong.",
		"Do not write; verify the files with redoubt inspect and restore what is damaged from a backup or another node.",
	},
	{
		IDNoNumbers, 1467, stateGeneral, "Failed to read auto-increment value from storage engine",
		"AUTO_INCREMENT has come to the end of its column's type.",
		"Give the column a larger type, or let the numbers begin anew where some are free: ALTER TABLE … AUTO_INCREMENT = n.",
	},
	{
		IDInternal, 1815, stateGeneral, "Internal error: %s",
		"A defect of this program.",
		"Report it with the message and the statement.",
	},
}
