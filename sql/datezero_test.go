package sql

import "testing"

// A date that is compared with a number which no date has is a number, too: at > 0 asks for a date that is there.
func TestDatesAgainstNumbers(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, d DATE, at DATETIME)", "INSERT INTO t VALUES (1, '2020-01-02', '2020-01-02 10:00:00'), (2, NULL, NULL)")
	for _, condition := range []string{
		"d > 0", "at > 0", "0 < at", "at >= 1", "d <> 0", "at > 20190101.5", "d = 20200102", "at = 20200102100000", "at < 20210101",
	} {
		r.want("SELECT id FROM t WHERE "+condition, "1")
	}
	for _, condition := range []string{"d = 0", "at < 0", "at = 1", "at > 20210101"} {
		r.want("SELECT id FROM t WHERE " + condition)
	}
	r.exec("UPDATE t SET at = '2021-01-01' WHERE d > 0", "DELETE FROM t WHERE at > 0")
	r.want("SELECT id FROM t", "2")
}
