package acceptance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// blkio has the control groups of block devices, version 1. Where it is missing, or not ours to write, no disk can be made slow.
const blkio = "/sys/fs/cgroup/blkio"

// slowWrites is how many writes a second a slow disk does.
const slowWrites = 30

// slowDisk is a control group whose processes get few writes from a disk.
type slowDisk struct{ dir string }

// newSlowDisk makes one for the disk that a directory is on.
func newSlowDisk(of string) (*slowDisk, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(of, &st); err != nil {
		return nil, err
	}
	major, minor := st.Dev>>8&0xfff, st.Dev&0xff|st.Dev>>12&0xfff00
	if major == 0 {
		return nil, fmt.Errorf("%s is on no disk", of)
	}
	s := &slowDisk{filepath.Join(blkio, "redoubt-test-"+strconv.Itoa(os.Getpid()))}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return nil, err
	}
	limit := fmt.Sprintf("%d:%d %d", major, minor, slowWrites)
	if err := os.WriteFile(filepath.Join(s.dir, "blkio.throttle.write_iops_device"), []byte(limit), 0); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// take puts a process on the slow disk.
func (s *slowDisk) take(pid int) error { return joinGroup(s.dir, pid) }

// free lets it go, and ends.
func (s *slowDisk) free(pid int) error {
	return errors.Join(joinGroup(blkio, pid), s.remove())
}

func (s *slowDisk) remove() error { return os.Remove(s.dir) }

func joinGroup(dir string, pid int) error {
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
}

// diskSlow gives a node a slow disk for a while.
func (c *chaos) diskSlow(i int) error {
	s, err := newSlowDisk(c.nodes[i].dir)
	if err != nil {
		return err
	}
	pid := c.nodes[i].cmd.Process.Pid
	if err := s.take(pid); err != nil {
		return errors.Join(err, s.remove())
	}
	c.whileAt(1500, 4000)
	err = s.free(pid)
	c.whole() // it may need a copy
	return err
}
