package lock

// Mode is what an owner relies on, or is about to do.
type Mode uint8

const (
	// KeyShare relies on the row being there, with its key: the parent of a foreign key.
	KeyShare Mode = iota
	// Share relies on the row staying as it is: SELECT … FOR SHARE.
	Share
	// Update changes columns that are in no unique key.
	Update
	// Exclusive makes or deletes the row, changes a unique key, or takes it for SELECT … FOR UPDATE.
	Exclusive
)

// conflicts has a bit for each mode that must wait for the mode of its place.
var conflicts = [...]uint8{
	KeyShare:  1 << Exclusive,
	Share:     1<<Update | 1<<Exclusive,
	Update:    1<<Share | 1<<Update | 1<<Exclusive,
	Exclusive: 1<<KeyShare | 1<<Share | 1<<Update | 1<<Exclusive,
}

func (m Mode) conflictsWith(other Mode) bool { return conflicts[m]&(1<<other) != 0 }

// covers tells whether who holds m needs nothing more to have other.
func (m Mode) covers(other Mode) bool { return conflicts[m]|conflicts[other] == conflicts[m] }

// String is the name in V$LOCK.
func (m Mode) String() string {
	return [...]string{"KEY SHARE", "SHARE", "UPDATE", "EXCLUSIVE"}[m]
}
