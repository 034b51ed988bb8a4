package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"redoubt/internal/shell"
)

// acting is a command that shows what it is about to do, and asks before it does it.
type acting struct {
	options func() (shell.Options, error)
	yes     bool
}

func (a *acting) flags(c *cobra.Command) {
	a.options = clientFlags(c)
	c.Flags().BoolVar(&a.yes, "yes", false, "do not ask")
}

// run shows a preview, asks, and runs a statement.
func (a *acting) run(c *cobra.Command, preview, statement string) error {
	o, err := a.options()
	if err != nil {
		return err
	}
	if !a.yes {
		o.Execute = preview
		if err := shell.Run(c.Context(), o); err != nil {
			return err
		}
		if err := ask(c, statement); err != nil {
			return err
		}
	}
	o.Execute = statement
	return shell.Run(c.Context(), o)
}

// ask wants a yes.
func ask(c *cobra.Command, statement string) error {
	fmt.Fprintf(c.ErrOrStderr(), "%s\nDo it? [y/N] ", statement)
	answer, err := bufio.NewReader(c.InOrStdin()).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	case "":
		if err != nil {
			return errors.New("nobody said yes: standard input has ended; say --yes to go on without a question")
		}
	}
	return errors.New("not done")
}

// point is where a flashback goes back to.
type point struct {
	scn                                   uint64
	time, restorePoint, transaction, name string
	drop                                  bool
}

func (p *point) flags(c *cobra.Command) {
	c.Flags().Uint64Var(&p.scn, "to-scn", 0, "an SCN")
	c.Flags().StringVar(&p.time, "to-time", "", "a time, 'YYYY-MM-DD hh:mm:ss', in UTC")
	c.Flags().StringVar(&p.restorePoint, "to-restore-point", "", "a restore point")
	c.Flags().StringVar(&p.transaction, "before-transaction", "", "right before a transaction, by its id")
	c.MarkFlagsMutuallyExclusive("to-scn", "to-time", "to-restore-point", "before-transaction")
}

// dropFlags adds what brings back from the recycle bin.
func (p *point) dropFlags(c *cobra.Command) {
	c.Flags().BoolVar(&p.drop, "before-drop", false, "back from the recycle bin")
	c.Flags().StringVar(&p.name, "rename", "", "with --before-drop: its new name")
	c.MarkFlagsMutuallyExclusive("to-scn", "to-time", "to-restore-point", "before-transaction", "before-drop")
}

func (p *point) sql() (string, error) {
	switch {
	case p.scn != 0:
		return fmt.Sprint("SCN ", p.scn), nil
	case p.time != "":
		return "TIMESTAMP " + quoted(p.time), nil
	case p.restorePoint != "":
		return "RESTORE POINT " + identifier(p.restorePoint), nil
	case p.transaction != "":
		return "BEFORE TRANSACTION " + quoted(p.transaction), nil
	case p.drop && p.name != "":
		return "BEFORE DROP RENAME TO " + identifier(p.name), nil
	case p.drop:
		return "BEFORE DROP", nil
	}
	return "", errors.New("say where to: --to-scn, --to-time, --to-restore-point, --before-transaction or, for what was dropped, --before-drop")
}

func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'"
}

func identifier(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }

// tableIdentifier quotes table or schema.table.
func tableIdentifier(s string) string {
	schema, table, qualified := strings.Cut(s, ".")
	if !qualified {
		return identifier(s)
	}
	return identifier(schema) + "." + identifier(table)
}

func flashbackCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "flashback",
		Short: "Take tables, schemas, the database or a transaction back",
		Long: "Take back what was done. Each command first shows what would change, and asks; --yes skips the question. The answer\n" +
			"names the statement that undoes it.",
	}
	c.AddCommand(flashbackTableCommand(), flashbackSchemaCommand(), flashbackDatabaseCommand(), flashbackTransactionCommand())
	return c
}

