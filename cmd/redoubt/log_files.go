package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"redoubt/node"
)

func logListCommand() *cobra.Command {
	var s logSource
	format, times := "", false
	c := &cobra.Command{
		Use:   "ls",
		Short: "List the files of the log, with what SCNs and times they hold",
		Long: "List the files of a directory's or a node's log, or the objects of a repository that have the archived log, with what SCNs\n" +
			"they hold: all, or those that have something from --from-scn to --to-scn. Of a repository all incarnations are listed;\n" +
			"--incarnation names the one whose history is wanted. Times stand inside the pieces, so that --times fetches each.",
		Args: cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := s.check(""); err != nil {
			return err
		}
		if times && s.repository.address == "" {
			return errors.New("--times: only those of a repository are not listed anyway")
		}
		if s.repository.address != "" {
			return s.listArchived(c, format, times)
		}
		pieces, err := s.pieces(c)
		if err != nil {
			return err
		}
		out := lister{w: c.OutOrStdout(), format: format}
		for i := range pieces {
			if p := &pieces[i]; p.LastSCN < s.from || s.to > 0 && p.FirstSCN > s.to {
				continue
			}
			if err := out.print(pieceFields(&pieces[i])); err != nil {
				return err
			}
		}
		return out.end()
	}
	s.flags(c)
	c.Flags().BoolVar(&times, "times", false, "of a repository: fetch each piece to tell the times of its commits")
	formatFlag(c, &format, "table", "json", "csv")
	return c
}

// pieces lists the files of a directory, or of a node.
func (s *logSource) pieces(c *cobra.Command) ([]node.LogPiece, error) {
	if s.data != "" {
		return node.LogPieces(s.data)
	}
	o, err := s.client()
	if err != nil {
		return nil, err
	}
	return onlinePieces(c.Context(), o)
}

func pieceFields(p *node.LogPiece) []field {
	fields := []field{
		{"file", p.File},
		{"kind", string(p.Kind)},
		{"first_scn", p.FirstSCN},
		{"last_scn", p.LastSCN},
		{"first_time", p.FirstTime},
		{"last_time", p.LastTime},
		{"transactions", p.Transactions},
		{"bytes", p.Bytes},
		{"redo_bytes", orNone(p.RawBytes)},
	}
	if p.FirstSCN == 0 {
		for i := 2; i < 6; i++ {
			fields[i].value = nil
		}
	}
	return fields
}

// noVerify is why a node cannot be asked to verify its log.
const noVerify = "a running node checks what it reads, and not its log as a whole: verify needs its directory when it is stopped (--data), or its repository (--repo)"

func logVerifyCommand() *cobra.Command {
	var s logSource
	format := ""
	c := &cobra.Command{
		Use:   "verify",
		Short: "Read all of the log and check it",
		Long: "Read all of the log: checksums of each block, the hash of each sealed segment and how they follow one another, and\n" +
			"each entry of the live log. Of a repository each piece is fetched, or those that have something from --from-scn to --to-scn,\n" +
			"of all incarnations or of the history of one. All damage is named, with file, offset and SCN, and so is what is missing; the\n" +
			"exit code is then 1. A gap that no point needs which the policy promises was let go, and is no damage.",
		Args: cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := s.check(noVerify); err != nil {
			return err
		}
		if s.repository.address != "" {
			return s.verifyArchived(c, format)
		}
		if s.from != 0 || s.to != 0 {
			return errors.New("--from-scn and --to-scn: the log of a directory is verified as a whole")
		}
		return verifyDirectory(c, s.data, format)
	}
	s.flags(c)
	formatFlag(c, &format, "table", "json", "csv")
	return c
}

func verifyDirectory(c *cobra.Command, data, format string) error {
	v, err := node.VerifyLog(data)
	if err != nil {
		return err
	}
	out := lister{w: c.OutOrStdout(), format: format}
	for _, d := range v.Damages {
		if err := out.print([]field{{"file", d.File}, {"offset", d.Offset}, {"scn", orNone(d.SCN)}, {"reason", d.Reason}}); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if n := len(v.Damages); n > 0 {
		return fmt.Errorf("damage in the log of %s, at %d places: restore the files that are named from a copy; redoubt inspect FILE shows what is left in one", data, n)
	}
	if format == "table" {
		_, err = fmt.Fprintf(c.OutOrStdout(), "sound: %d sealed segments with %d blocks, and the live log up to SCN %d\n", v.Segments, v.Blocks, v.LastSCN)
	}
	return err
}
