package lock

import "errors"

// Locks on tables are rare, so locks on rows do not pay for them. While nobody has asked for a whole table, a lock on a row
// says nothing about its table; when somebody does, who has or waits for locks on rows of it is noted as having an
// intent on the table, and from then on every request for a row asks for the intent first.

// Tables tells whether anybody holds, or waits for, a whole table. It may be old news when it is told.
func (m *Manager) Tables() bool { return m.tabled.Load() > 0 }

// addIntents makes a lock one of a table.
func (m *Manager) addIntents(table *lock) {
	table.table = true
	m.tabled.Add(1)
	for n, l := range m.locks {
		if n.space != table.name.space || n.key == "" {
			continue
		}
		for _, h := range l.holders {
			table.grant(h.owner, h.mode.intent())
		}
		for _, w := range l.queue { // it will be granted without another look at the table
			table.grant(w.owner, w.mode.intent())
		}
	}
}

// errIntentFirst says that a lock on a row needs an intent on its table before.
var errIntentFirst = errors.New("the table is locked or waited for")

func (m *Manager) lacksIntent(o *owner, r Request) bool {
	if m.tabled.Load() == 0 {
		return false
	}
	table := m.locks[name{space: r.Space}]
	if table == nil || !table.table {
		return false
	}
	own := table.holding(o)
	return own < 0 || !table.holders[own].mode.covers(r.Mode.intent())
}
