package main

import (
	"context"
	"fmt"
	"os"

	"redoubt/bench/backups"
	"redoubt/bench/measure"
	"redoubt/bench/server"
)

// backup measures T9.
func (p *plan) backup(ctx context.Context, r *measure.Report) error {
	p = p.brief()
	c := backups.Config{Binary: p.binary("redoubt"), Rows: pick(p.quick, 200_000, 2_000_000)}
	c.Changed = c.Rows / 100
	r.Title = "Backups"
	r.How = []string{
		fmt.Sprintf("sysbench's table of %d rows; a full backup after a restart of the server; then 1 %% of the rows, chosen at random, are changed, and after another "+
			"restart an incremental backup and a full one are made. The first full backup is restored, and the table in it checked. MB are those of the rows' "+
			"columns, but for what is sent, which is what lies in the directory of the backups. Medians of %d rounds.", c.Rows, p.rounds),
		"redoubt: redoubt backup full and incremental into file://, files as they lie in the state store, compressed; redoubt recover to the backup's SCN, log included. " +
			"mariadb-backup: --stream=xbstream through zstd -3 -T2; restored by zstd, mbstream and --prepare. pg_basebackup: -Ft --compress=server-zstd:level=3,workers=2; " +
			"restored by zstd and tar, without replay. restic: of mariadb's directory while the server is stopped, with restic's own compression and encryption. " +
			"All end with a sync but restic, which has none to ask for.",
		"plain ÷ full is the time of dd with conv=fsync for as many bytes as the backup has, by that of the backup.",
	}
	for _, kind := range []*server.Kind{server.MariaDB(), server.PostgreSQL()} {
		if v, err := kind.Installed(ctx); err == nil {
			r.Versions = append(r.Versions, measure.Version{Name: kind.Name, Version: v})
		}
	}
	for name, tool := range backups.Tools {
		r.Versions = append(r.Versions, measure.Version{Name: name, Version: p.ask(ctx, tool[0], tool[1:]...)})
	}
	systems := []string{backups.Redoubt, backups.MariaDB, backups.PostgreSQL, backups.Restic}
	sides := p.backupSides(c, systems)
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables, measure.Compare("The first full backup, and back", s, sides, []measure.Column{
		{Figure: "full_mb_per_second", Title: "MB/s of rows", Spread: true, Ratio: true},
		{Figure: "full_mb", Title: "MB sent"},
		{Figure: "bound", Title: "plain ÷ full"},
		{Figure: "restore_mb_per_second", Title: "restore, MB/s of rows", Ratio: true},
	}), measure.Compare("After 1 % of the rows changed", s, sides, []measure.Column{
		{Figure: "incremental_seconds", Title: "incremental, s"},
		{Figure: "incremental_mb", Title: "MB sent"},
		{Figure: "incremental_percent", Title: "% of the first"},
		{Figure: "again_seconds", Title: "full, s"},
		{Figure: "again_mb", Title: "MB sent"},
		{Figure: "again_percent", Title: "% of the first"},
	}))
	for _, other := range []string{backups.MariaDB, backups.PostgreSQL} {
		r.Targets = append(r.Targets, measure.Target{ID: "T9", What: "full backup ÷ " + other, Value: s.Ratio(backups.Redoubt, other, "full_mb_per_second"), Limit: 1.2, Unit: "×"})
	}
	r.Targets = append(r.Targets,
		measure.Target{ID: "T9", What: "full backup ÷ plain copy", Value: s.Median(backups.Redoubt, "bound"), Limit: 0.8, Unit: "×"},
		measure.Target{ID: "T9", What: "incremental after 1 % changed", Value: s.Median(backups.Redoubt, "incremental_percent"), Limit: 3, Most: true, Unit: " % of the first"},
		measure.Target{ID: "T9", What: "new full after 1 % changed", Value: s.Median(backups.Redoubt, "again_percent"), Limit: 3, Most: true, Unit: " % of the first"})
	return p.backupCurves(ctx, r, c, systems)
}

func (p *plan) backupSides(c backups.Config, systems []string) (sides []measure.Side) {
	for _, system := range systems {
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			own := c
			own.System, own.Dir = system, dir
			return p.job("backup", own)
		}})
	}
	return sides
}

// backupCurves measures once each how figures grow with the table, and with the share of it that has changed.
func (p *plan) backupCurves(ctx context.Context, r *measure.Report, c backups.Config, systems []string) error {
	grow := measure.Table{Title: "Over size: full backup, s", Header: append([]string{"rows"}, systems...)}
	restore := measure.Table{Title: "Over size: restore, s", Header: append([]string{"rows"}, systems...)}
	sizes := []int{c.Rows / 100, c.Rows / 10, c.Rows}
	if !p.quick {
		sizes = append(sizes, 2*c.Rows)
	}
	for _, rows := range sizes {
		own := c
		own.Rows, own.Changed = rows, rows/100
		s, err := measure.Turns(ctx, p.backupSides(own, systems), 1, p.dir, os.Stdout)
		if err != nil {
			return err
		}
		grow.Rows = append(grow.Rows, backupLine(s, systems, fmt.Sprint(rows), "full_seconds"))
		restore.Rows = append(restore.Rows, backupLine(s, systems, fmt.Sprint(rows), "restore_seconds"))
	}
	changed := measure.Table{Title: "Over the share changed: MB that the incremental backup sends (restic, pg_basebackup: another backup)", Header: append([]string{"% changed"}, systems...)}
	again := measure.Table{Title: "Over the share changed: MB that another full backup sends", Header: append([]string{"% changed"}, systems...)}
	for _, share := range []float64{0.1, 1, 10} {
		own := c
		own.Changed = int(float64(c.Rows) * share / 100)
		s, err := measure.Turns(ctx, p.backupSides(own, systems), 1, p.dir, os.Stdout)
		if err != nil {
			return err
		}
		line := backupLine(s, systems, measure.Number(share), "incremental_mb")
		full := backupLine(s, systems, measure.Number(share), "again_mb")
		for i, system := range systems {
			if system == backups.PostgreSQL || system == backups.Restic {
				line[i+1] = full[i+1]
			}
		}
		changed.Rows, again.Rows = append(changed.Rows, line), append(again.Rows, full)
	}
	r.Tables = append(r.Tables, grow, restore, changed, again)
	return nil
}

func backupLine(s *measure.Samples, systems []string, at, figure string) []string {
	line := []string{at}
	for _, system := range systems {
		line = append(line, measure.Number(s.Median(system, figure)))
	}
	return line
}
