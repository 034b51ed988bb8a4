// The one state of the page, and who wants to know when it changes. What a link carries is in `view`; the rest comes from the node.

const HOUR = 3600e3

// ALL stands for every node.
export const ALL = '*'

export const view = {
  range: 900e3, // length of the charts, milliseconds
  end: 0, // their end, milliseconds since 1970; 0: now
  from: 0, // the window; 0: the last `window` milliseconds
  to: 0,
  window: 60e3,
  sql: '',
  session: 0,
  serial: 0,
  cls: -1,
  user: '',
  scn: 0, // the moment of the past that is looked at; 0: none
  table: '', // schema.table that is open as of then
  node: '', // whose sessions are shown; '': those of the node that serves the page; ALL: of every one
}

export const data = {
  me: undefined, // undefined: not known yet; null: nobody has logged in
  state: 'connecting', // live, or what it does about it
  hello: null,
  skew: 0, // the node's clock less ours
  points: { t: [], a: {} }, // average active sessions, each second
  log: [[], [], [], [], [], [], []],
  parts: {},
  summary: null,
  cluster: null, // what other nodes have answered, if they are looked at
  error: '',
  scnTime: 0, // of view.scn
  frames: 0,
  version: 0, // of what charts show: they are drawn again when it changes, the rest whenever anything does
  renders: 0,
}

const listeners = new Set()

export function listen(f) {
  listeners.add(f)
  return () => listeners.delete(f)
}

let waiting = false

// changed draws the page again, before the next picture of the screen. A page that nobody sees is not drawn.
export function changed() {
  if (waiting) return
  waiting = true
  const draw = () => {
    waiting = false
    data.renders++
    for (const f of listeners) f()
  }
  requestAnimationFrame(draw)
}

// moved is changed, for charts, too.
export function moved() {
  data.version++
  changed()
}

export const now = () => Date.now() + data.skew

// bounds gives chart and window in milliseconds since 1970.
export function bounds() {
  const newest = data.points.t.at(-1)
  const end = view.end || (newest && Math.abs(newest - now()) < 5000 ? newest : now())
  return { start: end - view.range, end, from: view.from || end - view.window, to: view.from ? view.to : end, live: !view.from }
}

export const filtered = () => view.sql !== '' || view.session !== 0 || view.cls >= 0 || view.user !== ''

const numbers = ['range', 'end', 'from', 'to', 'window', 'session', 'serial', 'scn']

// readHash makes the view what a link says.
export function readHash() {
  const q = new URLSearchParams(location.hash.slice(1))
  for (const n of numbers) view[n] = Number(q.get(n)) || 0
  view.range = view.range || 900e3
  view.window = view.window || 60e3
  view.sql = /^[0-9a-f]{16}$/.test(q.get('sql') || '') ? q.get('sql') : ''
  view.cls = q.has('class') ? Number(q.get('class')) : -1
  view.user = q.get('user') || ''
  view.table = q.get('table') || ''
  view.node = q.get('node') || ''
}

const defaults = { range: 900e3, window: 60e3 }

function writeHash() {
  const q = new URLSearchParams()
  for (const n of numbers) if (view[n] && view[n] !== defaults[n]) q.set(n, String(Math.round(view[n])))
  if (view.sql) q.set('sql', view.sql)
  if (view.cls >= 0) q.set('class', String(view.cls))
  if (view.user) q.set('user', view.user)
  if (view.table) q.set('table', view.table)
  if (view.node) q.set('node', view.node)
  const text = q.toString()
  if (text !== location.hash.slice(1)) history.replaceState(null, '', text ? '#' + text : location.pathname)
}

let asked = 0
let asking
export const sender = { send: null }

// ask tells the node what is looked at; answers to older questions are passed over.
export function ask() {
  clearTimeout(asking)
  asking = setTimeout(() => {
    if (!sender.send) return
    const v = { id: ++asked, range: Math.round(view.range), end: Math.round(view.end), from: Math.round(view.from), to: Math.round(view.to), window: Math.round(view.window) }
    if (view.sql) v.sql = view.sql
    if (view.session) Object.assign(v, { session: view.session, serial: view.serial })
    if (view.cls >= 0) v.class = view.cls
    if (view.user) v.user = view.user
    if (elsewhere()) v.node = view.node
    sender.send(JSON.stringify(v))
  }, 60)
}

export const isLatest = (id) => id === asked

// elsewhere tells whether sessions of other nodes are looked at.
export const elsewhere = () => view.node !== '' && view.node !== data.hello?.node

// answered is what the nodes that are looked at say, null until they do.
export const answered = () => (data.cluster?.node === view.node ? data.cluster : null)

// sessionsNow is what sessions of the nodes that are looked at do now, and locksNow what they wait for.
export const sessionsNow = () => (elsewhere() ? answered()?.now : data.parts.now)
export const locksNow = () => (elsewhere() ? answered()?.locks : data.parts.locks) || []

// look changes what is looked at. Sessions are a node's own: who looks at another node chooses among its.
export function look(change) {
  if ('node' in change && change.node !== view.node) {
    Object.assign(view, { session: 0, serial: 0 })
    Object.assign(data, { summary: null, cluster: null, error: '' })
  }
  Object.assign(view, change)
  writeHash()
  ask()
  moved()
}

export const goLive = () => look({ from: 0, to: 0, end: 0, scn: 0, table: '' })

// take adds a frame to what is known.
export function take(f) {
  data.frames++
  if (f.hello) {
    data.hello = f.hello
    data.skew = f.hello.now - Date.now()
  }
  if (f.points) addPoints(f.points)
  if (f.log) addLog(f.log)
  if (f.parts) Object.assign(data.parts, f.parts)
  if (f.cluster && f.cluster.node === view.node) data.cluster = f.cluster
  if (f.summary && isLatest(f.summary.id)) data.summary = f.summary
  if (f.error !== undefined) data.error = f.error
  if (f.points || f.log || f.summary || f.hello) data.version++
  changed()
}

const KEEP = 1.25 * HOUR

function addPoints(p) {
  const { t, a } = data.points
  for (const c of Object.keys(p.a)) a[c] ??= new Array(t.length).fill(0)
  for (const at of p.t) t.push(at)
  for (const c of Object.keys(a)) for (let i = 0; i < p.t.length; i++) a[c].push(p.a[c]?.[i] ?? 0)
  let old = 0
  while (old < t.length && t[old] < p.t.at(-1) - KEEP) old++
  if (old > 300) {
    t.splice(0, old)
    for (const c of Object.keys(a)) a[c].splice(0, old)
  }
}

function addLog(rows) {
  for (const r of rows) r.forEach((v, i) => data.log[i].push(v))
  let old = 0
  while (old < data.log[0].length && data.log[0][old] < rows.at(-1)[0] - KEEP) old++
  if (old > 300) for (const column of data.log) column.splice(0, old)
}
