package node

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
)

// halfMemory is half of the memory that this process may use: the machine's, or its control group's if that is less. No
// limit if neither is known.
func halfMemory() int64 {
	least := int64(math.MaxInt64)
	for _, n := range []int64{machineMemory("/proc/meminfo"), groupMemory("/sys/fs/cgroup/memory.max")} {
		if n > 0 {
			least = min(least, n/2)
		}
	}
	return least
}

// machineMemory reads the machine's memory, in bytes, from Linux's file about it; 0 if it is not there.
func machineMemory(file string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) >= 2 && words[0] == "MemTotal:" {
			kib, err := strconv.ParseInt(words[1], 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

// groupMemory reads the limit of a control group, in bytes; 0 if there is none.
func groupMemory(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0 // "max"
	}
	return n
}
