import { ask, changed, data, listen, moved, sender, take } from './store.js'

// The WebSocket: it comes back by itself, and gets what it has missed by the newest second that it has.

let socket
let wait = 250
let timer

// ?renders=20 draws each frame so many times, for those who look whether memory stays flat; <html data-renders> then counts.
const repeats = Number(new URLSearchParams(location.search).get('renders')) || 1
if (repeats > 1) listen(() => { document.documentElement.dataset.renders = data.renders })

export async function call(path, body) {
  const r = await fetch('/page/' + path, body ? { method: 'POST', body: JSON.stringify(body) } : undefined)
  const out = await r.json().catch(() => ({ error: `the node answered ${r.status}` }))
  if (!r.ok) throw Object.assign(new Error(out.error || `the node answered ${r.status}`), { status: r.status })
  return out
}

// connect asks who is logged in, and then listens.
export async function connect() {
  clearTimeout(timer)
  try {
    const me = await call('me')
    data.me = me.user === null ? null : me
  } catch {
    data.state = data.frames ? 'reconnecting' : 'connecting'
    again()
    return
  }
  if (!data.me) {
    changed()
    return
  }
  const since = data.points.t.at(-1) || data.log[0].at(-1) || 0
  socket = new WebSocket(`ws${location.protocol === 'https:' ? 's' : ''}://${location.host}/page/live?since=${since}`)
  const own = socket
  own.onopen = () => {
    wait = 250
    data.state = 'live'
    sender.send = (text) => own.readyState === WebSocket.OPEN && own.send(text)
    ask()
    changed()
  }
  own.onmessage = (m) => {
    take(JSON.parse(m.data))
    for (let i = 1; i < repeats; i++) setTimeout(moved, (i * 100) / repeats)
  }
  own.onclose = () => {
    if (own !== socket) return
    sender.send = null
    data.state = 'reconnecting'
    again()
  }
}

function again() {
  changed()
  timer = setTimeout(connect, wait)
  wait = Math.min(wait * 2, 4000)
}

export async function login(user, password) {
  await call('login', { user, password })
  await connect()
}

export async function logout() {
  await call('logout', {})
  const old = socket
  socket = null
  sender.send = null
  old?.close()
  data.me = null
  data.summary = null
  changed()
}
