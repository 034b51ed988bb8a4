package bridge

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"redoubt/engine"
	"redoubt/engine/txn"
	"redoubt/replication/cluster"
	"redoubt/scn"
)

// ClusterState tells the cluster what an engine has.
type ClusterState struct{ Engine *engine.Engine }

var _ cluster.State = ClusterState{}

// Applied implements cluster.State.
func (s ClusterState) Applied() scn.SCN { return s.Engine.Applied() }

// CommitOf implements cluster.State.
func (s ClusterState) CommitOf(ctx context.Context, xid uint64) (at scn.SCN, micros int64, found bool, err error) {
	c, found, err := s.Engine.CommitOfXID(ctx, xid)
	return c.SCN, c.TimeMicros, found, err
}

// StateHash implements cluster.State.
func (s ClusterState) StateHash() (scn.SCN, string) {
	h := s.Engine.StateHash()
	return h.SCN, fmt.Sprintf("%016x", h.Hash)
}

// HashAt implements cluster.State.
func (s ClusterState) HashAt(at scn.SCN) (string, error) {
	h, err := s.Engine.StateHashAt(at)
	return fmt.Sprintf("%016x", h.Hash), err
}

// Refusals tells other nodes what certification met here.
type Refusals struct{}

var _ cluster.Refusals = Refusals{}

// Describe implements cluster.Refusals.
func (Refusals) Describe(err error) (cluster.Conflict, bool) {
	var met *txn.ConflictError
	if errors.As(err, &met) {
		return cluster.Conflict{What: met.What, Table: met.Table}, true
	}
	return cluster.Conflict{What: "row"}, errors.Is(err, txn.ErrConflict)
}

// Nodes keeps the nodes of the cluster as named values of the database, which do not go back with a flashback.
type Nodes struct{ Engine *engine.Engine }

var _ cluster.Registry = Nodes{}

// nodePrefix begins the names of these values.
const nodePrefix = "node/"

// Nodes implements cluster.Registry.
func (r Nodes) Nodes() (nodes []cluster.Info, err error) {
	t := r.Engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	err = t.Controls(nodePrefix, func(name string, value []byte) error {
		var n cluster.Info
		if err := json.Unmarshal(value, &n); err != nil {
			return fmt.Errorf("what the database says of %s is damaged: %w", name, err)
		}
		nodes = append(nodes, n)
		return nil
	})
	return nodes, err
}

// Put implements cluster.Registry.
func (r Nodes) Put(ctx context.Context, n cluster.Info) error {
	value, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return r.change(ctx, func(t *txn.Txn) error {
		return errors.Join(keepOrdinal(t, n.Ordinal), t.PutControl(nodePrefix+n.ID, value))
	})
}

// Drop implements cluster.Registry.
func (r Nodes) Drop(ctx context.Context, id string) error {
	return r.change(ctx, func(t *txn.Txn) error {
		err := t.Controls(nodePrefix, func(name string, value []byte) error {
			var n cluster.Info
			if name != nodePrefix+id || json.Unmarshal(value, &n) != nil {
				return nil // damaged: it goes
			}
			return keepOrdinal(t, n.Ordinal) // an earlier version may have put it
		})
		return errors.Join(err, t.DropControl(nodePrefix+id))
	})
}

// ordinalName names the highest ordinal that a node was ever given: two bytes, big-endian.
const ordinalName = "ordinal"

// Ordinal implements cluster.Registry.
func (r Nodes) Ordinal() (uint16, error) {
	t := r.Engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	return highestOrdinal(t)
}

func highestOrdinal(t *txn.Txn) (highest uint16, err error) {
	err = t.Controls(ordinalName, func(name string, value []byte) error {
		if len(value) != 2 {
			return fmt.Errorf("what the database says of %s is damaged: %x", name, value)
		}
		highest = binary.BigEndian.Uint16(value)
		return nil
	})
	return highest, err
}

// keepOrdinal notes that a node has an ordinal.
func keepOrdinal(t *txn.Txn, given uint16) error {
	highest, err := highestOrdinal(t)
	if err != nil || given <= highest {
		return err
	}
	return t.PutControl(ordinalName, binary.BigEndian.AppendUint16(nil, given))
}

// inTheWayFor is how long whoever was in the way is given to finish: it may be under way to the log still.
const inTheWayFor = 10 * time.Millisecond

// change commits a change, again if somebody was in the way.
func (r Nodes) change(ctx context.Context, edit func(*txn.Txn) error) error {
	for {
		t := r.Engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
		t.StartStatement(0, "")
		if err := edit(t); err != nil {
			t.Rollback()
			return err
		}
		_, err := t.Commit(cluster.Unprotected(ctx))
		if !errors.Is(err, txn.ErrConflict) {
			return err
		}
		select {
		case <-time.After(inTheWayFor):
		case <-ctx.Done():
			return err
		}
	}
}

// Names of what is kept of changes of the lead.
const (
	announcementName = "lead/announced"
	takeoverPrefix   = "takeover/"
	takeoversMax     = 1000 // the oldest go
	askedPrefix      = "asked/"
	askedMax         = 64 // of transactions whose ids are the same modulo this the latest is kept
)

// NoteAsked implements cluster.Registry.
func (r Nodes) NoteAsked(ctx context.Context, xid uint64) error {
	return r.change(ctx, func(t *txn.Txn) error {
		return t.PutControl(fmt.Sprintf("%s%02d", askedPrefix, engine.XIDTime(xid)%askedMax), binary.BigEndian.AppendUint64(nil, xid))
	})
}

// Announce implements cluster.Registry.
func (r Nodes) Announce(ctx context.Context, a cluster.Announcement) error {
	value, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return r.change(ctx, func(t *txn.Txn) error { return t.PutControl(announcementName, value) })
}

// Announced implements cluster.Registry.
func (r Nodes) Announced() (a cluster.Announcement, err error) {
	t := r.Engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	value, found, err := t.GetControl(announcementName)
	if err != nil || !found {
		return a, err
	}
	return a, json.Unmarshal(value, &a)
}

// NoteTakeover implements cluster.Registry.
func (r Nodes) NoteTakeover(ctx context.Context, o cluster.Takeover) error {
	value, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return r.change(ctx, func(t *txn.Txn) error {
		var names []string
		this := fmt.Sprintf("%s%020d", takeoverPrefix, o.Term)
		err := t.Controls(takeoverPrefix, func(name string, _ []byte) error {
			if name != this {
				names = append(names, name)
			}
			return nil
		})
		for ; err == nil && len(names) >= takeoversMax; names = names[1:] {
			err = t.DropControl(names[0])
		}
		if err != nil {
			return err
		}
		return t.PutControl(this, value)
	})
}

// Takeovers implements cluster.Registry.
func (r Nodes) Takeovers() (list []cluster.Takeover, err error) {
	t := r.Engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	err = t.Controls(takeoverPrefix, func(name string, value []byte) error {
		var o cluster.Takeover
		if err := json.Unmarshal(value, &o); err != nil {
			return fmt.Errorf("what the database says of %s is damaged: %w", name, err)
		}
		list = append(list, o)
		return nil
	})
	return list, err
}
