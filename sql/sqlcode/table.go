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
		"The lock clause stands in a place where it cannot be kept: at rows of the past, around a UNION, or in a stored program. Without the locks the statement would do less than it says.",
		"Put the clause into the SELECT whose rows it is for, or leave it out: a lost update is refused with error 1213.",
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
		IDStatementMemory, 1038, "HY001", "The statement needs more than %s MiB of memory to sort, group or join its rows",
		"Sorts, groups, joins without an index and DISTINCT hold their rows in memory, up to the setting statement-size.",
		"Add an index that gives the order or the partners, or a condition or LIMIT, or raise statement-size.",
	},
	{
		IDBadAsOf, 1525, stateGeneral, "This AS OF names no point in time: %s",
		"The expression after AS OF does not give an SCN, a timestamp or a restore point.",
		"Write AS OF SCN n, AS OF TIMESTAMP 'YYYY-MM-DD hh:mm:ss' or AS OF RESTORE POINT p.",
	},
	{
		IDAsOfBeforeFloor, 1105, stateGeneral, "The past is no longer kept at %s; the oldest readable point is %s",
		"Old row versions are removed below the history window and the oldest hold.",
		"Read a later point, or lengthen the history window for next time.",
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
		IDRowSCN, 1235, "42000", "ORA_ROWSCN cannot be used here: %s",
		"The pseudo-column is only found in the tables of a SELECT.",
		"Name the columns, or read ORA_ROWSCN in a subquery.",
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
		IDNotLeader, 1290, stateGeneral, "This node cannot commit now%s",
		"No leader is known, or leadership has just moved.",
		"Run the transaction again; if it goes on, look at the state of the cluster.",
	},
	{
		IDStopping, 1053, "08S01", "The server is stopping",
		"A clean stop was asked for.",
		"Connect again when the server is back.",
	},
	{
		IDReadOnly, 1792, "25006", "The transaction is read only, %s changes data",
		"The transaction was started READ ONLY or AS OF a point in the past.",
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
		"The statement had shown rows to its client already, so it could not be run again on a newer snapshot.",
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
		IDInternal, 1815, stateGeneral, "Internal error: %s",
		"A defect of this program.",
		"Report it with the message and the statement.",
	},
}
