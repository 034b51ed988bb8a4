package sql

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestGroups: rows are in the same group if their values are equal by type and collation, and only then.
func TestGroups(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE g (id INT PRIMARY KEY, b TEXT COLLATE utf8mb4_0900_bin, c TEXT COLLATE utf8mb4_0900_ai_ci, n BIGINT, u BIGINT UNSIGNED, d DECIMAL(6, 2), t DATETIME, f DOUBLE, x VARBINARY(8))",
		"INSERT INTO g VALUES (1, 'a', 'a', -1, 18446744073709551615, 1.50, '2020-01-01', 0.5, 'a')",
		"INSERT INTO g VALUES (2, 'A', 'Á', 255, 255, 1.5, '2020-01-01 00:00:00', 0.5, 'A')",
		"INSERT INTO g VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
		"INSERT INTO g VALUES (4, '<nil>', '<nil>', -1, 0, 2, '2020-01-02', 1, 'a')",
		"INSERT INTO g VALUES (5, NULL, '', 0, 0, 0, '2020-01-02', 0, '')")
	for columns, want := range map[string]string{
		"b":                  "[NULL|2 <nil>|1 A|1 a|1]",
		"c":                  "[NULL|1 |1 <nil>|1 a|2]",
		"n":                  "[NULL|1 -1|2 0|1 255|1]",
		"u":                  "[NULL|1 0|2 255|1 18446744073709551615|1]",
		"d":                  "[NULL|1 0.00|1 1.50|2 2.00|1]",
		"DATE(t)":            "[NULL|1 2020-01-01|2 2020-01-02|2]",
		"f":                  "[NULL|1 0|1 0.5|2 1|1]",
		"HEX(x)":             "[NULL|1 |1 41|1 61|2]",
		"n, c IS NULL":       "[NULL|1|1 -1|0|2 0|0|1 255|0|1]",
		"n > 0, n":           "[NULL|NULL|1 0|-1|2 0|0|1 1|255|1]",
		"CONCAT(b, 1), b, n": "[NULL|NULL|NULL|1 NULL|NULL|0|1 <nil>1|<nil>|-1|1 A1|A|255|1 a1|a|-1|1]",
	} {
		if got := fmt.Sprint(r.rows(fmt.Sprintf("SELECT %s, COUNT(*) FROM g GROUP BY %s ORDER BY 1, 2", columns, columns))); got != want {
			t.Errorf("by %s: %s, want %s", columns, got, want)
		}
	}
}

// TestGroupsOfMany: sums of groups are those of a table of which each row is known.
func TestGroupsOfMany(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE g (id INT PRIMARY KEY, a VARCHAR(9), b INT)")
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 3))
	type group struct {
		a string
		b int
	}
	want := map[group][2]int{}
	for i := range 500 {
		g := group{[]string{"", "1", "12", "x\x00"}[random.IntN(4)], random.IntN(30) - 5}
		r.exec(fmt.Sprintf("INSERT INTO g VALUES (%d, '%s', %d)", i, g.a, g.b))
		want[g] = [2]int{want[g][0] + 1, want[g][1] + i}
	}
	rows, err := r.db.Query("SELECT a, b, COUNT(*), SUM(id) FROM g GROUP BY a, b")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var g group
		var got [2]int
		if err := rows.Scan(&g.a, &g.b, &got[0], &got[1]); err != nil {
			t.Fatal(err)
		}
		if found++; got != want[g] {
			t.Errorf("seed %d: group %+v has %v, want %v", seed, g, got, want[g])
		}
	}
	if err := rows.Err(); err != nil || found != len(want) {
		t.Errorf("seed %d: %d groups, want %d: %v", seed, found, len(want), err)
	}
}
