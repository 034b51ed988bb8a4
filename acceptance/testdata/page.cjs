// Drives the page in a real browser, and the database through mysql2. Prints a line for each part; page_test.go reads these.
// Arguments: HTTP address, MySQL port, directory for screenshots, path of Chromium, how often the page
// is drawn while its memory is watched.
const assert = require('node:assert/strict')
const { once } = require('node:events')
const path = require('node:path')
const mysql = require('mysql2/promise')
const { chromium } = require('playwright-core')

const [address, port, shots, browserPath, renders] = process.argv.slice(2)
const base = `http://${address}/`
const LIMIT = 20_000
const RENDERS = Number(renders)

const connect = (user, password) => mysql.createConnection({ host: '127.0.0.1', port: Number(port), user, password, ssl: { rejectUnauthorized: false } })

async function until(what, holds) {
  const end = Date.now() + LIMIT
  for (;;) {
    const got = await holds()
    if (got) return got
    if (Date.now() > end) throw new Error(`not within ${LIMIT} ms: ${what}`)
    await new Promise((go) => setTimeout(go, 25))
  }
}

async function main() {
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] })
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' })
  const page = await context.newPage()
  const errors = []
  let away = false // the node is being restarted: the browser says so on its console
  page.on('console', (m) => {
    if (!['error', 'warning'].includes(m.type())) return
    if (away && /net::ERR_|WebSocket/.test(m.text())) return
    errors.push(`${m.type()}: ${m.text()} ${m.location().url}`)
  })
  page.on('pageerror', (e) => errors.push(e.stack))
  const t = (name) => page.locator(`[data-test=${name}]`)
  const hash = async () => new URLSearchParams(await page.evaluate(() => location.hash.slice(1)))

  const root = await connect('root', '')
  const load = startLoad()
  const then = await past(root)

  // It loads, and somebody logs in.
  await page.goto(base + '?renders=20#range=300000')
  await page.fill('[name=user]', 'watcher')
  await page.fill('[name=password]', 'tower')
  await page.keyboard.press('Enter')
  await until('it is live', async () => (await t('state').textContent()).includes('live'))
  await t('sql').locator('li').first().waitFor()
  console.log('logged in')

  // Commits are on the screen soon.
  const waits = []
  for (let i = 0; i < 40; i++) waits.push(await shown(page, root))
  waits.sort((a, b) => a - b)
  console.log(`commit to screen: median ${waits[20]} ms, 95 % within ${waits[37]} ms, longest ${waits[39]} ms`)
  assert.ok(waits[20] <= 250, `a commit is on the screen after ${waits[20]} ms; it may take 250`)

  // Who blocks whom, while it lasts.
  const [a, b] = [await connect('root', ''), await connect('root', '')]
  await a.query('BEGIN')
  await a.query("UPDATE shop.orders SET note = 'held' WHERE id = 2")
  const blocked = b.query("UPDATE shop.orders SET note = 'waits' WHERE id = 2")
  const tree = `#${a.threadId} root`
  await until('the tree of locks', async () => {
    const text = await t('locks').innerText()
    return text.includes(tree) && text.includes(`#${b.threadId} root waits`) && text.includes('shop.orders')
  })
  await a.query('COMMIT')
  await blocked
  await until('nobody waits', async () => (await t('locks').innerText()).includes('No session waits'))
  console.log('locks')

  // Filters: the statement that ada alone runs leaves her sessions alone in their list.
  const ada = t('sql').locator('li', { hasText: 'from_ada' }).first()
  await ada.waitFor({ timeout: LIMIT })
  await ada.locator('button').click()
  await until('only ada', async () => {
    const users = await t('sessions').locator('li b:nth-child(1)').allTextContents()
    return users.length > 0 && (await t('sessions').locator('li').allInnerTexts()).every((x) => x.includes('ada'))
  })
  assert.match((await hash()).get('sql'), /^[0-9a-f]{16}$/)
  await t('statement-panel').locator('pre').first().waitFor()
  await t('filters').locator('button').first().click()
  await until('others again', async () => (await t('sessions').locator('li').allInnerTexts()).some((x) => !x.includes('ada')))
  console.log('filters')

  // The window is dragged, moved by keys, and follows the present again.
  const pane = page.locator('.window')
  await pane.waitFor()
  let box = null
  await until('the window on the chart', async () => (box = await pane.boundingBox()) !== null)
  await page.mouse.move(box.x + box.width / 2, box.y + 60)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width / 2 - 150, box.y + 60, { steps: 6 })
  await page.mouse.up()
  const dragged = await hash()
  assert.ok(Number(dragged.get('from')) > 0 && Number(dragged.get('to')) < Date.now() - 10_000, `dragged to ${dragged}`)
  await until('the window has moved', async () => ((await pane.boundingBox())?.x ?? box.x) < box.x - 100)
  await pane.focus()
  await page.keyboard.press('ArrowRight')
  assert.ok(Number((await hash()).get('from')) > Number(dragged.get('from')), 'a key moves the window')
  await page.keyboard.press('Escape')
  assert.equal((await hash()).get('from'), null)
  console.log('dragged')

  // The past: charts move there, and the table is as it was, though it was changed and then dropped since.
  await page.locator('#scn').fill(String(then.scn))
  await t('past').getByRole('button', { name: 'shop.gone' }).click()
  await until('rows of then', async () => (await t('past').locator('td').allInnerTexts()).includes('as it was'))
  const link = await hash()
  assert.equal(link.get('scn'), String(then.scn))
  assert.ok(Math.abs(Number(link.get('to')) - then.time) < 1000, `the window ends at ${link.get('to')}, the commit was at ${then.time}`)
  await shoot(page, 'past')
  const second = await context.newPage() // the link carries it all
  await second.goto(page.url())
  await second.locator('[data-test=past] td', { hasText: 'as it was' }).waitFor({ timeout: LIMIT })
  await second.close()
  await page.getByRole('button', { name: 'Back to the present' }).click()
  assert.equal((await hash()).get('scn'), null)
  console.log('past')

  // A restart of the node: nobody logs in again, and it goes on.
  load.pause()
  away = true
  console.log('restart now')
  await once(process.stdin, 'data')
  await until('it noticed', async () => (await t('state').textContent()).includes('reconnecting') || load.restarted)
  await until('it is live again', async () => (await t('state').textContent()).includes('live'))
  away = false
  const again = await connect('root', '')
  await shown(page, again)
  load.resume()
  await t('sql').locator('li').first().waitFor({ timeout: LIMIT })
  console.log('restarted')

  // Memory stays flat.
  const cdp = await context.newCDPSession(page)
  const drawn = () => page.evaluate(() => Number(document.documentElement.dataset.renders))
  const heap = async () => {
    for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Runtime.getHeapUsage')).usedSize
  }
  const first = await drawn()
  const reach = async (n) => {
    while ((await drawn()) < n) await new Promise((go) => setTimeout(go, 200))
  }
  await reach(first + 600)
  const before = await heap()
  await reach(first + 600 + RENDERS)
  let after = await heap()
  for (let i = 0; i < 3 && after >= before + 1e6; i++) { // what is on its way for a moment goes; a leak does not
    await reach((await drawn()) + 300)
    after = await heap()
  }
  console.log(`heap: ${(before / 1e6).toFixed(2)} MB, and ${(after / 1e6).toFixed(2)} MB after ${RENDERS} more updates`)
  assert.ok(after < before + 1e6, `the heap grew from ${before} to ${after}`)

  // How it looks, and that nothing is too wide.
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme })
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await until('the theme', () => page.evaluate((s) => document.documentElement.dataset.theme === s, scheme))
      await until('it fits', () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      await shoot(page, `${scheme}-${width}`)
    }
  }
  await t('theme').click()
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light')
  await page.getByRole('button', { name: 'log out' }).click()
  await page.locator('[name=password]').waitFor()
  await load.stop()
  await browser.close()
  await Promise.all([root.end().catch(() => {}), again.end(), a.end().catch(() => {}), b.end().catch(() => {})])
  assert.deepEqual(errors, [])
  console.log('all well')
  process.exit(0)
}

