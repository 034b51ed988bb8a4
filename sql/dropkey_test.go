package sql

import "testing"

// TestDropNeededKey: a primary key stays while a foreign key, of the table or to it, has no other index.
func TestDropNeededKey(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY, x INT)", "CREATE TABLE c (pid INT PRIMARY KEY, x INT, FOREIGN KEY (pid) REFERENCES p (id))",
		"CREATE TABLE s (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES s (id))", "CREATE TABLE free (id INT PRIMARY KEY)",
		"CREATE TABLE two (id INT PRIMARY KEY, x INT, UNIQUE (id))", "CREATE TABLE d (tid INT, FOREIGN KEY (tid) REFERENCES two (id))")
	for _, table := range []string{"p", "c", "s"} {
		r.fails(1553, "ALTER TABLE "+table+" DROP PRIMARY KEY")
	}
	r.fails(1553, "ALTER TABLE p DROP PRIMARY KEY, ADD COLUMN y INT")
	r.exec("INSERT INTO p VALUES (1, 1)", "INSERT INTO c VALUES (1, 1)")
	r.exec("ALTER TABLE free DROP PRIMARY KEY", "ALTER TABLE two DROP PRIMARY KEY", "ALTER TABLE p DROP PRIMARY KEY, ADD PRIMARY KEY (id, x)",
		"ALTER TABLE c ADD KEY (pid)", "ALTER TABLE c DROP PRIMARY KEY", "INSERT INTO c VALUES (1, 2)", "SET foreign_key_checks = 0", "ALTER TABLE s DROP PRIMARY KEY")
}
