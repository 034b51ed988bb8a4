package storage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/sqlparser"

	"redoubt/engine/catalog"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// putObject stores the definition of an object under a name. definition is written as JSON; its field names are
// those of the SQL engine's types and so part of the format.
func (d *Database) putObject(ctx *gsql.Context, kind catalog.ObjectKind, name string, definition any) error {
	t, schema, err := d.change(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(definition)
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return engineError(t.PutObject(&catalog.Object{Kind: kind, Schema: schema.ID, Name: name, Definition: string(text)}))
}

// dropObject removes an object; it tells whether there was one.
func (d *Database) dropObject(ctx *gsql.Context, kind catalog.ObjectKind, name string) (bool, error) {
	t, schema, err := d.change(ctx)
	if err != nil {
		return false, err
	}
	o, ok := t.Catalog().Object(kind, d.name, name)
	if !ok {
		return false, nil
	}
	return true, engineError(t.DropObject(kind, schema.ID, o.Name))
}

// object reads an object's definition into out; it tells whether there is one.
func (d *Database) object(ctx *gsql.Context, kind catalog.ObjectKind, name string, out any) (bool, error) {
	snapshot, err := d.store.catalogOf(ctx)
	if err != nil {
		return false, err
	}
	o, ok := snapshot.Object(kind, d.name, name)
	if !ok {
		return false, nil
	}
	return true, decodeObject(o, out)
}

func decodeObject(o *catalog.Object, out any) error {
	if err := json.Unmarshal([]byte(o.Definition), out); err != nil {
		return fmt.Errorf("definition of %s %s: %w", o.Kind, o.Name, err)
	}
	return nil
}

// TriggeredTable reads the name of the table that a trigger is of out of its text; an error if that is none of a trigger.
func TriggeredTable(t *gsql.TriggerDefinition) (string, error) {
	parsed, err := gsql.GlobalParser.ParseSimple(t.CreateStatement)
	if err != nil {
		return "", err
	}
	ddl, ok := parsed.(*sqlparser.DDL)
	if !ok {
		return "", fmt.Errorf("it is no trigger: %s", t.CreateStatement)
	}
	return ddl.Table.Name.String(), nil
}

// TriggerOf reads the stored definition of a trigger.
func TriggerOf(definition string) (t gsql.TriggerDefinition, err error) {
	return t, json.Unmarshal([]byte(definition), &t)
}

// objectsOf reads the definitions of all objects of a kind.
func objectsOf[T any](ctx *gsql.Context, d *Database, kind catalog.ObjectKind) ([]T, error) {
	snapshot, err := d.store.catalogOf(ctx)
	if err != nil {
		return nil, err
	}
	objects := snapshot.Objects(kind, d.name)
	if len(objects) == 0 {
		return nil, nil
	}
	out := make([]T, len(objects))
	for i, o := range objects {
		if err := decodeObject(o, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CreateView implements gsql.ViewDatabase.
func (d *Database) CreateView(ctx *gsql.Context, name, selectStatement, createStatement string) error {
	exists, err := d.object(ctx, catalog.View, name, &gsql.ViewDefinition{})
	if err != nil {
		return err
	}
	if exists {
		return gsql.ErrExistingView.New(d.name, name)
	}
	err = d.putObject(ctx, catalog.View, name, gsql.ViewDefinition{
		Name: name, TextDefinition: selectStatement, CreateViewStatement: createStatement,
		SqlMode: gsql.LoadSqlMode(ctx).String(),
	})
	if err != nil {
		return err
	}
	snapshot, err := d.store.catalogOf(ctx)
	if err != nil {
		return err
	}
	return d.store.views.check(snapshot, d.name, name)
}

// DropView implements gsql.ViewDatabase.
func (d *Database) DropView(ctx *gsql.Context, name string) error {
	found, err := d.dropObject(ctx, catalog.View, name)
	if err == nil && !found {
		return gsql.ErrViewDoesNotExist.New(d.name, name)
	}
	return err
}

// GetViewDefinition implements gsql.ViewDatabase. For a view AS OF a point it gives the definition of that point, whose
// tables and views are read there, too.
func (d *Database) GetViewDefinition(ctx *gsql.Context, name string) (v gsql.ViewDefinition, found bool, err error) {
	session, err := sessionOf(ctx)
	if err != nil {
		return v, false, err
	}
	ofVersions := session.point != nil && session.point.Kind == parser.Between
	if ofVersions {
		session.point = nil
	}
	if point := session.point; point != nil && point.Kind != parser.Present && point.Kind != parser.Unbound && !point.SchemaNow {
		session.point = nil
		return d.pastDefinition(ctx, name, *point)
	}
	snapshot, err := d.store.catalogOf(ctx)
	if err != nil {
		return v, false, err
	}
	o, found := snapshot.Object(catalog.View, d.name, name)
	switch {
	case !found:
		return v, false, nil
	case ofVersions:
		return v, false, sqlcode.New(sqlcode.IDVersionsOf, "the view "+name)
	}
	if err := d.store.views.check(snapshot, d.name, name); err != nil {
		return v, false, err
	}
	return v, true, decodeObject(o, &v)
}

func (d *Database) pastDefinition(ctx *gsql.Context, name string, point parser.AsOf) (v gsql.ViewDefinition, found bool, err error) {
	past, err := d.pastView(ctx, point)
	if err != nil {
		return v, false, err
	}
	o, ok := past.Catalog().Object(catalog.View, d.name, name)
	if !ok {
		return v, false, nil
	}
	if err := new(soundViews).check(past.Catalog(), d.name, name); err != nil {
		return v, false, err
	}
	if err := decodeObject(o, &v); err != nil {
		return v, false, err
	}
	v.CreateViewStatement = parser.PastDefinition(v.CreateViewStatement, uint64(past.Snapshot()))
	return v, true, nil
}

// AllViews implements gsql.ViewDatabase.
func (d *Database) AllViews(ctx *gsql.Context) ([]gsql.ViewDefinition, error) {
	return objectsOf[gsql.ViewDefinition](ctx, d, catalog.View)
}

// GetTriggers implements gsql.TriggerDatabase: in the order of their creation, in which they fire.
func (d *Database) GetTriggers(ctx *gsql.Context) ([]gsql.TriggerDefinition, error) {
	all, err := objectsOf[gsql.TriggerDefinition](ctx, d, catalog.Trigger)
	slices.SortStableFunc(all, func(a, b gsql.TriggerDefinition) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all, err
}

// CreateTrigger implements gsql.TriggerDatabase.
func (d *Database) CreateTrigger(ctx *gsql.Context, definition gsql.TriggerDefinition) error {
	t, _, err := d.change(ctx)
	if err != nil {
		return err
	}
	if name, err := TriggeredTable(&definition); err == nil {
		if def, ok := t.Catalog().Table(d.name, name); ok {
			t.ClaimDefinition(def.ID) // who drops it, or gives it another name, knows of the trigger
		}
	}
	return d.putObject(ctx, catalog.Trigger, definition.Name, definition)
}

// DropTrigger implements gsql.TriggerDatabase.
func (d *Database) DropTrigger(ctx *gsql.Context, name string) error {
	found, err := d.dropObject(ctx, catalog.Trigger, name)
	if err == nil && !found {
		return gsql.ErrTriggerDoesNotExist.New(name)
	}
	return err
}

// GetStoredProcedure implements gsql.StoredProcedureDatabase.
func (d *Database) GetStoredProcedure(ctx *gsql.Context, name string) (p gsql.StoredProcedureDetails, found bool, err error) {
	found, err = d.object(ctx, catalog.Procedure, name, &p)
	return p, found, err
}

// GetStoredProcedures implements gsql.StoredProcedureDatabase.
func (d *Database) GetStoredProcedures(ctx *gsql.Context) ([]gsql.StoredProcedureDetails, error) {
	return objectsOf[gsql.StoredProcedureDetails](ctx, d, catalog.Procedure)
}

// SaveStoredProcedure implements gsql.StoredProcedureDatabase.
func (d *Database) SaveStoredProcedure(ctx *gsql.Context, p gsql.StoredProcedureDetails) error {
	exists, err := d.object(ctx, catalog.Procedure, p.Name, &gsql.StoredProcedureDetails{})
	if err != nil {
		return err
	}
	if exists {
		return gsql.ErrStoredProcedureAlreadyExists.New(p.Name)
	}
	return d.putObject(ctx, catalog.Procedure, p.Name, p)
}

// DropStoredProcedure implements gsql.StoredProcedureDatabase.
func (d *Database) DropStoredProcedure(ctx *gsql.Context, name string) error {
	found, err := d.dropObject(ctx, catalog.Procedure, name)
	if err == nil && !found {
		return gsql.ErrStoredProcedureDoesNotExist.New(name)
	}
	return err
}

// GetEvent implements gsql.EventDatabase.
func (d *Database) GetEvent(ctx *gsql.Context, name string) (e gsql.EventDefinition, found bool, err error) {
	found, err = d.object(ctx, catalog.Event, name, &e)
	return e, found, err
}

// GetEvents implements gsql.EventDatabase. The token is the SCN of the newest dictionary seen.
func (d *Database) GetEvents(ctx *gsql.Context) ([]gsql.EventDefinition, any, error) {
	events, err := objectsOf[gsql.EventDefinition](ctx, d, catalog.Event)
	slices.SortFunc(events, func(a, b gsql.EventDefinition) int { return cmp.Compare(a.Name, b.Name) })
	return events, d.store.engine.Catalog().SCN(), err
}

// SaveEvent implements gsql.EventDatabase.
func (d *Database) SaveEvent(ctx *gsql.Context, e gsql.EventDefinition) (bool, error) {
	exists, err := d.object(ctx, catalog.Event, e.Name, &gsql.EventDefinition{})
	if err != nil {
		return false, err
	}
	if exists {
		return false, gsql.ErrEventAlreadyExists.New(e.Name)
	}
	return isEnabled(e), d.putObject(ctx, catalog.Event, e.Name, e)
}

// DropEvent implements gsql.EventDatabase.
func (d *Database) DropEvent(ctx *gsql.Context, name string) error {
	found, err := d.dropObject(ctx, catalog.Event, name)
	if err == nil && !found {
		return gsql.ErrEventDoesNotExist.New(name)
	}
	return err
}

// UpdateEvent implements gsql.EventDatabase.
func (d *Database) UpdateEvent(ctx *gsql.Context, originalName string, e gsql.EventDefinition) (bool, error) {
	if catalog.Fold(originalName) != catalog.Fold(e.Name) {
		taken, err := d.object(ctx, catalog.Event, e.Name, &gsql.EventDefinition{})
		if err != nil {
			return false, err
		}
		if taken {
			return false, gsql.ErrEventAlreadyExists.New(e.Name)
		}
	}
	found, err := d.dropObject(ctx, catalog.Event, originalName)
	if err != nil {
		return false, err
	}
	if !found {
		return false, gsql.ErrEventDoesNotExist.New(originalName)
	}
	return isEnabled(e), d.putObject(ctx, catalog.Event, e.Name, e)
}

// UpdateLastExecuted implements gsql.EventDatabase.
func (d *Database) UpdateLastExecuted(ctx *gsql.Context, name string, lastExecuted time.Time) error {
	var e gsql.EventDefinition
	found, err := d.object(ctx, catalog.Event, name, &e)
	if err != nil {
		return err
	}
	if !found {
		return gsql.ErrEventDoesNotExist.New(name)
	}
	e.LastExecuted = lastExecuted
	return d.putObject(ctx, catalog.Event, e.Name, e)
}

// NeedsToReloadEvents implements gsql.EventDatabase.
func (d *Database) NeedsToReloadEvents(_ *gsql.Context, token any) (bool, error) {
	return token != any(d.store.engine.Catalog().SCN()), nil
}

func isEnabled(e gsql.EventDefinition) bool { return e.Status == gsql.EventStatus_Enable.String() }
