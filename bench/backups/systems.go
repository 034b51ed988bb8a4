package backups

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"redoubt/bench/server"
)

// redoubt backs up to the repository that it archives to.
type redoubt struct {
	Config
	backup string // the first, by its id
}

func (s *redoubt) repository() string { return filepath.Join(s.Dir, "repository") }
func (s *redoubt) kind() *server.Kind {
	return server.Redoubt(s.Binary, "--archive=file://"+s.repository())
}
func (s *redoubt) database() string     { return "sbtest" }
func (s *redoubt) offline() bool        { return false }
func (s *redoubt) sent() (int64, error) { return size(s.repository()) }

var backupID = regexp.MustCompile(`\d{8}T\d{6}-\d+-\d+`)

func (s *redoubt) back(ctx context.Context, step step, r *server.Running) error {
	kind := "full"
	if step == incremental {
		kind = "incremental"
	}
	said, err := s.run(ctx, "backup", kind, "--repo", "file://"+s.repository(), "--addr", r.Address())
	if step == first && err == nil {
		if s.backup = backupID.FindString(said); s.backup == "" {
			err = fmt.Errorf("no backup is named in %s", said)
		}
	}
	return err
}

var backupSCN = regexp.MustCompile(`-(\d+)$`)

func (s *redoubt) restore(ctx context.Context) (string, error) {
	data := filepath.Join(s.Dir, "again")
	scn := backupSCN.FindStringSubmatch(s.backup)[1]
	_, err := s.run(ctx, "recover", "--repo", "file://"+s.repository(), "--data", data, "--to-scn", scn)
	return data, err
}

func (s *redoubt) run(ctx context.Context, args ...string) (string, error) {
	said, err := exec.CommandContext(ctx, s.Binary, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("redoubt %v: %w: %s", args, err, said)
	}
	return string(said), err
}

// mariadb streams, so that zstd can compress.
type mariadb struct{ Config }

func (s *mariadb) kind() *server.Kind   { return server.MariaDB() }
func (s *mariadb) database() string     { return "sbtest" }
func (s *mariadb) offline() bool        { return false }
func (s *mariadb) sent() (int64, error) { return size(s.backups()) }
func (s *mariadb) backups() string      { return filepath.Join(s.Dir, "backups") }

func (s *mariadb) back(ctx context.Context, step step, r *server.Running) error {
	if err := os.MkdirAll(s.backups(), 0o755); err != nil {
		return err
	}
	name, base := [...]string{"full.xb.zst", "incremental.xb.zst", "again.xb.zst"}[step], "--extra-lsndir="+filepath.Join(s.Dir, "lsn")
	if step == incremental {
		base = "--incremental-basedir=" + filepath.Join(s.Dir, "lsn")
	}
	if step == again {
		base = "--extra-lsndir=" + filepath.Join(s.Dir, "lsn-again")
	}
	return shell(ctx, `mariadb-backup --no-defaults --backup --stream=xbstream --parallel=2 --user=root --socket="$1/s" --datadir="$1" "$2" --target-dir="$3" | zstd -3 -T2 -q -o "$4" && sync "$4"`,
		r.Dir, base, filepath.Join(s.Dir, "target"), filepath.Join(s.backups(), name))
}

func (s *mariadb) restore(ctx context.Context) (string, error) {
	data := filepath.Join(s.Dir, "again")
	if err := os.Mkdir(data, 0o755); err != nil {
		return "", err
	}
	return data, shell(ctx, `zstd -d -q -c "$1" | mbstream -x -p 2 -C "$2" && mariadb-backup --no-defaults --prepare --use-memory=1G --target-dir="$2" && sync -f "$2"`,
		filepath.Join(s.backups(), "full.xb.zst"), data)
}

// postgresql has no incremental ones in its version of Debian 12.
type postgresql struct{ Config }

func (s *postgresql) kind() *server.Kind   { return server.PostgreSQL() }
func (s *postgresql) database() string     { return "postgres" }
func (s *postgresql) offline() bool        { return false }
func (s *postgresql) sent() (int64, error) { return size(s.backups()) }
func (s *postgresql) backups() string      { return filepath.Join(s.Dir, "backups") }

func (s *postgresql) back(ctx context.Context, step step, r *server.Running) error {
	if step == incremental {
		return errNotThere
	}
	name := [...]string{"full", "", "again"}[step]
	if err := os.MkdirAll(s.backups(), 0o755); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(r.Address())
	if err != nil {
		return err
	}
	return shell(ctx, `pg_basebackup -h "$1" -p "$2" -U postgres -D "$3" -Ft -c fast -X fetch --compress=server-zstd:level=3,workers=2 && sync -f "$3"`,
		host, port, filepath.Join(s.backups(), name))
}

func (s *postgresql) restore(ctx context.Context) (string, error) {
	data := filepath.Join(s.Dir, "again")
	if err := os.Mkdir(data, 0o700); err != nil {
		return "", err
	}
	if err := shell(ctx, `zstd -d -q -c "$1" | tar -x -C "$2" && sync -f "$2"`, filepath.Join(s.backups(), "full", "base.tar.zst"), data); err != nil {
		return "", err
	}
	if os.Getuid() != 0 {
		return data, nil
	}
	return data, shell(ctx, `chown -R postgres "$1"`, data)
}

// restic copies the files of a server that does not run.
type restic struct{ Config }

func (s *restic) kind() *server.Kind   { return server.MariaDB() }
func (s *restic) database() string     { return "sbtest" }
func (s *restic) repository() string   { return filepath.Join(s.Dir, "repository") }
func (s *restic) offline() bool        { return true }
func (s *restic) sent() (int64, error) { return size(s.repository()) }

func (s *restic) back(ctx context.Context, step step, r *server.Running) error {
	if step == incremental {
		return errNotThere // every one but the first is
	}
	if step == first {
		if err := s.run(ctx, "init"); err != nil {
			return err
		}
	}
	return s.run(ctx, "backup", "--quiet", r.Dir)
}

func (s *restic) restore(ctx context.Context) (string, error) {
	to := filepath.Join(s.Dir, "again")
	list, err := exec.CommandContext(ctx, "sh", "-c", `RESTIC_PASSWORD=bench restic -r "$0" snapshots --json | grep -o '"short_id":"[0-9a-f]*"' | head -n 1 | cut -d'"' -f4`, s.repository()).Output()
	if err != nil {
		return "", err
	}
	id := string(list[:len(list)-1])
	if err := s.run(ctx, "restore", id, "--target", to); err != nil {
		return "", err
	}
	return filepath.Join(to, s.Dir, "data"), nil
}

func (s *restic) run(ctx context.Context, args ...string) error {
	return shell(ctx, `RESTIC_PASSWORD=bench restic -r "$@"`, append([]string{s.repository()}, args...)...)
}
