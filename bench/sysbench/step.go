package sysbench

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"

	"redoubt/bench/server"
)

// Step runs a step of oltp_write_only with one table of so many rows, on any of the servers.
func Step(ctx context.Context, r *server.Running, database string, rows int, step string, args ...string) error {
	host, port, err := net.SplitHostPort(r.Address())
	if err != nil {
		return err
	}
	driver, user := "mysql", "root"
	if r.Kind.Name == "postgresql" {
		driver, user = "pgsql", "postgres"
	}
	command := exec.CommandContext(ctx, "sysbench", "oltp_write_only", "--db-driver="+driver, "--"+driver+"-host="+host, "--"+driver+"-port="+port,
		"--"+driver+"-user="+user, "--"+driver+"-db="+database, "--tables=1", "--table-size="+strconv.Itoa(rows))
	command.Args = append(append(command.Args, args...), step)
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("sysbench %s: %w: %s", step, err, said[max(0, len(said)-500):])
	}
	return nil
}
