package vview

import gsql "github.com/dolthub/go-mysql-server/sql"

// Parameter is one setting of the server.
type Parameter struct {
	Name    string // of the flag and of the key in the file
	Value   string // in force
	Default string
	Unit    string
	Source  string // default, file or flag
	Help    string
}

// Parameters is V$PARAMETER: every setting.
func Parameters(list func() []Parameter) *View {
	columns := []Column{
		{"name", textType, "name of the flag, and of the key in the configuration file"},
		{"value", textType, "value in force"},
		{"default_value", textType, "value if nothing is said"},
		{"is_default", boolType, "1 if nothing was said"},
		{"unit", textType, "bytes, duration, list, or nothing"},
		{"source", textType, "default, flag, or the file that says it"},
		{"description", textType, "what it does"},
	}
	return New("V$PARAMETER", "settings of this server", columns, func(*gsql.Context) ([]gsql.Row, error) {
		var rows []gsql.Row
		for _, p := range list() {
			rows = append(rows, gsql.Row{p.Name, p.Value, p.Default, yesNo(p.Source == "" || p.Source == "default"), p.Unit, p.Source, p.Help})
		}
		return rows, nil
	})
}
