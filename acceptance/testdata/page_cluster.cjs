// Opens the page of one node of a cluster in a real browser, and says what it shows of the others. Prints a line for each part, and
// waits for a line on its input where page_cluster_test.go does something to the cluster: the name of the node that is meant.
// Arguments: HTTP address, name of the node that has it, name of the standby that is late, and of the
// node where ada works, directory for screenshots, path of Chromium, sum of the key of the
// one certificate that is trusted.
const assert = require('node:assert/strict')
const path = require('node:path')
const readline = require('node:readline')
const { chromium } = require('playwright-core')

const [address, here, late, busy, shots, browserPath, certificate] = process.argv.slice(2)
const LIMIT = 60_000
const input = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function until(what, holds) {
  const end = Date.now() + LIMIT
  for (;;) {
    const got = await holds()
    if (got) return got
    if (Date.now() > end) throw new Error(`not within ${LIMIT} ms: ${what}`)
    await new Promise((go) => setTimeout(go, 25))
  }
}

// told prints that a part is done, and waits for the test.
async function told(line) {
  console.log(line)
  return (await input.next()).value
}

async function main() {
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', `--ignore-certificate-errors-spki-list=${certificate}`] })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
  const errors = []
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && errors.push(`${m.type()}: ${m.text()} ${m.location().url}`))
  page.on('pageerror', (e) => errors.push(e.stack))
  const t = (name) => page.locator(`[data-test=${name}]`)
  const shoot = (name) => page.screenshot({ path: path.join(shots, `page-cluster-${name}.png`), fullPage: true })

  await page.goto(`https://${address}/#range=300000`)
  await page.fill('[name=user]', 'watcher')
  await page.fill('[name=password]', 'tower')
  await page.keyboard.press('Enter')
  await until('it is live', async () => (await t('state').textContent()).includes('live'))

  // nodes gives what the panel has, by the name of the node.
  const nodes = () => t('nodes').evaluate((panel) => Object.fromEntries([...panel.querySelectorAll('tbody tr')].map((row) => {
    const [name, role, , at, behind] = [...row.cells].map((c) => c.innerText.trim())
    return [row.querySelector('b').innerText, { up: name.startsWith('✓'), self: name.includes('(this)'), role, scn: Number(at.replace(/\D/g, '')), behind }]
  })))
  const leaders = (all) => Object.keys(all).filter((n) => all[n].role === 'LEADER')

  // All nodes, their roles, and how far each is.
  const all = await until('four nodes, of which one leads and one is behind', async () => {
    const n = await nodes()
    const list = Object.values(n)
    return list.length === 4 && list.every((x) => x.up) && /^[1-9]/.test(n[late]?.behind ?? '') && Object.keys(n).every((x) => x === late || n[x].behind === 'no') && n
  })
  assert.deepEqual(Object.keys(all).filter((n) => all[n].self), [here])
  assert.deepEqual(leaders(all), [here])
  assert.equal(all[late].role, 'STANDBY')
  assert.equal(Object.values(all).filter((x) => x.role === 'FOLLOWER').length, 2)
  assert.ok(all[late].scn < all[here].scn, `${late} has SCN ${all[late].scn}, ${here} ${all[here].scn}`)
  console.log(`nodes: ${Object.keys(all).map((n) => `${n} ${all[n].role} behind ${all[n].behind}`).join(', ')}`)

  // Sessions of another node, and of all: ada works on one of them, and bob on the node that serves the page. The link carries the choice.
  const texts = async (name) => (await t(name).locator('li').allInnerTexts()).join('\n')
  const choose = (name) => t('which').getByRole('button', { name }).click()
  const hash = () => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get('node'))
  await until('bob alone', async () => (await texts('sql')).includes('from_bob') && (await texts('sessions')).includes('bob'))
  assert.ok(!(await texts('sql')).includes('from_ada'), 'this node shows what another one runs')
  await choose(busy)
  await until('ada alone', async () => (await texts('sql')).includes('from_ada') && !(await texts('sql')).includes('from_bob') && (await texts('sessions')).includes('ada'))
  await until('ada now', async () => (await t('active-sessions').innerText()).includes('ada'))
  await t('sql').locator('li', { hasText: 'from_ada' }).first().locator('button').click()
  await until('her statement, read there', async () => (await t('statement-panel').innerText()).includes(`on ${busy}`) && (await t('statement-panel').locator('pre').first().innerText()).includes('from_ada'))
  assert.equal(await hash(), busy)
  await page.reload()
  await until('the link goes there again', async () => (await texts('sql')).includes('from_ada'))
  await t('filters').locator('button').first().click()
  await choose('all nodes')
  await until('both', async () => {
    const [sql, sessions] = [await texts('sql'), await texts('sessions')]
    return sql.includes('from_ada') && sql.includes('from_bob') && sessions.includes(`on ${busy}`) && sessions.includes(`on ${here}`)
  })
  assert.equal(await hash(), '*')
  assert.ok(!(await t('which').innerText()).includes('does not answer'))
  await shoot('all')
  const victim = await told('sessions: of one, of another, of all')

  // A node that is killed is down, in words, too; the others are not.
  await until(`${victim} down`, async () => {
    const n = await nodes()
    return !n[victim].up && n[victim].behind === '–' && Object.keys(n).every((x) => x === victim || n[x].up)
  })
  await until('why', async () => (await t('nodes').innerText()).includes(`${victim} does not answer: `))
  await until('its sessions are missing, in words', async () => (await t('which').innerText()).includes(`${victim} does not answer, and its sessions are not in what follows`))
  await until('the others are there', async () => (await texts('sql')).includes('from_ada'))
  await shoot('down')
  await told(`down: ${(await t('nodes').locator('p.bad').allInnerTexts()).find((x) => x.startsWith(victim))}`)

  // It is back, and has what was committed meanwhile.
  await until('nothing is missing', async () => !(await t('which').innerText()).includes('does not answer'))
  await choose(here)
  assert.equal(await hash(), null)
  await until(`${victim} up`, async () => {
    const n = await nodes()
    return n[victim].up && n[victim].behind === 'no' && n[victim].scn === n[here].scn && n[victim].scn > all[victim].scn
  })
  const next = await told(`up: ${victim} at SCN ${(await nodes())[victim].scn}`)

  // The lead goes to another node.
  const after = await until(`${next} leads`, async () => {
    const n = await nodes()
    return leaders(n).join() === next && n[here].role === 'FOLLOWER' && Object.values(n).every((x) => x.up) && n
  })
  await shoot('switched')
  console.log(`switched: ${leaders(after)} leads, ${here} is ${after[here].role}`)

  // All of it is readable on a telephone, in the dark.
  await choose('all nodes')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 390, height: 900 })
  await until('all answer', async () => (await texts('sql')).includes('from_bob'))
  await until('it fits', () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  await shoot('dark-390')

  await browser.close()
  assert.deepEqual(errors, [])
  console.log('all well')
  process.exit(0)
}

main().catch((e) => {
  console.log('failed:', e.stack)
  process.exit(1)
})
