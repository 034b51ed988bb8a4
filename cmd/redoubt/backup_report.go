package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/backup/catalog"
	"redoubt/backup/path"
	"redoubt/backup/retention"
)

// reports are the kinds of redoubt backup report.
var reports = map[string]func(k *catalog.Catalog, o *reportOptions) (*listing, error){
	"need-backup":    reportNeed,
	"obsolete":       reportObsolete,
	"unrecoverable":  reportUnrecoverable,
	"storage":        reportStorage,
	"compliance":     reportCompliance,
	"recoverability": reportRecoverability,
}

type reportOptions struct{ older retention.Span }

func backupReportCommand() *cobra.Command {
	names := []string{"need-backup", "obsolete", "unrecoverable", "storage", "compliance", "recoverability"}
	older := ""
	c := &cobra.Command{
		Use: "report " + strings.Join(names, "|"), Short: "Answer a question about the backups of a repository",
		Long: "need-backup: is the newest usable backup too old, or are there fewer than the policy wants? obsolete: what does the policy not\n" +
			"need? unrecoverable: which SCNs cannot be reached, and which backups not be used? storage: what takes how much?\n" +
			"compliance: is each rule of the policy fulfilled? recoverability: from where is each SCN reached, and how long would it take?",
		Args: cobra.ExactArgs(1), ValidArgs: names,
	}
	c.Flags().StringVar(&older, "older-than", "1d", "need-backup: how old the newest backup may be")
	format := listingFormat(c)
	return catalogCommand(c, func(c *cobra.Command, k *catalog.Catalog, args []string) (err error) {
		report, ok := reports[args[0]]
		if !ok {
			return fmt.Errorf("there is no report %q: it is one of %s", args[0], strings.Join(names, ", "))
		}
		o := &reportOptions{}
		if o.older, err = retention.ParseSpan(older); err != nil {
			return err
		}
		l, err := report(k, o)
		if err != nil {
			return err
		}
		return l.print(c, *format)
	})
}

func reportNeed(k *catalog.Catalog, o *reportOptions) (*listing, error) {
	l := newListing("why", "newest_backup", "made", "#log_bytes_behind_it")
	newest := k.NewestUsable()
	if newest == nil {
		l.add("there is no backup that can be used", "", time.Time{}, nil)
		return l, nil
	}
	behind := int64(0)
	tip, _ := k.Map.Newest(0)
	if way, err := k.Map.Find(tip); err == nil {
		behind = way.LogBytes()
	}
	if age := k.Loaded.Sub(newest.Finished); age > time.Duration(o.older) {
		l.add(fmt.Sprintf("the newest backup is older than %s", o.older), newest.ID, newest.Finished, behind)
	}
	usable := 0
	for i := range k.Entries {
		if e := &k.Entries[i]; e.Problem == "" && e.HasState() && k.Map.On(tip.Incarnation, &e.Manifest) {
			usable++
		}
	}
	if want := max(k.Policy.Redundancy, k.Policy.Floor()); usable < want {
		l.add(fmt.Sprintf("there are %d backups that can be used, the policy wants %d", usable, want), newest.ID, newest.Finished, behind)
	}
	return l, nil
}

func reportObsolete(k *catalog.Catalog, _ *reportOptions) (*listing, error) {
	l := newListing("what", "#incarnation", "#first_scn", "#last_scn", "#bytes")
	for i := range k.Entries {
		if e := &k.Entries[i]; k.Decision.Backups[e.ID] != nil && !k.Decision.Backups[e.ID].Keep() {
			l.add("backup "+e.ID, e.Incarnation, e.SCN, e.SCN, e.Bytes())
		}
	}
	for _, p := range k.Pieces {
		if v := k.Decision.Pieces[p.Name]; v != nil && !v.Keep() {
			l.add(p.Name, p.Incarnation, p.First, p.Last, p.Bytes)
		}
	}
	return l, nil
}

