package transfer

import (
	"strconv"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/sql/redosql"
)

// createTable writes the statement that makes a table under a name, without its foreign keys. next is the number that
// AUTO_INCREMENT goes on with.
func createTable(t *catalog.Table, name string, next uint64) string {
	var items []string
	for i := range t.Columns {
		items = append(items, columnText(&t.Columns[i]))
	}
	if len(t.PrimaryKey) > 0 {
		items = append(items, "PRIMARY KEY "+keyText(t, t.PrimaryKey))
	}
	for i := range t.Indexes {
		items = append(items, indexText(t, &t.Indexes[i]))
	}
	for _, c := range t.Checks {
		text := "CONSTRAINT " + quoted(c.Name) + " CHECK (" + c.Expression + ")"
		if !c.Enforced {
			text += " NOT ENFORCED"
		}
		items = append(items, text)
	}
	text := "CREATE TABLE " + name + " (\n  " + strings.Join(items, ",\n  ") + "\n)"
	if next > 1 {
		text += " AUTO_INCREMENT=" + strconv.FormatUint(next, 10)
	}
	return text + collationText(t.Collation) + commentText("=", t.Comment)
}

func collationText(collation string) string {
	id, err := gsql.ParseCollation("", collation, false)
	if collation == "" || err != nil {
		return ""
	}
	return " DEFAULT CHARACTER SET " + id.CharacterSet().Name() + " COLLATE " + id.Name()
}

func commentText(sign, comment string) string {
	if comment == "" {
		return ""
	}
	return " COMMENT" + sign + literal(comment)
}

func columnText(c *catalog.Column) string {
	text := quoted(c.Name) + " " + c.Type
	if c.Generated != "" {
		text += " GENERATED ALWAYS AS (" + c.Generated + ")"
		if c.Virtual {
			text += " VIRTUAL"
		} else {
			text += " STORED"
		}
	}
	if !c.Nullable {
		text += " NOT NULL"
	} else if strings.HasPrefix(strings.ToLower(c.Type), "timestamp") {
		text += " NULL"
	}
	if c.AutoIncrement {
		text += " AUTO_INCREMENT"
	}
	if c.Default != "" {
		text += " DEFAULT " + c.Default
	}
	if c.OnUpdate != "" {
		text += " ON UPDATE " + c.OnUpdate
	}
	return text + commentText(" ", c.Comment)
}

func indexText(t *catalog.Table, x *catalog.Index) string {
	text := "KEY " + quoted(x.Name) + " " + keyText(t, x.Columns)
	if x.Unique {
		text = "UNIQUE " + text
	}
	return text + commentText(" ", x.Comment)
}

func keyText(t *catalog.Table, parts []catalog.IndexColumn) string {
	names := make([]string, len(parts))
	for i, p := range parts {
		if c, ok := t.ColumnByID(p.Column); ok {
			names[i] = quoted(c.Name)
		}
		if p.PrefixLength > 0 {
			names[i] += "(" + strconv.Itoa(p.PrefixLength) + ")"
		}
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// addForeignKey writes the statement that adds a foreign key to a table; without a name the server finds one.
func addForeignKey(table, name string, fk *catalog.ForeignKey, parent string) string {
	text := "ALTER TABLE " + table + " ADD "
	if name != "" {
		text += "CONSTRAINT " + quoted(name) + " "
	}
	text += "FOREIGN KEY (" + quotedList(fk.Columns) + ") REFERENCES " + parent + " (" + quotedList(fk.ParentColumns) + ")"
	for _, action := range [][2]string{{" ON DELETE ", fk.OnDelete}, {" ON UPDATE ", fk.OnUpdate}} {
		if action[1] != "" && action[1] != string(gsql.ForeignKeyReferentialAction_DefaultAction) {
			text += action[0] + action[1]
		}
	}
	return text
}

func quoted(name string) string { return string(redosql.AppendName(nil, name)) }

func quotedList(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quoted(name)
	}
	return strings.Join(list, ", ")
}

func literal(text string) string { return string(redosql.AppendString(nil, []byte(text))) }
