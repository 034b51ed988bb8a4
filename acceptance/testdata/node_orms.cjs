// What an application with Sequelize does, which migrates its schema by Knex before. Argument: port. Prints what it sees,
// which another server must print, too.
const { Sequelize, DataTypes, Op, Transaction, QueryTypes } = require('sequelize');
const knexOf = require('knex');
const mysql = require('mysql2/promise');

const port = Number(process.argv[2]);
const say = (...values) => console.log(values.map((v) => (typeof v === 'string' ? v : JSON.stringify(v))).join(' '));

// migrations are what `knex migrate:latest` runs, held in memory.
const migrations = {
  '001_first': {
    async up(knex) {
      await knex.schema.createTable('teams', (t) => {
        t.increments('id');
        t.string('name', 80).notNullable().unique();
        t.timestamps(true, true);
      });
      await knex.schema.createTable('players', (t) => {
        t.bigIncrements('id');
        t.integer('team_id').unsigned().references('id').inTable('teams').onDelete('CASCADE');
        t.string('name').notNullable().index();
        t.decimal('salary', 12, 2).notNullable().defaultTo(0);
        t.boolean('active').notNullable().defaultTo(true);
        t.enu('position', ['goal', 'field']).defaultTo('field');
        t.json('extra');
        t.datetime('born', { precision: 3 });
        t.specificType('score', 'float');
      });
    },
    async down(knex) {
      await knex.schema.dropTable('players');
      await knex.schema.dropTable('teams');
    },
  },
  '002_more': {
    async up(knex) {
      await knex.schema.alterTable('players', (t) => {
        t.string('nick', 20).nullable().after('name');
        t.text('bio');
        t.string('name', 100).notNullable().alter();
        t.index(['team_id', 'position'], 'by_team_position');
        t.renameColumn('score', 'points');
      });
      await knex('teams').insert([{ name: 'red' }, { name: 'blue' }]);
    },
    async down(knex) {
      await knex.schema.alterTable('players', (t) => {
        t.index(['team_id'], 'by_team'); // the foreign key needs one
        t.dropIndex(['team_id', 'position'], 'by_team_position');
        t.dropColumn('nick');
        t.dropColumn('bio');
        t.renameColumn('points', 'score');
      });
      await knex('teams').del();
    },
  },
};

const source = {
  getMigrations: async () => Object.keys(migrations),
  getMigrationName: (name) => name,
  getMigration: async (name) => migrations[name],
};

async function migrate() {
  const knex = knexOf({ client: 'mysql2', connection: { host: '127.0.0.1', port, user: 'root', database: 'nodeapp' }, migrations: { migrationSource: source } });
  say('migrated', (await knex.migrate.latest())[1]);
  say('again', (await knex.migrate.latest())[1]);
  say('version', await knex.migrate.currentVersion());
  say('columns', Object.keys(await knex('players').columnInfo()));
  say('rolled back', (await knex.migrate.down())[1]);
  say('columns', Object.keys(await knex('players').columnInfo()), await knex.schema.hasColumn('players', 'nick'), await knex.schema.hasTable('teams'));
  say('up', (await knex.migrate.up())[1]);
  const [id] = await knex('players').insert({ name: 'first', team_id: await knex('teams').where({ name: 'red' }).first('id').then((r) => r.id), extra: JSON.stringify({ a: 1 }), born: new Date('2000-02-29T01:02:03.456Z') });
  say('inserted', id, await knex('players').where({ id }).update({ points: 1.5 }), await knex('teams').count({ n: '*' }));
  await knex('teams').insert({ id: 3, name: 'Red' }).onConflict('id').merge(['name']);
  await knex('teams').insert({ id: 3, name: 'x' }).onConflict('id').ignore();
  say('joined', await knex('players as p').join('teams as t', 't.id', 'p.team_id').select('p.name', { team: 't.name' }).whereIn('t.id', [3, 4]));
  await knex.transaction(async (trx) => {
    await trx('players').del();
    await trx.rollback(new Error('wanted'));
  }).catch((e) => say('transaction', e.message));
  await knex.transaction(async (trx) => {
    const locked = await trx('teams').forUpdate().orderBy('id').limit(1);
    const others = await knex.transaction((other) => other('teams').forUpdate().skipLocked().orderBy('id').select('id'));
    say('locked', locked.length, 'skips', others);
  });
  await knex.destroy();
}

