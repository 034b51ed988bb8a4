package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/txn"
)

// variablesControl names the control value that holds persisted system variables: a JSON object of texts.
const variablesControl = "variables"

// PersistGlobal implements gsql.PersistableSession.
func (s *Session) PersistGlobal(ctx *gsql.Context, name string, value any) error {
	variable, _, ok := gsql.SystemVariables.GetGlobal(name)
	if !ok {
		return gsql.ErrUnknownSystemVariable.New(name)
	}
	converted, _, err := variable.GetType().Convert(ctx, value)
	if err != nil {
		return err
	}
	return s.store.changeVariables(ctx, func(all map[string]string) {
		all[strings.ToLower(name)] = fmt.Sprint(converted)
	})
}

// RemovePersistedGlobal implements gsql.PersistableSession.
func (s *Session) RemovePersistedGlobal(name string) error {
	if _, _, ok := gsql.SystemVariables.GetGlobal(name); !ok {
		return gsql.ErrUnknownSystemVariable.New(name)
	}
	return s.store.changeVariables(nil, func(all map[string]string) { delete(all, strings.ToLower(name)) })
}

// RemoveAllPersistedGlobals implements gsql.PersistableSession.
func (s *Session) RemoveAllPersistedGlobals() error {
	return s.store.changeVariables(nil, func(all map[string]string) { clear(all) })
}

// GetPersistedValue implements gsql.PersistableSession.
func (s *Session) GetPersistedValue(name string) (any, error) {
	all, err := s.store.PersistedVariables()
	if err != nil {
		return nil, err
	}
	if v, ok := all[strings.ToLower(name)]; ok {
		return v, nil
	}
	return nil, nil
}

// PersistedVariables gives the system variables that SET PERSIST kept, as texts.
func (s *Store) PersistedVariables() (map[string]string, error) {
	t := s.engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	return readVariables(t)
}

func readVariables(t *txn.Txn) (map[string]string, error) {
	all := map[string]string{}
	raw, found, err := t.GetControl(variablesControl)
	if err != nil || !found {
		return all, engineError(err)
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("persisted variables: %w", err)
	}
	return all, nil
}

// changeVariables changes the persisted variables in a transaction of its own.
func (s *Store) changeVariables(ctx *gsql.Context, edit func(all map[string]string)) error {
	return s.changeControl(ctx, variablesControl, func(t *txn.Txn) ([]byte, error) {
		all, err := readVariables(t)
		if err != nil {
			return nil, err
		}
		edit(all)
		return json.Marshal(all)
	})
}

// changeControl sets a control value in a transaction of its own, again and again until nobody is in the way.
func (s *Store) changeControl(ctx *gsql.Context, name string, value func(t *txn.Txn) ([]byte, error)) error {
	for {
		t := s.engine.Begin(txn.Options{Isolation: txn.RepeatableRead})
		t.StartStatement(0, "")
		raw, err := value(t)
		if err == nil {
			err = t.PutControl(name, raw)
		}
		if err != nil {
			t.Rollback()
			return engineError(err)
		}
		if _, err = t.Commit(background(ctx)); !errors.Is(err, txn.ErrConflict) {
			return engineError(err)
		}
	}
}

// PutControl sets a control value, such as the privileges, in a transaction of its own.
func (s *Store) PutControl(ctx *gsql.Context, name string, value []byte) error {
	return s.changeControl(ctx, name, func(*txn.Txn) ([]byte, error) { return value, nil })
}

// Control reads a control value; nil if it was never set.
func (s *Store) Control(name string) ([]byte, error) {
	t := s.engine.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	raw, _, err := t.GetControl(name)
	return raw, engineError(err)
}
