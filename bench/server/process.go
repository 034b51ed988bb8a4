package server

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// family lists a process, if it is alive, and its children.
func family(parent int) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is good
	var pids []int
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has gone
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		// pid (name) state ppid …; the name may hold anything.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 2 || fields[0] == "Z" {
			continue
		}
		if pid == parent || fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// alive tells whether a process is there and has not ended.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	return len(fields) > 0 && fields[0] != "Z"
}

// ticks of processor time in a second, as /proc counts them on every Linux.
const ticks = 100

// ProcessorTime is what the server's main process has spent, in user mode and in the kernel.
func (r *Running) ProcessorTime() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.PID()))
	if err != nil {
		return 0, fmt.Errorf("processor time of %s: %w", r.Kind.Name, err)
	}
	// pid (name) and then, from the state on, the fields 3 and later; 14 is utime, 15 is stime.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var spent int64
	for _, at := range []int{14 - 3, 15 - 3} {
		if at >= len(fields) {
			return 0, fmt.Errorf("processor time of %s: %q has %d fields", r.Kind.Name, b, len(fields))
		}
		n, err := strconv.ParseInt(fields[at], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("processor time of %s: %w", r.Kind.Name, err)
		}
		spent += n
	}
	return time.Duration(spent) * time.Second / ticks, nil
}

// Memory is what a server takes, bytes.
type Memory struct {
	Resident     int64 // of its main process
	Proportional int64 // of all its processes, what they share counted once
}

// Memory looks at the server's processes.
func (r *Running) Memory() (m Memory, err error) {
	for _, pid := range family(r.PID()) {
		resident, proportional, err := memoryOf(pid)
		if err != nil {
			return m, fmt.Errorf("memory of %s: %w", r.Kind.Name, err)
		}
		if pid == r.PID() {
			m.Resident = resident
		}
		m.Proportional += proportional
	}
	return m, nil
}

func memoryOf(pid int) (resident, proportional int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "Rss:":
			resident = kib << 10
		case "Pss:":
			proportional = kib << 10
		}
	}
	return resident, proportional, nil
}