func reportUnrecoverable(k *catalog.Catalog, _ *reportOptions) (*listing, error) {
	l := newListing("what", "#incarnation", "#first_scn", "#last_scn", "promised", "why")
	for i := range k.Entries {
		if e := &k.Entries[i]; e.Problem != "" {
			l.add("backup "+e.ID, e.Incarnation, e.SCN, e.SCN, "", string(e.State)+": "+e.Problem)
		}
	}
	for _, i := range k.Map.Incarnations() {
		ranges, err := k.Map.Ranges(i)
		if err != nil {
			return nil, err
		}
		for _, r := range ranges {
			if r.Gap != nil {
				l.add("SCNs", i, r.SCNs.After+1, r.SCNs.To, k.Promised(i, r.SCNs), r.Gap.Error())
			}
		}
	}
	return l, nil
}

func reportStorage(k *catalog.Catalog, _ *reportOptions) (*listing, error) {
	l := newListing("what", "#objects", "#bytes")
	users := map[string]int{}
	for i := range k.Entries {
		for j := range k.Entries[i].Files {
			users[k.Entries[i].Files[j].Object()]++
		}
	}
	sum := func(what string, counts func(name string) bool) {
		n, bytes := 0, int64(0)
		for name, size := range k.Files {
			if counts(name) {
				n, bytes = n+1, bytes+size
			}
		}
		l.add(what, n, bytes)
	}
	sum("files of backups", func(name string) bool { return users[name] > 0 })
	sum("files that no backup names", func(name string) bool { return users[name] == 0 })
	for _, sealed := range []bool{true, false} {
		n, bytes := 0, int64(0)
		for i := range k.Pieces {
			if k.Pieces[i].Sealed == sealed {
				n, bytes = n+1, bytes+k.Pieces[i].Bytes
			}
		}
		l.add(map[bool]string{true: "log, sealed", false: "log, the tail"}[sealed], n, bytes)
	}
	for i := range k.Entries {
		e := &k.Entries[i]
		n, bytes := 0, int64(0)
		for j := range e.Files {
			if users[e.Files[j].Object()] == 1 {
				n, bytes = n+1, bytes+e.Files[j].Bytes
			}
		}
		l.add("only of backup "+e.ID, n, bytes)
	}
	return l, nil
}

func reportCompliance(k *catalog.Catalog, _ *reportOptions) (*listing, error) {
	l := newListing("promise", "#incarnation", "#first_scn", "#last_scn", "fulfilled", "missing")
	proof, err := retention.Prove(k.Map, k.Map, k.Decision.Promises)
	if err != nil {
		return nil, err
	}
	for _, p := range proof {
		fulfilled, missing := "yes", ""
		if len(p.Unreachable) > 0 {
			fulfilled = "no"
			for _, r := range p.Unreachable {
				missing = strings.TrimPrefix(fmt.Sprintf("%s, SCN %d to %d", missing, r.After+1, r.To), ", ")
			}
		}
		l.add(p.By, p.Incarnation, p.SCNs.After+1, p.SCNs.To, fulfilled, missing)
	}
	usable := slices.DeleteFunc(slices.Clone(k.Entries), func(e catalog.Entry) bool { return e.Problem != "" || !e.HasState() })
	if want := k.Policy.Redundancy; len(usable) < want {
		l.add(fmt.Sprintf("redundancy %d", want), nil, nil, nil, "no", fmt.Sprintf("%d backups", want-len(usable)))
	}
	return l, nil
}

func reportRecoverability(k *catalog.Catalog, _ *reportOptions) (*listing, error) {
	l := newListing("#incarnation", "#first_scn", "#last_scn", "reachable", "from", "#bytes", "predicted", "promised", "gap")
	for _, i := range k.Map.Incarnations() {
		ranges, err := k.Map.Ranges(i)
		if err != nil {
			return nil, err
		}
		for _, r := range ranges {
			l.add(rangeRow(k, &r)...)
		}
	}
	return l, nil
}

func rangeRow(k *catalog.Catalog, r *path.Range) []any {
	promised := k.Promised(r.Incarnation, r.SCNs)
	if r.Gap != nil {
		return []any{r.Incarnation, r.SCNs.After + 1, r.SCNs.To, "no", nil, nil, nil, promised, r.Gap.Error()}
	}
	from := "the first commit"
	if r.Base != "" {
		from = "backup " + r.Base
	}
	return []any{r.Incarnation, r.SCNs.After + 1, r.SCNs.To, "yes", from, r.Bytes, roundUp(r.Time).String(), promised, nil}
}
