package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"redoubt/bench/measure"
)

// plan is one run of the command.
type plan struct {
	quick      bool
	rounds     int
	given      bool // the rounds were asked for
	warehouses int
	profiles   string // directory for profiles of sysbench's workloads; empty: none
	out        string
	dir        string // to measure in
	subjects   []subject

	self   string // this binary
	module string // root of the main module
	built  map[string]error
}

// subject is what one file is about.
type subject struct {
	name string
	run  func(*plan, context.Context, *measure.Report) error
}

var subjects = []subject{
	{"log", (*plan).log},
	{"commit", (*plan).commit},
	{"commit-cluster", (*plan).commitCluster},
	{"asof", (*plan).asof},
	{"sysbench", (*plan).sysbench},
	{"tpcc", (*plan).tpcc},
	{"history", (*plan).history},
	{"flashback", (*plan).flashback},
	{"replay", (*plan).replay},
	{"backup", (*plan).backup},
	{"start", (*plan).start},
	{"rest", (*plan).rest},
	{"monitoring", (*plan).monitoring},
	{"failover", (*plan).failover},
}

func (p *plan) choose(name string) error {
	for _, s := range subjects {
		if name == s.name || name == "all" {
			p.subjects = append(p.subjects, s)
		}
	}
	if len(p.subjects) == 0 {
		return fmt.Errorf("there is no subject %q", name)
	}
	if p.given = p.rounds != 0; !p.given {
		p.rounds = 5
		if p.quick {
			p.rounds = 3
		}
	}
	if p.warehouses < 1 {
		return fmt.Errorf("%d warehouses: want 1 or more", p.warehouses)
	}
	if p.rounds < 1 {
		return fmt.Errorf("%d rounds: want 1 or more", p.rounds)
	}
	return nil
}

// run measures all subjects of the plan.
func (p *plan) run(ctx context.Context) error {
	if err := p.prepare(ctx); err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	for _, s := range p.subjects {
		if err := p.report(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// prepare finds the module, makes the directory to measure in, and builds the binaries.
func (p *plan) prepare(ctx context.Context) (err error) {
	if p.self, err = os.Executable(); err != nil {
		return err
	}
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	p.module = filepath.Dir(strings.TrimSpace(string(mod)))
	if _, err := os.Stat(filepath.Join(p.module, "bench", "peers", "go.mod")); err != nil {
		return fmt.Errorf("run it in Redoubt's source tree: %w", err)
	}
	if p.dir, err = os.MkdirTemp(p.dir, "redoubt-bench-"); err != nil {
		return err
	}
	// Servers may run as other users, who must be able to get below it.
	if err := os.Chmod(p.dir, 0o755); err != nil {
		return err
	}
	p.built = map[string]error{}
	p.build(ctx, "peers", filepath.Join("bench", "peers"), ".")
	p.build(ctx, "redoubt", ".", "./cmd/redoubt")
	return p.built["redoubt"]
}

func (p *plan) build(ctx context.Context, name, dir, target string) {
	fmt.Printf("building %s\n", name)
	c := exec.CommandContext(ctx, "go", "build", "-o", p.binary(name), target)
	c.Dir = filepath.Join(p.module, dir)
	if said, err := c.CombinedOutput(); err != nil {
		p.built[name] = fmt.Errorf("go build in %s: %w: %s", dir, err, said[max(0, len(said)-500):])
		fmt.Printf("  it does not build: %v\n", p.built[name])
		return
	}
	p.built[name] = nil
}

func (p *plan) binary(name string) string { return filepath.Join(p.dir, "binary", name) }

// report measures one subject and writes its file.
func (p *plan) report(ctx context.Context, s subject) error {
	fmt.Printf("measuring %s\n", s.name)
	r := &measure.Report{
		Command: "go run ./bench/cmd/bench " + s.name + p.flags(), Machine: measure.Look(p.dir), Begun: time.Now(),
		Versions: []measure.Version{{Name: "redoubt", Version: p.ask(ctx, p.binary("redoubt"), "version")}},
	}
	if err := s.run(p, ctx, r); err != nil {
		return err
	}
	r.Took = time.Since(r.Begun)
	for i, c := range r.Commands {
		r.Commands[i] = strings.ReplaceAll(strings.ReplaceAll(c, p.dir, "DIR"), p.module, "MODULE")
	}
	for name, reason := range r.Absent {
		r.Absent[name] = strings.ReplaceAll(reason, p.dir, "DIR")
	}
	path, err := r.Write(p.out, s.name)
	if err == nil {
		fmt.Printf("wrote %s\n", path)
	}
	return err
}

func (p *plan) flags() string {
	flags := ""
	if p.quick {
		flags = " --quick"
	}
	if p.warehouses != defaultWarehouses {
		flags += fmt.Sprintf(" --warehouses %d", p.warehouses)
	}
	if p.given {
		flags += fmt.Sprintf(" --rounds %d", p.rounds)
	}
	return flags
}

// brief is the plan for a subject whose rounds take half a minute: a quick one has one, unless more were asked for.
func (p *plan) brief() *plan {
	q := *p
	if q.quick && !q.given {
		q.rounds = 1
	}
	return &q
}

// single is the plan for what repeats itself within one job.
func (p *plan) single() *plan {
	q := *p
	q.rounds = 1
	return &q
}

// ask gives what a command says, without the end of its line.
func (p *plan) ask(ctx context.Context, name string, arguments ...string) string {
	b, err := exec.CommandContext(ctx, name, arguments...).Output()
	if err != nil {
		return "unknown: " + err.Error()
	}
	return strings.TrimSpace(string(b))
}

// job is one measurement by this binary.
func (p *plan) job(name string, config any) measure.Job {
	return measure.Job{Binary: p.self, Subject: name, Config: config}
}

// compare measures sides in turn and adds their commands and absences to the report.
func (p *plan) compare(ctx context.Context, r *measure.Report, sides []measure.Side) (*measure.Samples, error) {
	s, err := measure.Turns(ctx, sides, p.rounds, p.dir, os.Stdout)
	if err != nil {
		return nil, err
	}
	r.Leave(s.Absent)
	for _, side := range sides {
		r.Commands = append(r.Commands, side.Job(filepath.Join(p.dir, side.Name)).Command())
	}
	return s, nil
}

// addPeers gives the sides that the peers' binary measures, none if it could not be built, and notes its versions.
func (p *plan) addPeers(
	ctx context.Context, r *measure.Report, subject string, systems []string, config func(system, dir string) any,
) []measure.Side {
	if err := p.built["peers"]; err != nil {
		absent := map[string]string{}
		for _, system := range systems {
			absent[system] = err.Error()
		}
		r.Leave(absent)
		return nil
	}
	if len(r.Versions) == 1 {
		r.Versions = slices.Concat(r.Versions, p.peerVersions(ctx))
	}
	var sides []measure.Side
	for _, system := range systems {
		sides = append(sides, measure.Side{Name: system, Job: func(dir string) measure.Job {
			return measure.Job{Binary: p.binary("peers"), Subject: subject, Config: config(system, dir)}
		}})
	}
	return sides
}

// defaultWarehouses of tpcc.
const defaultWarehouses = 2

func pick[T any](quick bool, whenQuick, whenFull T) T {
	if quick {
		return whenQuick
	}
	return whenFull
}