function models(sequelize) {
  const User = sequelize.define('User', {
    name: { type: DataTypes.STRING(60), allowNull: false, unique: 'by_name' },
    email: { type: DataTypes.STRING, validate: { isEmail: true } },
    active: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
    score: { type: DataTypes.DOUBLE, defaultValue: 0 },
    money: { type: DataTypes.DECIMAL(12, 2), defaultValue: '0.00' },
    big: DataTypes.BIGINT,
    born: DataTypes.DATEONLY,
    at: DataTypes.DATE(3),
    settings: DataTypes.JSON,
    photo: DataTypes.BLOB,
    kind: { type: DataTypes.ENUM('a', 'b'), defaultValue: 'a' },
    token: { type: DataTypes.UUID, defaultValue: '5f0d1d0e-0000-4000-8000-000000000001' },
  }, { paranoid: true, indexes: [{ fields: ['kind', 'score'], name: 'by_kind_score' }] });
  const Post = sequelize.define('Post', { title: DataTypes.STRING, body: DataTypes.TEXT, views: { type: DataTypes.INTEGER.UNSIGNED, defaultValue: 0 } }, { version: true });
  const Tag = sequelize.define('Tag', { name: { type: DataTypes.STRING(30), primaryKey: true } }, { timestamps: false });
  User.hasMany(Post, { foreignKey: { name: 'userId', allowNull: false }, onDelete: 'CASCADE' });
  Post.belongsTo(User, { foreignKey: 'userId' });
  Post.belongsToMany(Tag, { through: 'PostTags' });
  Tag.belongsToMany(Post, { through: 'PostTags' });
  User.belongsTo(User, { as: 'boss', foreignKey: 'bossId' });
  return { User, Post, Tag };
}

async function schema(sequelize) {
  await sequelize.sync({ force: true });
  await sequelize.sync({ alter: true });
  const qi = sequelize.getQueryInterface();
  say('tables', (await qi.showAllTables()).sort());
  const columns = await qi.describeTable('Users');
  for (const [name, c] of Object.entries(columns)) say('column', name, c.type, c.allowNull, c.primaryKey, c.autoIncrement);
  const indexes = await qi.showIndex('Users');
  say('indexes', indexes.map((i) => [i.name, i.unique, i.fields.map((f) => f.attribute)]).sort());
  say('references', (await qi.getForeignKeyReferencesForTable('Posts')).map((r) => [r.columnName, r.referencedTableName, r.referencedColumnName]));
  await qi.addColumn('Users', 'nick', { type: DataTypes.STRING(10), allowNull: true, after: 'name' });
  await qi.changeColumn('Users', 'nick', { type: DataTypes.STRING(40), allowNull: false, defaultValue: 'none' });
  await qi.renameColumn('Users', 'nick', 'called');
  await qi.addIndex('Users', ['called'], { unique: false, name: 'by_called' });
  say('called', (await qi.describeTable('Users')).called);
  await qi.removeIndex('Users', 'by_called');
  await qi.removeColumn('Users', 'called');
}

async function work(sequelize, { User, Post, Tag }) {
  const ann = await User.create({
    name: 'Ann 🚀', email: 'ann@example.org', score: 0.1, money: '12345678.90', big: '9007199254740993', born: '1980-02-29', at: new Date('2024-02-29T12:34:56.789Z'),
    settings: { a: [1, null, 'x'] }, photo: Buffer.from([0, 255, 10]), kind: 'b',
  });
  say('created', ann.id, ann.active, ann.token);
  await User.bulkCreate(Array.from({ length: 30 }, (_, i) => ({ name: `user ${String(i).padStart(2, '0')}`, score: i / 4, bossId: ann.id, at: new Date(0) })));
  const read = await User.findOne({ where: { name: 'Ann 🚀' } });
  const { id, email, active, score, money, big, born, at, settings, photo, kind } = read;
  say('read', id, email, Boolean(active), typeof active, score, money, String(big), born, at, typeof settings === 'string' ? JSON.parse(settings) : settings, [...photo], kind);
  say('unique', await User.create({ name: 'user 05' }).catch((e) => e.name));
  say('invalid', await User.create({ name: 'x', email: 'nothing' }).catch((e) => e.name));
  const posts = await Promise.all(['one', 'two', 'three'].map((title, i) => Post.create({ title, body: "it's \\ \"so\"\n\0", userId: 1 + (i % 2) })));
  await Tag.bulkCreate([{ name: 'x' }, { name: 'y' }, { name: 'z' }]);
  posts.sort((a, b) => a.title.localeCompare(b.title));
  await posts[0].setTags(['x', 'y']);
  await posts[1].addTag('z');
  await posts[0].removeTag('x');
  const tree = await User.findAll({
    include: [{ model: Post, required: true, include: [Tag] }, { model: User, as: 'boss', attributes: ['name'] }], order: [['id', 'ASC'], [Post, 'title', 'ASC']],
  });
  for (const u of tree) say('tree', u.name, u.boss && u.boss.name, u.Posts.map((p) => [p.title, p.version, p.Tags.map((t) => t.name)]));
  say('page', (await User.findAndCountAll({ where: { score: { [Op.between]: [1, 3] } }, order: [['score', 'DESC']], limit: 2, offset: 1 })).count);
  say('group', await User.findAll({
    attributes: ['kind', [sequelize.fn('COUNT', sequelize.col('id')), 'n'], [sequelize.fn('MAX', sequelize.col('score')), 'most']], group: ['kind'], order: ['kind'], raw: true,
  }));
  say('like', await User.count({ where: { [Op.or]: [{ name: { [Op.like]: 'user 1%' } }, { id: { [Op.in]: [1, 2] } }], email: null } }));
  say('json', await User.count({ where: sequelize.where(sequelize.json('settings.a[0]'), 1) }).catch((e) => e.message));
  say('upsert', (await Tag.upsert({ name: 'x' })).length, await Tag.count());
  await User.bulkCreate([{ id: 2, name: 'user 00', score: 77 }, { name: 'fresh', score: 1 }], { updateOnDuplicate: ['score'] });
  say('updated', await User.findAll({ where: { name: ['user 00', 'fresh'] }, attributes: ['name', 'score'], order: ['name'], raw: true }));
  say('changed', await User.update({ kind: 'b' }, { where: { score: { [Op.gt]: 5 } } }));
  await ann.increment('score', { by: 2 });
  say('score', (await ann.reload()).score);
  const found = await User.findOrCreate({ where: { name: 'found' }, defaults: { score: 3 } });
  say('found', found[1], (await User.findOrCreate({ where: { name: 'found' } }))[1]);
  await User.destroy({ where: { name: 'user 07' } });
  say('soft', await User.count(), await User.count({ paranoid: false }), (await User.restore({ where: { name: 'user 07' } })) !== null, await User.count());
  say('raw', await sequelize.query('SELECT name, score FROM Users WHERE score > :least ORDER BY id LIMIT 2', { replacements: { least: 6 }, type: QueryTypes.SELECT }));
  say('bound', await sequelize.query('SELECT name FROM Users WHERE id = $1', { bind: [2], type: QueryTypes.SELECT }));
}

