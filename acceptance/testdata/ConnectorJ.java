import java.math.BigDecimal;
import java.sql.*;
import java.util.*;

/** What an application with MariaDB Connector/J does. Argument: port. Prints what it sees, which another server must print, too. */
public class ConnectorJ {
    static String port;

    static Connection connect(String database, String options) throws SQLException {
        return DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + port + "/" + database + "?user=root&serverTimezone=UTC" + options);
    }

    interface Work { void run() throws Exception; }

    static String error(Work w) throws Exception {
        try {
            w.run();
        } catch (SQLException e) {
            return e.getErrorCode() + " " + e.getSQLState();
        }
        return "no error";
    }

    static String rows(ResultSet r) throws SQLException {
        StringBuilder b = new StringBuilder();
        int n = r.getMetaData().getColumnCount();
        while (r.next()) {
            b.append('(');
            for (int i = 1; i <= n; i++) b.append(i > 1 ? ", " : "").append(r.getString(i));
            b.append(')');
        }
        r.close();
        return b.toString();
    }

    static String ask(Connection c, String query) throws SQLException {
        try (Statement s = c.createStatement()) {
            return rows(s.executeQuery(query));
        }
    }

    public static void main(String[] args) throws Exception {
        port = args[0];
        try (Connection c = connect("", ""); Statement s = c.createStatement()) {
            s.execute("DROP DATABASE IF EXISTS japp");
            s.execute("CREATE DATABASE japp CHARACTER SET utf8mb4");
        }
        for (String options : new String[] {"", "&useServerPrepStmts=true"}) {
            System.out.println("options " + options);
            try (Connection c = connect("japp", options)) {
                schema(c);
                values(c);
                batches(c);
                transactions(c, options);
                errors(c);
                metadata(c);
                cursors(c);
                savepoints(c);
            }
        }
        retries();
        System.out.println("all well");
    }

    static void schema(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("DROP TABLE IF EXISTS line");
            s.execute("DROP TABLE IF EXISTS account");
            s.execute("CREATE TABLE account (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) NOT NULL, balance DECIMAL(12,2) NOT NULL DEFAULT 0,"
                + " opened DATE, at DATETIME(3), stamp TIMESTAMP NULL, hour TIME, active BOOLEAN, big BIGINT UNSIGNED, ratio DOUBLE, data VARBINARY(300),"
                + " note LONGTEXT, KEY by_name (name))");
            s.execute("CREATE TABLE line (account INT NOT NULL, n INT NOT NULL, amount DECIMAL(12,2), PRIMARY KEY (account, n),"
                + " CONSTRAINT of_account FOREIGN KEY (account) REFERENCES account (id) ON DELETE CASCADE ON UPDATE RESTRICT)");
        }
    }

    static void values(Connection c) throws SQLException {
        try (PreparedStatement p = c.prepareStatement("INSERT INTO account (name, balance, opened, at, stamp, hour, active, big, ratio, data, note)"
                + " VALUES (?,?,?,?,?,?,?,?,?,?,?)", Statement.RETURN_GENERATED_KEYS)) {
            p.setString(1, "Zoë \"x\" \\ '🚀'");
            p.setBigDecimal(2, new BigDecimal("12345678.90"));
            p.setDate(3, java.sql.Date.valueOf("2024-02-29"));
            p.setTimestamp(4, Timestamp.valueOf("2024-02-29 12:34:56.789"));
            p.setTimestamp(5, Timestamp.valueOf("2001-01-01 00:00:00"));
            p.setTime(6, Time.valueOf("23:59:58"));
            p.setBoolean(7, true);
            p.setBigDecimal(8, new BigDecimal("18446744073709551615"));
            p.setDouble(9, 0.1);
            byte[] bytes = new byte[256];
            for (int i = 0; i < 256; i++) bytes[i] = (byte) i;
            p.setBytes(10, bytes);
            p.setNull(11, Types.LONGVARCHAR);
            System.out.println("inserted " + p.executeUpdate() + " keys " + rows(p.getGeneratedKeys()));
        }
        try (PreparedStatement p = c.prepareStatement("SELECT * FROM account WHERE id = ? AND active = ?")) {
            for (int again = 0; again < 3; again++) {
                p.setInt(1, 1);
                p.setBoolean(2, true);
                try (ResultSet r = p.executeQuery()) {
                    r.next();
                    System.out.println(r.getInt("id") + " " + r.getString("name") + " " + r.getBigDecimal("balance") + " " + r.getDate("opened") + " "
                        + r.getTimestamp("at") + " " + r.getTimestamp("stamp") + " " + r.getTime("hour") + " " + r.getBoolean("active") + " "
                        + r.getBigDecimal("big") + " " + r.getDouble("ratio") + " " + r.getBytes("data").length + " " + r.getString("note") + r.wasNull());
                    System.out.println(r.getObject("active") + " " + r.getObject("big") + " " + r.getObject("at") + " " + r.getObject("opened") + " " + r.getObject("balance"));
                }
            }
        }
    }

    static void batches(Connection c) throws SQLException {
        try (PreparedStatement p = c.prepareStatement("INSERT INTO account (name, balance) VALUES (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 0; i < 50; i++) {
                p.setString(1, "n" + i % 7);
                p.setInt(2, i);
                p.addBatch();
            }
            int[] counts = p.executeBatch();
            System.out.println("batch " + counts.length + " keys " + rows(p.getGeneratedKeys()).length());
        }
        try (PreparedStatement p = c.prepareStatement("INSERT INTO line VALUES (?,?,?) ON DUPLICATE KEY UPDATE amount = VALUES(amount)")) {
            for (int i = 0; i < 6; i++) {
                p.setInt(1, 1 + i % 2);
                p.setInt(2, i % 3);
                p.setBigDecimal(3, BigDecimal.valueOf(i));
                p.addBatch();
            }
            p.executeBatch();
            p.setInt(1, 1);
            p.setInt(2, 0);
            p.setInt(3, 77);
            System.out.println("upsert " + p.executeUpdate());
        }
        System.out.println(ask(c, "SELECT name, count(*), sum(balance), avg(balance) FROM account WHERE id > 1 GROUP BY name ORDER BY name"));
        System.out.println(ask(c, "SELECT * FROM line ORDER BY account, n"));
        try (Statement s = c.createStatement()) {
            s.addBatch("UPDATE account SET balance = balance + 1 WHERE id < 5");
            s.addBatch("DELETE FROM line WHERE n = 2");
            System.out.println(Arrays.toString(s.executeBatch()));
        }
    }

    static void transactions(Connection c, String options) throws Exception {
        System.out.println("autocommit " + c.getAutoCommit());
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            System.out.println("changed " + s.executeUpdate("UPDATE account SET balance = 0 WHERE id = 1"));
            c.rollback();
            System.out.println(ask(c, "SELECT balance FROM account WHERE id = 1"));
            s.executeUpdate("UPDATE account SET balance = 5 WHERE id = 1");
            c.commit();
            try (Connection other = connect("japp", options); Statement o = other.createStatement()) {
                System.out.println("committed " + ask(other, "SELECT balance FROM account WHERE id = 1"));
                s.executeQuery("SELECT * FROM account WHERE id = 1 FOR UPDATE").close();
                o.execute("SET innodb_lock_wait_timeout = 1");
                System.out.println("waits " + error(() -> o.executeUpdate("UPDATE account SET balance = 6 WHERE id = 1")));
                c.commit();
                System.out.println("free " + o.executeUpdate("UPDATE account SET balance = 6 WHERE id = 1"));
            }
            c.rollback();
        }
        for (int level : new int[] {Connection.TRANSACTION_READ_COMMITTED, Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE}) {
            c.setTransactionIsolation(level);
            System.out.println("level " + (c.getTransactionIsolation() == level));
        }
        c.setReadOnly(true);
        c.setReadOnly(false);
        c.setAutoCommit(true);
        System.out.println("autocommit " + c.getAutoCommit() + " valid " + c.isValid(1) + " " + c.getCatalog());
    }

    static void errors(Connection c) throws Exception {
        try (Statement s = c.createStatement()) {
            for (String statement : new String[] {
                "INSERT INTO account (id, name) VALUES (1, 'x')", "INSERT INTO line VALUES (999, 1, 1)", "SELECT * FROM nowhere", "SELECT nothing FROM account",
                "SELEC", "INSERT INTO account (name) VALUES (NULL)", "INSERT INTO account (name, opened) VALUES ('x', '2023-02-30')"}) {
                System.out.println(statement + " -> " + error(() -> s.execute(statement)));
            }
            s.setQueryTimeout(1);
            System.out.println("timeout " + !error(() -> s.executeQuery("SELECT count(*) FROM account a, account b, account c, account d, account e, account f WHERE a.balance + b.balance = -c.balance + d.balance + e.balance * f.balance")).equals("no error"));
        }
    }

    static void metadata(Connection c) throws SQLException {
        DatabaseMetaData m = c.getMetaData();
        try (ResultSet r = m.getTables("japp", null, "%", new String[] {"TABLE"})) {
            while (r.next()) System.out.println("table " + r.getString("TABLE_NAME") + " " + r.getString("TABLE_TYPE"));
        }
        try (ResultSet r = m.getColumns("japp", null, "account", "%")) {
            while (r.next()) {
                System.out.println("column " + r.getString("COLUMN_NAME") + " " + r.getInt("DATA_TYPE") + " " + r.getString("TYPE_NAME") + " " + r.getInt("COLUMN_SIZE") + " "
                    + r.getInt("DECIMAL_DIGITS") + " " + r.getInt("NULLABLE") + " " + r.getString("COLUMN_DEF") + " " + r.getInt("ORDINAL_POSITION") + " "
                    + r.getString("IS_AUTOINCREMENT"));
            }
        }
        try (ResultSet r = m.getPrimaryKeys("japp", null, "line")) {
            while (r.next()) System.out.println("key " + r.getString("COLUMN_NAME") + " " + r.getInt("KEY_SEQ") + " " + r.getString("PK_NAME"));
        }
        try (ResultSet r = m.getImportedKeys("japp", null, "line")) {
            while (r.next()) {
                System.out.println("imported " + r.getString("PKTABLE_NAME") + "." + r.getString("PKCOLUMN_NAME") + " " + r.getString("FKCOLUMN_NAME") + " "
                    + r.getInt("DELETE_RULE") + " " + r.getInt("UPDATE_RULE") + " " + r.getString("FK_NAME"));
            }
        }
        try (ResultSet r = m.getExportedKeys("japp", null, "account")) {
            while (r.next()) System.out.println("exported " + r.getString("FKTABLE_NAME") + "." + r.getString("FKCOLUMN_NAME"));
        }
        try (ResultSet r = m.getIndexInfo("japp", null, "account", false, false)) {
            while (r.next()) System.out.println("index " + r.getString("INDEX_NAME") + " " + r.getString("COLUMN_NAME") + " " + r.getBoolean("NON_UNIQUE"));
        }
        try (Statement s = c.createStatement(); ResultSet r = s.executeQuery("SELECT a.id, a.name AS who, l.amount, count(*) AS n, a.at FROM account a JOIN line l ON l.account = a.id GROUP BY 1, 2, 3, 5")) {
            ResultSetMetaData d = r.getMetaData();
            for (int i = 1; i <= d.getColumnCount(); i++) {
                System.out.println("result " + d.getColumnLabel(i) + " " + d.getColumnTypeName(i) + " " + d.getPrecision(i) + " " + d.getScale(i) + " " + d.isSigned(i));
            }
        }
    }

    static void cursors(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.setFetchSize(7);
            int n = 0;
            try (ResultSet r = s.executeQuery("SELECT a.id, b.id FROM account a, account b ORDER BY 1, 2")) {
                while (r.next()) n++;
            }
            System.out.println("streamed " + n);
            s.setMaxRows(3);
            System.out.println("most " + ask(c, "SELECT id FROM account ORDER BY id LIMIT 3"));
        }
        try (Statement s = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE); ResultSet r = s.executeQuery("SELECT id, balance FROM account WHERE id < 4")) {
            r.last();
            System.out.println("last " + r.getRow());
            r.absolute(2);
            r.updateBigDecimal("balance", new BigDecimal("99.99"));
            r.updateRow();
        }
        System.out.println(ask(c, "SELECT balance FROM account WHERE id = 2"));
        try (Statement s = c.createStatement()) {
            s.execute("DROP PROCEDURE IF EXISTS twice");
            s.execute("CREATE PROCEDURE twice(IN a INT, OUT b INT) SET b = a * 2");
        }
        try (CallableStatement call = c.prepareCall("{call twice(?, ?)}")) {
            call.setInt(1, 21);
            call.registerOutParameter(2, Types.INTEGER);
            call.execute();
            try {
                System.out.println("procedure with OUT " + call.getInt(2));
            } catch (SQLException e) {
                System.out.println("procedure with OUT " + e.getMessage());
            }
        }
    }

    static void savepoints(Connection c) throws SQLException {
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            s.executeUpdate("INSERT INTO account (name) VALUES ('kept')");
            Savepoint p = c.setSavepoint("p");
            s.executeUpdate("INSERT INTO account (name) VALUES ('gone')");
            c.rollback(p);
            Savepoint q = c.setSavepoint();
            s.executeUpdate("INSERT INTO account (name) VALUES ('kept, too')");
            c.releaseSavepoint(q);
            c.commit();
        }
        c.setAutoCommit(true);
        System.out.println("savepoints " + ask(c, "SELECT name FROM account WHERE name IN ('kept', 'gone', 'kept, too') ORDER BY id"));
    }

    /** Clients move money between accounts, and run again what met 1213: nothing is lost. */
    static void retries() throws Exception {
        try (Connection c = connect("japp", ""); Statement s = c.createStatement()) {
            s.execute("UPDATE account SET balance = 100 WHERE id <= 4");
        }
        List<Thread> threads = new ArrayList<>();
        List<Exception> failures = Collections.synchronizedList(new ArrayList<>());
        for (int t = 0; t < 4; t++) {
            Random random = new Random(t);
            threads.add(new Thread(() -> {
                try (Connection c = connect("japp", "&useServerPrepStmts=true")) {
                    c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                    c.setAutoCommit(false);
                    for (int i = 0; i < 30; i++) {
                        int from = 1 + random.nextInt(4), to = 1 + random.nextInt(4);
                        for (boolean done = false; !done;) {
                            try (PreparedStatement p = c.prepareStatement("UPDATE account SET balance = balance + ? WHERE id = ?")) {
                                for (int side = 0; side < 2; side++) {
                                    p.setInt(1, side == 0 ? -1 : 1);
                                    p.setInt(2, side == 0 ? from : to);
                                    p.executeUpdate();
                                }
                                c.commit();
                                done = true;
                            } catch (SQLException e) {
                                if (e.getErrorCode() != 1213) throw e;
                                c.rollback();
                            }
                        }
                    }
                } catch (Exception e) {
                    failures.add(e);
                }
            }));
        }
        for (Thread t : threads) t.start();
        for (Thread t : threads) t.join();
        try (Connection c = connect("japp", "")) {
            System.out.println("moved " + failures + " " + ask(c, "SELECT sum(balance) FROM account WHERE id <= 4"));
        }
    }
}
