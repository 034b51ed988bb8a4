package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"redoubt/node"
)

// listArchived lists the pieces of a repository.
func (s *logSource) listArchived(c *cobra.Command, format string, times bool) error {
	ctx, stop := whileWanted(c.Context())
	defer stop()
	l, err := s.archived(ctx, c.ErrOrStderr())
	if err != nil {
		return err
	}
	pieces, err := node.ArchivedPieces(ctx, l, times)
	if err != nil {
		return err
	}
	out := lister{w: c.OutOrStdout(), format: format}
	for i := range pieces {
		p := &pieces[i]
		kind := "tail"
		if p.Sealed {
			kind = "sealed"
		}
		fields := []field{
			{"object", p.Name},
			{"incarnation", uint64(p.Incarnation)},
			{"kind", kind},
			{"first_scn", uint64(p.First)},
			{"last_scn", uint64(p.Last)},
			{"first_time", nil},
			{"last_time", nil},
			{"transactions", p.Records()},
			{"bytes", p.Bytes},
			{"redo_bytes", nil},
		}
		if p.Fetched {
			fields[5].value, fields[6].value, fields[9].value = p.FirstTime, p.LastTime, p.RawBytes
		}
		if err := out.print(fields); err != nil {
			return err
		}
	}
	return out.end()
}

// verifyArchived verifies the pieces of a repository.
func (s *logSource) verifyArchived(c *cobra.Command, format string) error {
	ctx, stop := whileWanted(c.Context())
	defer stop()
	l, err := s.archived(ctx, c.ErrOrStderr())
	if err != nil {
		return err
	}
	v, err := node.VerifyRepositoryLog(ctx, l)
	if err != nil {
		return err
	}
	out := lister{w: c.OutOrStdout(), format: format}
	for i := range v.Damages {
		if err := out.print(archiveDamageFields(&v.Damages[i])); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if n := v.Problems(); n > 0 {
		return fmt.Errorf("the log in %s is damaged at %d places: redoubt recover --preview tells which points can be reached without what is named", l.Repository, n)
	}
	if format != "table" {
		return nil
	}
	fmt.Fprintf(c.OutOrStdout(), "sound: %d pieces with %d blocks, %d bytes\n", v.Pieces, v.Blocks, v.Bytes)
	for _, w := range v.Whole {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "the log of incarnation %d leads without a gap from SCN %d to %d\n", w.Incarnation, w.SCNs.After+1, w.SCNs.To); err != nil {
			return err
		}
	}
	return nil
}

func archiveDamageFields(d *node.ArchiveDamage) []field {
	kind := "damaged"
	switch {
	case d.LetGo:
		kind = "let go"
	case d.Missing:
		kind = "missing"
	}
	fields := []field{
		{"object", d.Object},
		{"kind", kind},
		{"offset", nil},
		{"scn", orNone(uint64(d.SCN))},
		{"first_scn", uint64(min(d.SCNs.After+1, d.SCNs.To))},
		{"last_scn", uint64(d.SCNs.To)},
		{"reason", d.Reason},
	}
	if d.Offset >= 0 {
		fields[2].value = d.Offset
	}
	return fields
}
