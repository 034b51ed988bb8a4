package freeport

import (
	"net"
	"testing"
)

// TestAddress: addresses differ, can be listened on, and are not given while somebody does.
func TestAddress(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		address, err := Address()
		if err != nil || seen[address] {
			t.Fatalf("%s after %d others, %v", address, len(seen), err)
		}
		seen[address] = true
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		next.Add(-1) // the one that is taken now
		again, err := Address()
		if err != nil || again == address {
			t.Fatalf("%s, which is taken; %v", again, err)
		}
		seen[again] = true
	}
}
