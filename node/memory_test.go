package node

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMemoryOfTheMachine(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if got := machineMemory(write("MemFree: 5 kB\nMemTotal:       24 kB\n")); got != 24<<10 {
		t.Errorf("machine: %d", got)
	}
	if got := machineMemory(write("nothing\n")) + machineMemory("/nowhere"); got != 0 {
		t.Errorf("unknown machine: %d", got)
	}
	if got := groupMemory(write("1048576\n")); got != 1<<20 {
		t.Errorf("group: %d", got)
	}
	if got := groupMemory(write("max\n")) + groupMemory("/nowhere"); got != 0 {
		t.Errorf("group without a limit: %d", got)
	}
	var c Config
	limit := sizeOr("memory-limit", "half", halfMemory, "", func(c *Config) *int64 { return &c.MemoryBytes })
	if err := limit.set(&c, "half"); err != nil || c.MemoryBytes < 1<<20 {
		t.Errorf("half: %d, %v", c.MemoryBytes, err)
	}
	if err := limit.set(&c, "2GiB"); err != nil || c.MemoryBytes != 2<<30 {
		t.Errorf("2GiB: %d, %v", c.MemoryBytes, err)
	}
	if err := limit.set(&c, "much"); err == nil {
		t.Error("a limit of much was taken")
	}
}
