package storage

import "redoubt/sql/sqlcode"

// Hold implements match.Holder: rows that the running statement holds in memory to sort, to group, to join or for a cursor.
func (s *Session) Hold(bytes int64) error {
	if s.held.Add(bytes) > s.store.heldMax && bytes > 0 {
		return sqlcode.StatementMemory(s.store.heldMax >> 20)
	}
	return nil
}
