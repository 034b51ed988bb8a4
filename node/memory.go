package node

import (
	"bufio"
	"cmp"
	"math"
	"os"
	"strconv"
	"strings"
)

// memory is what this process may use: the machine's, or its control group's if that is less; 0 if neither is known.
func memory() (least int64) {
	for _, n := range []int64{machineMemory("/proc/meminfo"), groupMemory("/sys/fs/cgroup/memory.max")} {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

// halfMemory is half of the memory, no limit if that is not known.
func halfMemory() int64 { return cmp.Or(memory()/2, math.MaxInt64) }

// unknownMemoryCache is the cache on a machine whose memory is not known.
const unknownMemoryCache = 256 << 20

// quarterMemory is a quarter of the memory.
func quarterMemory() int64 { return cmp.Or(memory()/4, unknownMemoryCache) }

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
