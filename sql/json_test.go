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