const shoot = (page, name) => page.screenshot({ path: path.join(shots, `page-${name}.png`), fullPage: true })

// shown commits, and gives how many milliseconds later the page shows an SCN that is as new.
async function shown(page, db) {
  await page.evaluate(() => {
    window.seen = []
    window.watch?.disconnect()
    const scn = document.querySelector('[data-test=scn]')
    window.watch = new MutationObserver(() => window.seen.push([Number(scn.textContent.replace(/\D/g, '')), Date.now()]))
    window.watch.observe(scn, { childList: true, characterData: true, subtree: true })
  })
  await db.query('INSERT INTO shop.ticks () VALUES ()')
  const committed = Date.now()
  const [[{ scn }]] = await db.query('SELECT current_scn() AS scn')
  return until(`SCN ${scn} on the screen`, async () => {
    const hit = (await page.evaluate(() => window.seen)).find(([n]) => n >= scn)
    return hit && Math.max(hit[1] - committed, 1)
  })
}

// past makes a table that is changed and dropped later, and gives the SCN at which it was whole.
async function past(db) {
  await db.query('CREATE TABLE shop.gone (id INT PRIMARY KEY, v VARCHAR(20))')
  await db.query("INSERT INTO shop.gone VALUES (1, 'as it was')")
  const [[then]] = await db.query('SELECT current_scn() AS scn, UNIX_TIMESTAMP(scn_to_timestamp(current_scn())) * 1000 AS time')
  await db.query("UPDATE shop.gone SET v = 'as it is'")
  await db.query('DROP TABLE shop.gone')
  return { scn: Number(then.scn), time: Number(then.time) }
}

// startLoad has ada count and others commit, until it is stopped.
function startLoad() {
  const load = { on: true, held: false }
  const play = async (user, password, text) => {
    let db
    while (load.on) {
      try {
        if (load.held) throw new Error('held')
        db ??= await connect(user, password)
        await db.query(text)
      } catch {
        db?.destroy()
        db = undefined
        await new Promise((go) => setTimeout(go, 50))
      }
    }
    db?.destroy()
  }
  const all = [
    play('ada', 'lovelace', 'SELECT COUNT(*) AS from_ada FROM shop.many a JOIN shop.many b ON a.id + b.id > 900'),
    play('root', '', "UPDATE shop.orders SET note = 'busy' WHERE id = 1"), play('root', '', "UPDATE shop.orders SET note = 'busier' WHERE id = 1"),
  ]
  load.pause = () => { load.held = true }
  load.resume = () => { load.held = false }
  load.stop = () => { load.on = false; return Promise.all(all) }
  return load
}

main().catch((e) => {
  console.log('failed:', e.stack)
  process.exit(1)
})
