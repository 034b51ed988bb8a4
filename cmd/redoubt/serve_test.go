package main

import (
	"maps"
	"testing"
)

// TestServeFlags: a switch needs no value, and takes one after an equals sign.
func TestServeFlags(t *testing.T) {
	c := serveCommand()
	if err := c.ParseFlags([]string{"--standby", "--protection", "semi-sync", "--sampling=false", "--archive", "file:///a", "--archive", "file:///b", "--reinstate"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"standby": "true", "protection": "semi-sync", "sampling": "false", "archive": "file:///a,file:///b", "reinstate": "true"}
	if got := changed(c.Flags()); !maps.Equal(got, want) {
		t.Errorf("flags are %v, want %v", got, want)
	}
}
