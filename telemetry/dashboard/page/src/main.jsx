import 'uplot/dist/uPlot.min.css'
import './style.css'
import { render } from 'preact'
import { useEffect, useReducer, useState } from 'preact/hooks'
import { count } from './format.js'
import { Hero } from './hero.jsx'
import { connect, login, logout } from './live.js'
import { Locks, Nodes, rows, Sessions } from './now.jsx'
import { onTheme, paint, setTheme, theme } from './palette.js'
import { Past, restore, Slider } from './past.jsx'
import { Pipeline } from './pipeline.jsx'
import { Hot, Recover } from './recover.jsx'
import { Statement } from './statement.jsx'
import { ask, changed, data, elsewhere, listen, moved, readHash } from './store.js'
import { Filters, TopEvents, TopSessions, TopSQL } from './top.jsx'
import { Which } from './which.jsx'

const Mark = () => <svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d="M1 14V5l3 2V4l4 3 4-3v3l3-2v9z" /></svg>

function Theme() {
  const next = theme() === 'dark' ? 'light' : 'dark'
  return <button class="plain" onClick={() => { setTheme(next); changed() }} aria-label={`Switch to ${next}`} data-test="theme">{next === 'dark' ? '☾' : '☀'} <span class="wide-only">{next}</span></button>
}

function Top() {
  const ill = rows('health').list.filter((h) => h.healthy !== '1')
  const known = rows('health').list.length > 0
  return (
    <header class="top">
      <a class="brand" href="#main"><Mark />Redoubt</a>
      <span class="quiet">{data.hello?.node} <span class="wide-only">{data.hello?.version}</span></span>
      <span class={`pill ${data.state === 'live' ? 'good' : 'warn'}`} role="status" data-test="state">{data.state === 'live' ? '● live' : `○ ${data.state} …`}</span>
      {known && <span class={`pill ${ill.length ? 'warn' : 'good'}`}>{ill.length ? `✕ ${ill.length} of ${rows('health').list.length} checks fail` : '✓ healthy'}</span>}
      <span class="pill scn-now" title="SCN of the newest commit" data-test="scn">SCN {count(data.parts.now?.scn)}</span>
      <span class="space" />
      <Theme />
      <span class="quiet wide-only">{data.me?.user}</span>
      <button class="plain" onClick={logout}>log out</button>
    </header>
  )
}

function Login() {
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const send = async (e) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget)
    setBusy(true)
    setError('')
    await login(form.get('user'), form.get('password')).catch((x) => setError(x.message))
    setBusy(false)
  }
  return (
    <main class="login">
      <form onSubmit={send}>
        <h1><Mark />Redoubt</h1>
        <p class="quiet">Log in as a user of the database who may SELECT everything.</p>
        <label>User<input name="user" autocomplete="username" required autofocus /></label>
        <label>Password<input name="password" type="password" autocomplete="current-password" /></label>
        {error && <p class="bad" role="alert">{error}</p>}
        <button disabled={busy}>Log in</button>
        <Theme />
      </form>
    </main>
  )
}

function Page() {
  const [, again] = useReducer((n) => n + 1, 0)
  useEffect(() => listen(again), [])
  paint(data.hello?.classes || [])
  if (data.me === null) return <Login />
  if (!data.hello) return <main class="login"><p class="quiet">{data.me === undefined ? 'Connecting …' : 'Loading …'}</p></main>
  return (
    <>
      <Top />
      <main id="main">
        <Which />
        {data.hello.sampled || elsewhere() ? <Hero /> : <section class="panel">This node takes no samples: setting <code>sampling</code> is off. What follows works without.</section>}
        <Slider />
        <Past />
        <Filters />
        {data.error && <p class="bad">{data.error}</p>}
        <div class="columns"><TopSQL /><div><TopSessions /></div><TopEvents /></div>
        <Statement />
        <Sessions />
        <div class="columns half"><Pipeline /><div><Locks /><Hot /></div></div>
        <div class="columns half"><Nodes /><Recover /></div>
      </main>
    </>
  )
}

setTheme()
onTheme(() => { setTheme(); changed() })
readHash()
addEventListener('hashchange', () => { readHash(); ask(); restore(); moved() })
render(<Page />, document.getElementById('page'))
connect().then(restore)
