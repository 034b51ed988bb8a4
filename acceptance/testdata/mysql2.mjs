// What mysql2 must be able to do. Arguments: part, port, plain|TLS, SCN, user with mysql_native_password, user with
// caching_sha2_password, their password. Prints "all well" if nothing failed.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { createRequire } from 'node:module';

const mysql = createRequire(import.meta.url)('mysql2/promise');
const [part, port, transport, scn, nativeUser, sha2User, password] = process.argv.slice(2);
const base = {
  host: '127.0.0.1', port: Number(port), user: 'root', database: 'clients',
  ...(transport === 'TLS' ? { ssl: { rejectUnauthorized: false } } : {}),
};

async function asOf(c) {
  const prepared = 'SELECT v, price FROM t AS OF SCN ? WHERE id = ?';
  for (let i = 0; i < 3; i++) {
    const [rows] = await c.execute(prepared, [Number(scn), 1]);
    assert.deepEqual(rows, [{ v: 'old 🚀', price: '1.50' }]);
  }
  const [text] = await c.query(prepared, [Number(scn), 1]);
  assert.deepEqual(text, [{ v: 'old 🚀', price: '1.50' }]);
  const [now] = await c.execute('SELECT v FROM t AS OF TIMESTAMP now(6) WHERE id = ?', [1]);
  assert.equal(now[0].v, 'new');
  await assert.rejects(c.execute('SELECT v FROM t AS OF TIMESTAMP now() - INTERVAL 5 MINUTE WHERE id = ?', [1]), { errno: 1146 });
}

async function versions(c) {
  const query = 'SELECT v, versions_operation AS op, versions_startscn AS first FROM t VERSIONS BETWEEN SCN ? AND MAXVALUE WHERE id = ?';
  const [binary] = await c.execute(query, [0, 1]);
  const [text] = await c.query(query, [0, 1]);
  assert.deepEqual(binary, text);
  assert.deepEqual(binary.map((r) => [r.v, r.op]), [['old 🚀', 'I'], ['new', 'U']]);
  const find = 'FIND SCN WHERE (SELECT count(*) FROM t WHERE v = ?) > 0 BETWEEN SCN ? AND MAXVALUE';
  for (let i = 0; i < 2; i++) {
    const [found] = await c.execute(find, ['new', Number(scn)]);
    assert.equal(Number(found[0].scn), Number(binary[1].first));
  }
  await assert.rejects(c.execute(find, ['never', Number(scn)]), { errno: 1105 });
}

async function types(c) {
  const query = 'SELECT id, v, at, price FROM t AS OF SCN ' + scn + ' WHERE id > ? ORDER BY id';
  const [binary] = await c.execute({ sql: query, values: [0] });
  const [text] = await c.query({ sql: query, values: [0] });
  assert.deepEqual(binary, text);
  assert.equal(binary[0].at, '2024-02-29 12:34:56.789012');
  assert.equal(binary[1].at, null);
}

async function write(c) {
  const [r] = await c.execute('INSERT INTO t (id, v) VALUES (?, ?)', [70, 'é\0\'"\\']);
  assert.equal(r.affectedRows, 1);
  const [rows] = await c.query('SELECT v FROM t WHERE id = 70');
  assert.equal(rows[0].v, 'é\0\'"\\');
  await c.beginTransaction();
  await c.execute('DELETE FROM t WHERE id = ?', [70]);
  await c.rollback();
  const [still] = await c.execute('SELECT count(*) AS n FROM t WHERE id = ?', [70]);
  assert.equal(Number(still[0].n), 1);
  await c.execute('DELETE FROM t WHERE id = ?', [70]);
  await assert.rejects(c.execute('INSERT INTO t (id) VALUES (?)', [1]), { errno: 1062, sqlState: '23000' });
}

async function bigBlob(c) {
  const blob = Buffer.alloc(20 << 20);
  for (let i = 0; i < blob.length; i++) blob[i] = (i * 31 + (i >> 8)) & 255;
  await c.query('DELETE FROM blobs');
  await c.execute('INSERT INTO blobs VALUES (?, ?)', [1, blob]);
  await c.query('INSERT INTO blobs VALUES (?, ?)', [2, blob]);
  const [rows] = await c.execute('SELECT b FROM blobs WHERE id >= ? ORDER BY id', [1]);
  assert.equal(rows.length, 2);
  for (const row of rows) assert.ok(blob.equals(row.b));
}

async function loadData(c) {
  await c.query('DELETE FROM loaded');
  const [r] = await c.query({
    sql: 'LOAD DATA LOCAL INFILE "rows" INTO TABLE loaded FIELDS TERMINATED BY ","',
    infileStreamFactory: () => Readable.from([Buffer.from('1,a,x\n2,'), Buffer.from('b,y\n')]),
  });
  assert.equal(r.affectedRows, 2);
  const [rows] = await c.query('SELECT group_concat(name ORDER BY id) AS names FROM loaded');
  assert.equal(rows[0].names, 'a,b');
}

async function several() {
  const c = await mysql.createConnection({ ...base, multipleStatements: true });
  const [results] = await c.query('SELECT 1 AS a; INSERT INTO t (id) VALUES (80); DELETE FROM t WHERE id = 80; SELECT 2 AS b');
  assert.equal(results.length, 4);
  assert.deepEqual(results[3], [{ b: 2 }]);
  await c.end();
}

async function users() {
  for (const user of [nativeUser, sha2User]) {
    const c = await mysql.createConnection({ ...base, user, password });
    const [rows] = await c.query('SELECT current_user() AS u');
    assert.equal(rows[0].u, user + '@%');
    await c.end();
    await assert.rejects(mysql.createConnection({ ...base, user, password: 'wrong' }), { errno: 1045 });
  }
}

async function kill(c) {
  const victim = await mysql.createConnection(base);
  const [rows] = await victim.query('SELECT connection_id() AS id');
  const sleeping = assert.rejects(victim.query('SELECT sleep(60)'), { errno: 1317 });
  for (let running = false; !running;) {
    const [list] = await c.query('SHOW PROCESSLIST');
    running = list.some((p) => Number(p.Id) === Number(rows[0].id) && String(p.Info).includes('sleep'));
  }
  await c.query('KILL QUERY ' + Number(rows[0].id));
  await sleeping;
  const [after] = await victim.query('SELECT 5 AS five');
  assert.equal(after[0].five, 5);
  await victim.end();
}

const parts = { asOf, versions, types, write, bigBlob, loadData, several, users, kill };
const c = await mysql.createConnection({ ...base, dateStrings: true });
await parts[part](c);
await c.end();
console.log('all well');
