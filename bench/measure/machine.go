package measure

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// Machine is where something was measured.
type Machine struct {
	CPU         string
	Cores       int
	MemoryBytes uint64
	Kernel      string
	FileSystem  string // of the directory that was measured in
	Go          string
	LoadAverage string // of the last minute, just before
}

// Look describes this machine; dir is on the disk that is measured. What cannot be told is left empty.
func Look(dir string) Machine {
	return Machine{
		CPU: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), MemoryBytes: memory(), Kernel: kernel(),
		FileSystem: fileSystem(dir), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
		LoadAverage: loadAverage(),
	}
}

// field finds the first "name : value" of a file.
func field(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func memory() uint64 {
	var i syscall.Sysinfo_t
	if syscall.Sysinfo(&i) != nil {
		return 0
	}
	return uint64(i.Totalram) * uint64(i.Unit)
}

func kernel() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return string(bytes.TrimSpace(b))
}

func loadAverage() string {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// fileSystem is the type of the mount that holds dir: the one with the longest fitting path.
func fileSystem(dir string) string {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	best, kind := -1, ""
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		at := strings.TrimSuffix(f[1], "/")
		if len(at) > best && (dir == at || strings.HasPrefix(dir, at+"/")) {
			best, kind = len(at), f[2]+" ("+f[3]+")"
		}
	}
	return kind
}

// table lists what is known.
func (m Machine) table() Table {
	return Table{Header: []string{"", ""}, Rows: [][]string{
		{"CPU", m.CPU},
		{"cores", fmt.Sprint(m.Cores)},
		{"memory", fmt.Sprintf("%.0f GiB", float64(m.MemoryBytes)/(1<<30))},
		{"kernel", m.Kernel},
		{"file system", m.FileSystem},
		{"Go", m.Go},
		{"load average before", m.LoadAverage},
	}}
}
