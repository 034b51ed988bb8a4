package transfer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
)

// object is a view, trigger, procedure or event, as the statement that makes it in the current database.
type object struct {
	kind  catalog.ObjectKind
	name  string
	table string // of a trigger
	text  string
	mode  string // sql_mode in which the text is read
	order int
	since time.Time
}

// kinds are in the order in which they are made: what rows come by no trigger sees.
var kinds = []catalog.ObjectKind{catalog.Procedure, catalog.View, catalog.Trigger, catalog.Event}

// objects lists what a schema has besides tables, in the order in which it is made. What cannot be read has the reason for a text.
func objects(dictionary *catalog.Snapshot, schema string) (list []object) {
	for order, kind := range kinds {
		for _, o := range dictionary.Objects(kind, schema) {
			made, err := objectOf(o)
			if err != nil {
				made = object{text: err.Error()}
			}
			made.kind, made.name, made.order = kind, o.Name, order
			list = append(list, made)
		}
	}
	slices.SortStableFunc(list, func(a, b object) int { return cmp.Or(cmp.Compare(a.order, b.order), a.since.Compare(b.since)) })
	return list
}

// triggerTable finds the table of a trigger.
var triggerTable = regexp.MustCompile("(?is)\\bON\\s+(?:(?:`[^`]+`|[\\w$]+)\\s*\\.\\s*)?(?:`([^`]+)`|([\\w$]+))\\s+FOR\\s+EACH\\b")

func objectOf(o *catalog.Object) (object, error) {
	switch o.Kind {
	case catalog.View:
		v := gsql.ViewDefinition{}
		err := json.Unmarshal([]byte(o.Definition), &v)
		return object{text: "CREATE VIEW " + quoted(o.Name) + " AS " + v.TextDefinition, mode: v.SqlMode}, err
	case catalog.Trigger:
		t := gsql.TriggerDefinition{}
		err := json.Unmarshal([]byte(o.Definition), &t)
		table := ""
		if m := triggerTable.FindStringSubmatch(t.CreateStatement); m != nil {
			table = m[1] + m[2]
		}
		return object{text: t.CreateStatement, table: table, mode: t.SqlMode, since: t.CreatedAt}, err
	case catalog.Procedure:
		p := gsql.StoredProcedureDetails{}
		err := json.Unmarshal([]byte(o.Definition), &p)
		return object{text: p.CreateStatement, mode: p.SqlMode}, err
	case catalog.Event:
		e := gsql.EventDefinition{}
		err := json.Unmarshal([]byte(o.Definition), &e)
		return object{text: e.CreateEventStatement(), mode: e.SqlMode}, err
	}
	return object{}, fmt.Errorf("unknown kind %s", o.Kind)
}

// names tells whether a text may name a schema: a word of that name with a point behind it.
func names(text, schema string) bool {
	word := regexp.QuoteMeta(schema)
	return regexp.MustCompile("(?i)(?:`" + word + "`|(?:^|[^\\w$`])" + word + ")\\s*\\.").MatchString(text)
}
