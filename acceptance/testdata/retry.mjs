// A client whose transactions meet conflicts. Arguments: port, id of its row. It prints what retry, the loop of the guide, made of them.
import { createRequire } from 'node:module';

const mysql = createRequire(import.meta.url)('mysql2/promise');
const [port, id] = process.argv.slice(2);
const connect = () => mysql.createConnection({ host: '127.0.0.1', port: Number(port), user: 'root' });
const db = await connect();
const other = await connect();

// the loop

let tries = 0;

// conflicting is a transaction whose row another one changes in its first count tries.
const conflicting = (count) => async () => {
  tries++;
  await db.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await db.query('BEGIN');
  const [[{ n }]] = await db.query('SELECT n FROM app.counter WHERE id = ?', [id]);
  if (tries <= count) await other.query('UPDATE app.counter SET n = n + 1 WHERE id = ?', [id]);
  await db.query('UPDATE app.counter SET n = ? WHERE id = ?', [n + 100, id]);
  await db.query('COMMIT');
};

const mistaken = async () => {
  tries++;
  await db.query('SELECT * FROM app.nowhere');
};

for (const run of [conflicting(0), conflicting(2), conflicting(100), mistaken]) {
  tries = 0;
  let code = 0;
  try {
    await retry(run);
  } catch (e) {
    code = e.errno;
  }
  console.log(tries, 'tries, error', code);
}
process.exit(0);
