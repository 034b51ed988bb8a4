package function

import (
	"fmt"
	"strings"
	"testing"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// BenchmarkRewrite measures what the pass costs beside reading the statement.
func BenchmarkRewrite(b *testing.B) {
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = fmt.Sprintf("(%d, 'name %d', -1.5, NULL)", i, i)
	}
	for name, text := range map[string]string{
		"point":  "SELECT id, name, price FROM product WHERE id = 5",
		"insert": "INSERT INTO product VALUES " + strings.Join(rows, ","),
		"report": "SELECT a.g, SUM(a.x * b.y) / COUNT(*) FROM a JOIN b ON a.id = b.a_id WHERE a.d >= NOW() - INTERVAL 1 DAY GROUP BY a.g HAVING SUM(a.x) > 10 ORDER BY 2",
	} {
		b.Run(name+"/parse", func(b *testing.B) {
			for b.Loop() {
				if _, err := ast.Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/rewrite", func(b *testing.B) {
			r := NewRewriter()
			tree, err := ast.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				r.Rewrite(tree)
			}
		})
	}
}
