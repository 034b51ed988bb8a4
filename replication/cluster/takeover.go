package cluster

import (
	"context"
	"time"

	"redoubt/replication"
	"redoubt/scn"
)

// Trigger is why another node leads.
type Trigger string

// Triggers.
const (
	TriggerSwitchover Trigger = "SWITCHOVER"  // somebody asked for it
	TriggerStop       Trigger = "NODE STOP"   // the one that led was stopped cleanly
	TriggerLost       Trigger = "LEADER LOST" // the others did not hear from it any more
	TriggerPartition  Trigger = "PARTITION"   // it was cut off from the others, by its own account
	TriggerQuorum     Trigger = "QUORUM LOST" // it was cut off from them, nobody led, and it leads again
	TriggerClock      Trigger = "CLOCK"       // the clock of the one that led was off
	TriggerOrdered    Trigger = "ORDERED"     // nobody led, nodes only observe, and somebody ordered this one to lead
	TriggerHealth     Trigger = "HEALTH"      // the one that led was ill
	TriggerLag        Trigger = "LAG"         // its state did not come up with what was committed
)

// Announcement says that the lead is about to be handed over.
type Announcement struct {
	Trigger Trigger   `json:"trigger"`
	To      string    `json:"to,omitempty"` // empty: any
	Time    time.Time `json:"time"`
}

// Takeover is how a node came to lead.
type Takeover struct {
	Term     uint64    `json:"term"`
	Node     string    `json:"node"`
	Previous string    `json:"previous,omitempty"`
	Trigger  Trigger   `json:"trigger"`
	Began    time.Time `json:"began"` // the last word of the one before
	Ended    time.Time `json:"ended"` // it took commits
	SCN      scn.SCN   `json:"scn"`   // from where it goes on
}

// announcedFor is how long an announcement explains a takeover: clocks of nodes may differ.
const announcedFor = 10 * time.Second

// noteTakeover keeps how this node came to lead, once.
func (c *Cluster) noteTakeover(ctx context.Context) error {
	t := c.options.Log.Takeover()
	if t.Contact.IsZero() || t.Term == c.noted || c.voters() < 2 {
		return nil // it heard from nobody before: the first node, or all were down
	}
	said, err := c.options.Registry.Announced()
	if err != nil {
		return err
	}
	if err := c.options.Registry.NoteTakeover(ctx, describe(c.options.ID, t, latest(said, c.yielded.Load()))); err != nil {
		return err
	}
	c.noted = t.Term
	return nil
}

func describe(self string, t replication.Takeover, said Announcement) Takeover {
	out := Takeover{Term: t.Term, Node: self, Previous: t.Previous, Trigger: TriggerLost, Began: t.Contact, Ended: t.Ready, SCN: t.SCN}
	near := t.Ready.Sub(said.Time).Abs() < announcedFor
	if t.Resumed && said.Time.Before(t.Contact) {
		near = false // it explains how this node came to lead before
	}
	if near && (said.To == "" || said.To == self) {
		out.Trigger = said.Trigger
	}
	if out.Trigger == TriggerLost && t.Resumed {
		out.Trigger = TriggerQuorum
	}
	return out
}
