package sql

import "testing"

// Dates and times stand in JSON documents as MySQL writes them.
func TestTimesInJSON(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, d DATE, at DATETIME(3), span TIME)",
		"INSERT INTO t VALUES (1, '2020-01-02', '2020-01-02 03:04:05.678', '10:11:12'), (2, NULL, NULL, NULL)")
	r.want("SELECT JSON_OBJECT('d', d, 'at', at, 'span', span) FROM t ORDER BY id",
		`{"d": "2020-01-02", "at": "2020-01-02 03:04:05.678000", "span": "10:11:12.000000"}`, `{"d": null, "at": null, "span": null}`)
	r.want("SELECT JSON_ARRAYAGG(d), JSON_OBJECTAGG(id, span) FROM t", `["2020-01-02", null]|{"1": "10:11:12.000000", "2": null}`)
	r.want("SELECT JSON_OBJECT(DATE('1981-02-16'), 10), JSON_SET('{}', '$.a', TIMESTAMP('2020-01-01'))",
		`{"1981-02-16": 10}|{"a": "2020-01-01 00:00:00.000000"}`)
}

// TestJSONFromEnd: [last] and [last-n] are places counted from the end.
func TestJSONFromEnd(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, j JSON, p VARCHAR(20), l INT AS (j -> '$.a[last]'))",
		`INSERT INTO t (id, j, p) VALUES (1, '{"a": [1, 2, 3]}', '$.a[last - 2]'), (2, '{"last": [7]}', '$.last[last]')`,
		"CREATE VIEW v AS SELECT id, j ->> '$.a[last-1]' AS x FROM t")
	r.want("SELECT j -> '$.a[last]', j ->> '$.a[last-1]', JSON_EXTRACT(j, '$.a[last-3]'), JSON_EXTRACT(j, p), l FROM t ORDER BY id", "3|2|NULL|1|3", "NULL|NULL|NULL|7|NULL")
	r.want("SELECT x FROM v ORDER BY id", "2", "NULL")
	if got := r.rows("SELECT JSON_EXTRACT(j, ?) FROM t WHERE id = ?", "$.a[last]", 1); len(got) != 1 || got[0] != "3" {
		t.Errorf("prepared: %q, want 3", got)
	}
	r.want(`SELECT JSON_LENGTH('[1, [2, 3]]', '$[last]'), JSON_CONTAINS('[1, 2]', '2', '$[last]'), JSON_CONTAINS_PATH('[1]', 'one', '$[last-1]'),
		JSON_KEYS('[{"a": [1]}]', '$[last]'), JSON_VALUE('[1, 2]', '$[last]'), JSON_EXTRACT('[[1], [2, [3, 4]]]', '$[last][last][last-1]')`, `2|1|0|["a"]|2|3`)
	r.want("SHOW CREATE VIEW v", "v|CREATE VIEW `v` AS SELECT id, j ->> '$.a[last-1]' AS x FROM t|utf8mb4|utf8mb4_0900_ai_ci")
	r.restart()
	r.exec(`INSERT INTO t (id, j) VALUES (3, '{"a": [4, 5]}')`)
	r.want("SELECT l FROM t WHERE id = 3", "5")
}

// TestJSONValue: the text of a value has no quotes; arrays, objects and null have none.
func TestJSONValue(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, j JSON)", `INSERT INTO t VALUES (1, '{"s": "it\\"s", "n": 1.5, "b": true, "z": null, "a": [1]}')`)
	r.want("SELECT JSON_VALUE(j, '$.s'), JSON_VALUE(j, '$.n'), JSON_VALUE(j, '$.b'), JSON_VALUE(j, '$.z'), JSON_VALUE(j, '$.a'), JSON_VALUE(j, '$.gone'), JSON_VALUE(NULL, '$') FROM t",
		`it"s|1.5|true|NULL|NULL|NULL|NULL`)
	r.want(`SELECT id FROM t WHERE JSON_VALUE(j, '$.s') = 'IT"S' AND JSON_VALUE(j, '$.n') > 1`, "1")
}