async function transactions(sequelize, { User, Post }) {
  await sequelize.transaction(async (transaction) => {
    await User.update({ score: 0 }, { where: {}, transaction });
    throw new Error('wanted');
  }).catch((e) => say('rolled back', e.message));
  for (const isolationLevel of Object.values(Transaction.ISOLATION_LEVELS)) {
    await sequelize.transaction({ isolationLevel }, async (transaction) => say('level', isolationLevel, await User.count({ transaction })));
  }
  const first = await sequelize.transaction();
  const locked = await User.findAll({ where: { id: [2, 3] }, lock: first.LOCK.UPDATE, transaction: first });
  const second = await sequelize.transaction();
  const others = await sequelize.query('SELECT id FROM Users WHERE id IN (2, 3, 4) FOR UPDATE SKIP LOCKED', { type: QueryTypes.SELECT, transaction: second });
  say('locked', locked.length, 'skipped to', others.map((u) => u.id));
  await second.rollback();
  await locked[0].update({ score: 5 }, { transaction: first });
  await first.commit();
  say('committed', (await User.findByPk(locked[0].id)).score);
  const [a, b] = [await Post.findByPk(1), await Post.findByPk(1)];
  await a.update({ title: 'mine' });
  say('optimistic', await b.update({ title: 'theirs' }).catch((e) => e.name));
  await sequelize.query('CREATE TABLE counters (id INT PRIMARY KEY, n INT)');
  await sequelize.query('INSERT INTO counters VALUES (1, 0)');
  const add = async () => {
    for (let done = false; !done;) {
      try {
        await sequelize.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.REPEATABLE_READ }, async (transaction) => {
          const [row] = await sequelize.query('SELECT n FROM counters WHERE id = 1 FOR UPDATE', { type: QueryTypes.SELECT, transaction });
          await sequelize.query('UPDATE counters SET n = ? WHERE id = 1', { replacements: [row.n + 1], transaction });
        });
        done = true;
      } catch (e) {
        if (!e.parent || e.parent.errno !== 1213) throw e;
      }
    }
  };
  await Promise.all(Array.from({ length: 40 }, add));
  say('counted', await sequelize.query('SELECT n FROM counters', { type: QueryTypes.SELECT }));
}

async function constraint(sequelize, { User }) {
  await sequelize.getQueryInterface().addConstraint('Users', { fields: ['score'], type: 'check', name: 'score_limit', where: { score: { [Op.lt]: 1000 } } });
  say('constrained', await User.create({ name: 'too good', score: 1001 }).then(() => 'no', () => 'yes'));
  await sequelize.query('ALTER TABLE Users DROP CONSTRAINT score_limit');
}

async function main() {
  const admin = await mysql.createConnection({ host: '127.0.0.1', port, user: 'root' });
  await admin.query('DROP DATABASE IF EXISTS nodeapp');
  await admin.query('CREATE DATABASE nodeapp CHARACTER SET utf8mb4');
  await admin.end();
  await migrate();
  const sequelize = new Sequelize('nodeapp', 'root', '', { host: '127.0.0.1', port, dialect: 'mysql', logging: false, pool: { max: 8 } });
  const all = models(sequelize);
  await schema(sequelize);
  await work(sequelize, all);
  await transactions(sequelize, all);
  await constraint(sequelize, all);
  await sequelize.drop();
  await sequelize.close();
  say('all well');
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
