package lease

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// born gives the birth of this process; zero if /proc is not there, or shows processes by the numbers of another namespace.
func born() Birth {
	self, err := os.Readlink("/proc/self")
	if err != nil || self != strconv.Itoa(os.Getpid()) {
		return Birth{}
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Birth{}
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return Birth{}
	}
	if clock, err := os.Readlink("/proc/self/ns/time"); err == nil { // older kernels have one clock
		namespace += " " + clock
	}
	_, start, ok := status(os.Getpid())
	if !ok {
		return Birth{}
	}
	return Birth{Boot: strings.TrimSpace(string(boot)), Namespace: namespace, Start: start}
}

// lives tells whether a process of this namespace that began then may live. The kernel is asked by a signal that does nothing:
// /proc may hide the processes of others.
func lives(pid int, start uint64) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	state, began, ok := status(pid)
	if !ok {
		return true
	}
	return began == start && state != "Z" && state != "X" // one that nobody has waited for yet does nothing any more
}

// status reads a process's state and when it began: fields 3 and 22 of its stat, behind a name that may have anything in it.
func status(pid int) (state string, start uint64, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", 0, false
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return "", 0, false
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], start, err == nil
}
