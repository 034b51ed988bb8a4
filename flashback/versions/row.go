package versions

import (
	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Operation is what made a version.
type Operation byte

// Operations. Unknown is that of a version which was there before the range.
const (
	Unknown Operation = 0
	Insert  Operation = 'I'
	Update  Operation = 'U'
	Delete  Operation = 'D'
)

// Row is one version of a row, or the end of one.
type Row struct {
	Key    []byte
	Values redo.Row // of a deletion: those that were deleted
	SCN    scn.SCN  // of the commit that wrote the values
	Start  scn.SCN  // first SCN at which the version was visible; 0: it was so before the range
	End    scn.SCN  // SCN that ended it; 0: it was visible at the end of the range, or this is a deletion
	Operation
	Generation *Generation
	Then       *catalog.Table // definition of the table when the version was last visible
}
