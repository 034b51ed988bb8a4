import java.sql.*;
import java.util.List;
import java.util.concurrent.Callable;

/** A client whose transactions meet conflicts. Arguments: port, id of its row. It prints what retry, the loop of the guide, made of them. */
public class Retry {
    static Connection db, other;
    static String id;
    static int tries;

    // the loop

    static void exec(Connection c, String text) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(text);
        }
    }

    /** A transaction whose row another one changes in its first count tries. */
    static Callable<Void> conflicting(int count) {
        return () -> {
            tries++;
            exec(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
            exec(db, "BEGIN");
            int n;
            try (Statement s = db.createStatement(); ResultSet r = s.executeQuery("SELECT n FROM app.counter WHERE id = " + id)) {
                r.next();
                n = r.getInt(1);
            }
            if (tries <= count) exec(other, "UPDATE app.counter SET n = n + 1 WHERE id = " + id);
            exec(db, "UPDATE app.counter SET n = " + (n + 100) + " WHERE id = " + id);
            exec(db, "COMMIT");
            return null;
        };
    }

    static Void mistaken() throws SQLException {
        tries++;
        exec(db, "SELECT * FROM app.nowhere");
        return null;
    }

    public static void main(String[] args) throws Exception {
        String address = "jdbc:mariadb://127.0.0.1:" + args[0] + "/?user=root";
        db = DriverManager.getConnection(address);
        other = DriverManager.getConnection(address);
        id = args[1];
        for (Callable<Void> run : List.<Callable<Void>>of(conflicting(0), conflicting(2), conflicting(100), Retry::mistaken)) {
            tries = 0;
            int code = 0;
            try {
                retry(run);
            } catch (SQLException e) {
                code = e.getErrorCode();
            }
            System.out.println(tries + " tries, error " + code);
        }
    }
}
