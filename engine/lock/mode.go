package lock

// Mode is what an owner relies on, or is about to do.
type Mode uint8

const (
	// KeyShare relies on the row being there, with its key: the parent of a foreign key.
	KeyShare Mode = iota
	// Share relies on the row staying as it is: SELECT … FOR SHARE.
	Share
	// Update changes columns that are in no unique key, and that no foreign key refers to.
	Update
	// Exclusive makes or deletes the row, changes a unique key or what a foreign key refers to, or takes it for SELECT … FOR UPDATE.
	Exclusive
	// IntentShare reads rows of a table: a key of no bytes.
	IntentShare
	// IntentUpdate changes rows of a table.
	IntentUpdate
	// TableShare relies on a table staying as it is: LOCK TABLES … READ.
	TableShare
	// TableExclusive has a table for itself: LOCK TABLES … WRITE.
	TableExclusive
	// tableShareIntentUpdate is what an owner has that has both TableShare and IntentUpdate. Nobody asks for it.
	tableShareIntentUpdate
)

// conflicts has a bit for each mode that must wait for the mode of its place.
var conflicts = [...]uint16{
	KeyShare:  1 << Exclusive,
	Share:     1<<Update | 1<<Exclusive,
	Update:    1<<Share | 1<<Update | 1<<Exclusive,
	Exclusive: 1<<KeyShare | 1<<Share | 1<<Update | 1<<Exclusive,

	IntentShare:    1 << TableExclusive,
	IntentUpdate:   1<<TableShare | 1<<TableExclusive | 1<<tableShareIntentUpdate,
	TableShare:     1<<IntentUpdate | 1<<TableExclusive | 1<<tableShareIntentUpdate,
	TableExclusive: 1<<IntentShare | 1<<IntentUpdate | 1<<TableShare | 1<<TableExclusive | 1<<tableShareIntentUpdate,

	tableShareIntentUpdate: 1<<IntentUpdate | 1<<TableShare | 1<<TableExclusive | 1<<tableShareIntentUpdate,
}

// ofTable tells whether a lock in this mode is one on a whole table that others have to mind.
func (m Mode) ofTable() bool { return m >= TableShare }

// intent is what a lock on a row says about its table.
func (m Mode) intent() Mode {
	if m >= Update {
		return IntentUpdate
	}
	return IntentShare
}

func (m Mode) conflictsWith(other Mode) bool { return conflicts[m]&(1<<other) != 0 }

// covers tells whether who holds m needs nothing more to have other.
func (m Mode) covers(other Mode) bool { return conflicts[m]|conflicts[other] == conflicts[m] }

// String is the name in V$LOCK.
func (m Mode) String() string {
	return [...]string{
		"KEY SHARE", "SHARE", "UPDATE", "EXCLUSIVE", "INTENT SHARE", "INTENT UPDATE", "TABLE SHARE", "TABLE EXCLUSIVE",
		"TABLE SHARE, INTENT UPDATE",
	}[m]
}
