import java.sql.*;
import java.util.Set;

/** A client of a cluster that inserts rows while nodes are lost. Arguments: ports with commas between, name, rows. Prints "all well". */
public class Loop {
    static Connection connect(String node) throws SQLException {
        return DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + node + "/?user=root&connectTimeout=2000&socketTimeout=5000");
    }

    // retry
    interface Work { void run(Connection db) throws SQLException; }

    static final Set<Integer> AGAIN = Set.of(1213, 1205, 1290, 1053); // a conflict, no leader, a node that stops

    static void retry(String[] nodes, Work work) throws Exception {
        while (true) {
            for (String node : nodes) {
                try (Connection db = connect(node)) {
                    db.setAutoCommit(false);
                    work.run(db); // what it does again does no harm
                    db.commit();
                    return;
                } catch (SQLException e) {
                    boolean lost = e.getSQLState() != null && e.getSQLState().startsWith("08");
                    if (!lost && !AGAIN.contains(e.getErrorCode())) throw e;
                }
            }
            Thread.sleep(20);
        }
    }
    // end

    public static void main(String[] args) throws Exception {
        int rows = Integer.parseInt(args[2]);
        for (int i = 0; i < rows; i++) {
            int row = i;
            retry(args[0].split(","), db -> {
                try (PreparedStatement s = db.prepareStatement("INSERT INTO app.row_of (name, i) VALUES (?, ?) ON DUPLICATE KEY UPDATE i = i")) {
                    s.setString(1, args[1]);
                    s.setInt(2, row);
                    s.executeUpdate();
                }
            });
            System.out.println("row " + i);
        }
        System.out.println("all well");
    }
}
