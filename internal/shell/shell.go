package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// scriptLineBytesMax bounds one line of a script: dumps have rows of many megabytes in one.
const scriptLineBytesMax = 1 << 30

// errQuit ends the interactive shell.
var errQuit = errors.New("quit")

// Run runs a shell until its input ends, or, without Interactive, until the first error. What went wrong with a
// statement of a script is returned as a *StatementError. In the interactive shell the end of ctx is ignored: Ctrl-C
// stops statements there, and SIGTERM ends it.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if _, err := ParseFormat(string(o.Format)); err != nil {
		return err
	}
	interactive := o.Interactive && o.Execute == ""
	if interactive {
		ctx = context.WithoutCancel(ctx)
	}
	interrupts := o.Interrupts
	if interrupts == nil {
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		defer signal.Stop(c)
		interrupts = c
	}
	s, err := connect(ctx, o)
	if err != nil {
		return err
	}
	sh := &shell{session: s, o: o, interrupts: interrupts, split: newSplitter()}
	if interactive {
		err = sh.converse(ctx)
	} else {
		err = sh.script(ctx)
	}
	return errors.Join(err, s.close())
}

type shell struct {
	*session
	o          Options
	interrupts <-chan os.Signal
	split      *splitter
	last       string // the last statement, for \watch
}

// script runs statements up to the first error.
func (sh *shell) script(ctx context.Context) error {
	in, numbered := sh.o.In, true
	if sh.o.Execute != "" {
		in, numbered = strings.NewReader(sh.o.Execute), strings.Contains(strings.TrimSpace(sh.o.Execute), "\n")
	}
	r := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := readLine(r)
		var found []statement
		if line != "" || err == nil {
			found = sh.split.add(line)
		}
		if err == io.EOF {
			found = append(found, sh.split.rest()...)
		} else if err != nil {
			return fmt.Errorf("reading the script: %w", err)
		}
		for _, st := range found {
			if runErr := sh.one(ctx, st); runErr != nil {
				if errors.Is(runErr, errQuit) {
					return nil
				}
				return atLine(runErr, st.line, numbered)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func readLine(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		part, err := r.ReadSlice('\n')
		b.Write(part)
		if b.Len() > scriptLineBytesMax {
			return "", fmt.Errorf("a line is longer than %d bytes", scriptLineBytesMax)
		}
		if err != bufio.ErrBufferFull {
			return strings.TrimRight(b.String(), "\r\n"), err
		}
	}
}

// atLine says where in the script an error arose.
func atLine(err error, line int, numbered bool) error {
	var se *StatementError
	if errors.As(err, &se) && numbered {
		se.Line = line
	}
	return err
}

// one runs a statement or a command to the shell.
func (sh *shell) one(ctx context.Context, st statement) error {
	if st.meta {
		return sh.command(ctx, st.text)
	}
	sh.last = st.text
	return sh.run(ctx, st.text, sh.interrupts)
}

const help = `Statements end with a semicolon. Commands to the shell:
  \?            this text
  \format NAME  show results as table, json, csv or tsv
  \watch [N]    run the last statement every N seconds (2) until Ctrl-C; also behind a statement, for its semicolon
  \q            leave; so does Ctrl-D
Ctrl-C stops the statement that runs, or drops what is typed.
The past: SELECT … FROM t AS OF SCN n | TIMESTAMP ts | RESTORE POINT p
          SELECT …, versions_operation FROM t VERSIONS BETWEEN SCN a AND b
          FIND SCN WHERE condition BETWEEN a AND b
`

// command runs a command to the shell.
func (sh *shell) command(ctx context.Context, text string) error {
	name, argument, _ := strings.Cut(text, " ")
	argument = strings.TrimSpace(argument)
	switch name {
	case `\?`, `\h`, `\help`:
		_, err := io.WriteString(sh.o.Err, help)
		return err
	case `\q`, `\quit`, `\exit`:
		return errQuit
	case `\format`:
		f, err := ParseFormat(argument)
		if err != nil {
			return &StatementError{Text: err.Error(), err: err}
		}
		sh.session.o.Format = f
		return nil
	case `\watch`:
		return sh.watch(ctx, argument)
	}
	return &StatementError{Text: fmt.Sprintf("unknown command %s; \\? lists those there are", name)}
}

// watch repeats the last statement until Ctrl-C, an error, or the end of ctx.
func (sh *shell) watch(ctx context.Context, argument string) error {
	every := 2.0
	if argument != "" {
		n, err := strconv.ParseFloat(argument, 64)
		if err != nil || n < 0.1 || n > 86400 {
			return &StatementError{Text: `\watch takes a number of seconds, from 0.1 to 86400`}
		}
		every = n
	}
	if sh.last == "" {
		return &StatementError{Text: `\watch repeats the last statement, and there is none yet`}
	}
	ticker := time.NewTicker(time.Duration(every * float64(time.Second)))
	defer ticker.Stop()
	for {
		if err := sh.run(ctx, sh.last, sh.interrupts); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-sh.interrupts:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lineReader gives the lines that a user types. An interrupt is errInterrupted, the end io.EOF.
type lineReader interface {
	readLine(continued bool) (string, error)
}

var errInterrupted = errors.New("interrupted")

// converse reads and runs statements until the user leaves.
func (sh *shell) converse(ctx context.Context) error {
	lines := sh.o.lines
	if lines == nil {
		editor, err := newEditor(sh.o, sh.split)
		if err != nil {
			return err
		}
		lines = editor
	}
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	defer signal.Stop(terminate)
	fmt.Fprintf(sh.o.Err, "Connected to %s as %s. \\? for help.\n", sh.o.Addr, sh.o.User)
	for {
		select {
		case <-terminate:
			return nil
		default:
		}
		line, err := lines.readLine(sh.split.pending())
		switch {
		case errors.Is(err, errInterrupted):
			sh.split.reset()
			continue
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("reading what is typed: %w", err)
		}
		if sh.answer(ctx, line) {
			return nil
		}
	}
}

// answer runs what a line completes, and reports whether the user wants to leave.
func (sh *shell) answer(ctx context.Context, input string) (leave bool) {
	for _, line := range strings.Split(input, "\n") {
		for _, st := range sh.split.add(line) {
			sh.drainInterrupts()
			err := sh.one(ctx, st)
			switch {
			case errors.Is(err, errQuit):
				return true
			case err != nil:
				sh.complain(err)
			}
		}
	}
	return false
}

// drainInterrupts forgets a Ctrl-C that came when nothing was running.
func (sh *shell) drainInterrupts() {
	for {
		select {
		case <-sh.interrupts:
		default:
			return
		}
	}
}

func (sh *shell) complain(err error) {
	if sh.o.Color {
		fmt.Fprintf(sh.o.Err, "\x1b[31m%v\x1b[0m\n", err)
		return
	}
	fmt.Fprintln(sh.o.Err, err)
}