func flashbackTableCommand() *cobra.Command {
	var a acting
	var p point
	var undo, noValidate, dependents, autoIncrement bool
	c := &cobra.Command{
		Use:     "table [SCHEMA.]TABLE…",
		Short:   "Take tables back",
		Example: "  redoubt flashback table shop.orders --to-time '2026-01-02 03:04:05'\n  redoubt flashback table shop.orders --before-drop",
		Args:    cobra.MinimumNArgs(1),
	}
	a.flags(c)
	p.flags(c)
	p.dropFlags(c)
	c.Flags().BoolVar(&undo, "undo", false, "undo the last flashback of these tables")
	c.Flags().BoolVar(&noValidate, "novalidate", false, "do not look at foreign keys")
	c.Flags().BoolVar(&dependents, "include-dependents", false, "take tables along that foreign keys link to these")
	c.Flags().BoolVar(&autoIncrement, "rewind-auto-increment", false, "let numbering go back, too")
	c.MarkFlagsMutuallyExclusive("novalidate", "include-dependents")
	c.RunE = func(c *cobra.Command, args []string) error {
		for i := range args {
			args[i] = tableIdentifier(args[i])
		}
		return flashback(c, &a, &p, undo, "TABLE "+strings.Join(args, ", "), options{
			"NOVALIDATE": noValidate, "INCLUDE DEPENDENTS": dependents, "REWIND AUTO_INCREMENT": autoIncrement,
		})
	}
	return c
}

func flashbackSchemaCommand() *cobra.Command {
	var a acting
	var p point
	var undo, noValidate, autoIncrement bool
	c := &cobra.Command{Use: "schema SCHEMA", Short: "Take a schema back, with all that is in it", Args: cobra.ExactArgs(1)}
	a.flags(c)
	p.flags(c)
	p.dropFlags(c)
	c.Flags().BoolVar(&undo, "undo", false, "undo the last flashback of this schema")
	c.Flags().BoolVar(&noValidate, "novalidate", false, "do not look at foreign keys of other schemas")
	c.Flags().BoolVar(&autoIncrement, "rewind-auto-increment", false, "let numbering go back, too")
	c.RunE = func(c *cobra.Command, args []string) error {
		return flashback(c, &a, &p, undo, "SCHEMA "+identifier(args[0]), options{"NOVALIDATE": noValidate, "REWIND AUTO_INCREMENT": autoIncrement})
	}
	return c
}

func flashbackDatabaseCommand() *cobra.Command {
	var a acting
	var p point
	var undo, control, autoIncrement bool
	c := &cobra.Command{Use: "database", Short: "Take the whole database back", Args: cobra.NoArgs}
	a.flags(c)
	p.flags(c)
	c.Flags().BoolVar(&undo, "undo", false, "undo the last flashback of the database")
	c.Flags().BoolVar(&control, "include-control", false, "take users, grants and restore points back, too")
	c.Flags().BoolVar(&autoIncrement, "rewind-auto-increment", false, "let numbering go back, too")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return flashback(c, &a, &p, undo, "DATABASE", options{"INCLUDE CONTROL": control, "REWIND AUTO_INCREMENT": autoIncrement})
	}
	return c
}

// options are words at the end of a statement, and whether they are wanted.
type options map[string]bool

func (o options) sql() (words string) {
	for _, word := range []string{"NOVALIDATE", "INCLUDE DEPENDENTS", "INCLUDE CONTROL", "REWIND AUTO_INCREMENT"} {
		if o[word] {
			words += " " + word
		}
	}
	return words
}

func flashback(c *cobra.Command, a *acting, p *point, undo bool, object string, o options) error {
	statement := "UNFLASHBACK " + object
	if !undo {
		to, err := p.sql()
		if err != nil {
			return err
		}
		statement = "FLASHBACK " + object + " TO " + to
	}
	statement += o.sql()
	return a.run(c, "EXPLAIN "+statement, statement)
}

func flashbackTransactionCommand() *cobra.Command {
	var a acting
	mode := ""
	c := &cobra.Command{
		Use:   "transaction ID…",
		Short: "Take transactions back, and nothing else",
		Long: "Take transactions back by changes that undo just what they did. FLASHBACK_TRANSACTION_QUERY lists transactions with\n" +
			"their ids.",
		Args: cobra.MinimumNArgs(1),
	}
	a.flags(c)
	c.Flags().StringVar(&mode, "mode", "nocascade", "what about later transactions that built on these: nocascade, cascade, nocascade_force or nonconflict_only")
	c.RunE = func(c *cobra.Command, args []string) error {
		switch mode {
		case "nocascade", "cascade", "nocascade_force", "nonconflict_only":
		default:
			return fmt.Errorf("--mode %s: it is none of nocascade, cascade, nocascade_force and nonconflict_only", mode)
		}
		for i := range args {
			args[i] = quoted(args[i])
		}
		statement := "FLASHBACK TRANSACTION " + strings.Join(args, ", ") + " " + strings.ToUpper(mode)
		return a.run(c, "EXPLAIN "+statement, statement)
	}
	return c
}
