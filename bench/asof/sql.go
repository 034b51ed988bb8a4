package asof

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"redoubt/bench/measure"
)

// sqlRead reads over a connection, with the values in the text; past is the clause behind the table's name.
func sqlRead(ctx context.Context, db *sql.DB, past string) read {
	return func(isPast bool, table string, first, rows int) (version int, err error) {
		clause := ""
		if isPast {
			clause = " " + past
		}
		where := fmt.Sprintf("id = %d", first)
		if rows > 1 {
			where = fmt.Sprintf("id BETWEEN %d AND %d ORDER BY id", first, first+rows-1)
		}
		result, err := db.QueryContext(ctx, "SELECT id, version, filler FROM bench."+table+clause+" WHERE "+where)
		if err != nil {
			return 0, err
		}
		var id int
		var filler sql.RawBytes
		n := 0
		for result.Next() {
			if err := result.Scan(&id, &version, &filler); err != nil {
				return 0, errors.Join(err, result.Close())
			}
			n++
		}
		if err := errors.Join(result.Err(), result.Close()); err != nil {
			return 0, err
		}
		if n != rows {
			return 0, fmt.Errorf("%d rows of %s from %d on, want %d", n, table, first, rows)
		}
		return version, nil
	}
}

// insert adds rows of version 0 and about 200 bytes.
func insert(text measure.Text, table string, first, rows int) string {
	values := make([]string, rows)
	for i := range values {
		values[i] = fmt.Sprintf("(%d,0,'%s')", first+i, text.At(uint64(first+i), fillerBytes))
	}
	return "INSERT INTO bench." + table + " (id, version, filler) VALUES " + strings.Join(values, ",")
}

const fillerBytes = 190
