package cluster

import (
	"errors"
	"strings"
	"testing"
	"time"

	"redoubt/replication"
)

// TestDiagnose: a node that is a little ill does not take the lead; it gives it away when it is more so.
func TestDiagnose(t *testing.T) {
	for _, c := range []struct {
		stats  replication.Stats
		unfit  error
		ill    Trigger // empty: well
		leaves bool
		stuck  bool
	}{
		{ill: ""},
		{stats: replication.Stats{Storing: time.Second, Applying: 10 * time.Second}, ill: ""},
		{stats: replication.Stats{Storing: 3 * time.Second}, ill: TriggerHealth, stuck: true},
		{stats: replication.Stats{Storing: 6 * time.Second}, ill: TriggerHealth, leaves: true, stuck: true},
		{stats: replication.Stats{Applying: 20 * time.Second}, ill: TriggerLag, stuck: true},
		{stats: replication.Stats{Applying: 31 * time.Second}, ill: TriggerLag, leaves: true, stuck: true},
		{unfit: errors.New("full"), ill: TriggerHealth, leaves: true},
		{stats: replication.Stats{Storing: 6 * time.Second}, unfit: errors.New("full"), ill: TriggerHealth, leaves: true, stuck: true},
	} {
		got := (&Options{Unfit: func() error { return c.unfit }}).diagnose(&c.stats)
		if got.trigger != c.ill || got.leaves != c.leaves || got.stuck != c.stuck || (got.text == "") != (c.ill == "") {
			t.Errorf("%s under way, %s applying, %v: %+v", c.stats.Storing, c.stats.Applying, c.unfit, got)
		}
	}
}

// TestFitToLead: who does not count, does not answer, is ill or has a wrong clock does not lead.
func TestFitToLead(t *testing.T) {
	well, ill := &Status{}, &Status{Unfit: "full"}
	node := func(id string, voter bool, s *Status, ahead time.Duration) Node {
		return Node{Info: Info{ID: id}, Voter: voter, Status: s, ClockAhead: ahead}
	}
	right, fit := fitToLead([]Node{
		node("self", true, ill, 0), node("away", true, nil, 0), node("standby", false, well, 0), node("ill", true, ill, time.Second),
		node("b", true, well, time.Second), node("late", true, well, time.Hour), node("c", true, well, time.Second),
	}, "self")
	var names []string
	for _, n := range fit {
		names = append(names, n.ID)
	}
	if got := strings.Join(names, " "); got != "b c" || right != time.Second {
		t.Errorf("%q may lead, the right clock is %s ahead", got, right)
	}
}

// TestLatest: what was said past the log explains a takeover if it was said later.
func TestLatest(t *testing.T) {
	now := time.Now()
	logged := Announcement{Trigger: TriggerSwitchover, Time: now}
	for _, c := range []struct {
		yielded *Announcement
		want    Trigger
	}{
		{nil, TriggerSwitchover},
		{&Announcement{Trigger: TriggerLag, Time: now.Add(-time.Second)}, TriggerSwitchover},
		{&Announcement{Trigger: TriggerLag, Time: now.Add(time.Second)}, TriggerLag},
	} {
		if got := latest(logged, c.yielded); got.Trigger != c.want {
			t.Errorf("after %+v: %s", c.yielded, got.Trigger)
		}
	}
}
