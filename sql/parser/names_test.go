package parser

import (
	"strings"
	"testing"

	"github.com/dolthub/go-mysql-server/sql"
	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// Every word that MySQL takes as a name is one here, wherever a name may stand.
func TestWordsAsNames(t *testing.T) {
	p := New(Options{})
	statements := []string{
		"create table t1 (% int, i int)", "create table t2 (x int, primary key (%))", "create table t3 (x int, foreign key (%) references p (%))",
		"create table t3 (x int, constraint % foreign key (x) references % (id))", "create table t3 (x int, unique key % (x))", "create index % on % (%)",
		"select id as % from p", "select % from c", "select c.% from c c", "select 1 from %", "insert into % (%) values (1)", "update % set % = 2 where % = 3",
		"select 1 from c where % = 1 order by %", "alter table p add column % int", "alter table p drop column %", "alter table p rename column % to y",
		"alter table p modify column % int", "alter table p change column % y int", "alter table p drop index %", "select 1 from p as %",
		"create table % (% int)", "drop table %", "delete from %", "select %.% from %", "create database %",
	}
	for word := range names {
		for _, s := range statements {
			text, quoted := strings.ReplaceAll(s, "%", word), strings.ReplaceAll(s, "%", "`"+word+"`")
			tree, err := p.ParseSimple(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			want, err := p.ParseSimple(quoted)
			if err != nil {
				t.Fatalf("%s: %v", quoted, err)
			}
			if got, want := ast.String(tree), ast.String(want); !strings.EqualFold(got, want) {
				t.Errorf("%s is read as %s, want %s", text, got, want)
			}
		}
	}
}

// What is no name stays an error, in the words of the first complaint; a client's text is kept as it was written.
func TestWordsThatAreNoNames(t *testing.T) {
	p := New(Options{})
	for _, text := range []string{
		"select id from from account", "create index comment on", "create table t (account int, foreign key account references p (id)", "select 1 account account",
		"account",
	} {
		_, err := p.ParseSimple(text)
		_, plain := ast.Parse(text)
		if err == nil || plain == nil || err.Error() != plain.Error() {
			t.Errorf("%s: got %v, want %v", text, err, plain)
		}
	}
	text := "create view v as select 1 as a from account comment"
	tree, kept, _, err := p.Parse(sql.NewEmptyContext(), text, false)
	if err != nil || kept != text {
		t.Fatalf("%s: %q, %v", text, kept, err)
	}
	ddl := tree.(*ast.DDL)
	if body := kept[ddl.SubStatementPositionStart:ddl.SubStatementPositionEnd]; body != "select 1 as a from account comment" {
		t.Errorf("the view's text is %q", body)
	}
}
