// A client of a cluster that inserts rows while nodes are lost. Arguments: ports with commas between, name, rows. Prints "all well".
import { createRequire } from 'node:module';

const mysql = createRequire(import.meta.url)('mysql2/promise');
const [ports, name, rows] = process.argv.slice(2);
const pools = ports.split(',').map((port) => mysql.createPool({ host: '127.0.0.1', port: Number(port), user: 'root', connectTimeout: 2000 }));

// retry
const again = new Set([1213, 1205, 1290, 1053]); // a conflict, no leader, a node that stops

async function retry(pools, run) {
  for (;;) {
    for (const pool of pools) {
      let db;
      try {
        db = await pool.getConnection();
        await db.beginTransaction();
        const result = await run(db); // what it does again does no harm
        await db.commit();
        db.release();
        return result;
      } catch (e) {
        db?.destroy();
        if (e.errno > 0 && !again.has(e.errno)) throw e; // below 0 or without a number: the connection
      }
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}
// end

for (let i = 0; i < Number(rows); i++) {
  await retry(pools, (db) => db.query('INSERT INTO app.row_of (name, i) VALUES (?, ?) ON DUPLICATE KEY UPDATE i = i', [name, i]));
  console.log('row', i);
}
console.log('all well');
process.exit(0);
