import { useState } from 'preact/hooks'
import { axis, Chart, cut, marks, once, timeAxis } from './chart.jsx'
import { active, clock, length, span } from './format.js'
import { colour, tile } from './palette.js'
import { answered, bounds, data, elsewhere, filtered, look, sessionsNow, view } from './store.js'

const ranges = [300e3, 900e3, 3600e3, 6 * 3600e3, 24 * 3600e3]

// source is what the chart shows: the seconds that came live, or what the node made of samples for a filter or an older past.
function source() {
  const made = data.summary?.chart
  if (elsewhere() && !made) return { t: [], a: {}, gap: 0 }
  const gap = 2.5 * Math.max(view.range / 600, 1000) + (made ? 25e3 : 0)
  if (made && (elsewhere() || filtered() || view.range > 3600e3 || view.end)) return { t: made.t, a: made.a, gap }
  return made ? joined(made) : { ...data.points, gap: 4000 }
}

// joined is what is on the node's disk up to the first second that is known, and the seconds from there on.
function joined(made) {
  const { t, a } = data.points
  let n = 0
  while (n < made.t.length && !(made.t[n] >= (t[0] ?? Infinity))) n++
  const out = { t: made.t.slice(0, n).concat(t), a: {}, gap: 15e3 }
  for (const c of new Set([...Object.keys(made.a), ...Object.keys(a)])) {
    out.a[c] = (made.a[c] || new Array(made.t.length).fill(0)).slice(0, n).concat(a[c] || new Array(t.length).fill(0))
  }
  return out
}

// shown lists the classes that have something in the chart, CPU at the bottom.
const shown = (a) => Object.keys(a).map(Number).filter((c) => a[c].some((v) => v > 0)).sort((x, y) => x - y)

// stacked gives the tops of the layers, the highest first, so that each covers what is below it.
function stacked(columns) {
  const tops = []
  let below = null
  for (const column of columns.slice(1)) {
    below = column.map((v, i) => (v === null ? null : v + (below ? below[i] : 0)))
    tops.unshift(below)
  }
  return [columns[0], ...tops]
}

// drawn is all that the chart shows.
const drawn = once(() => {
  const s = source()
  const list = shown(s.a)
  const columns = cut([s.t, ...list.map((c) => s.a[c])], s.gap)
  return { list, columns, tops: stacked(columns) }
})

const options = (list) => () => ({
  cursor: { drag: { x: false, y: false }, sync: { key: 'time' }, points: { show: false } },
  scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(max * 1.12, 1)] } },
  series: [{}, ...[...list].reverse().map((c) => ({
    stroke: () => colour(c), width: 1, points: { show: false },
    fill: (u) => u.ctx.createPattern(tile(c), 'repeat'),
  }))],
  axes: [timeAxis(), axis({ size: 34, values: (_, list) => list.map((v) => (v % 1 ? v.toFixed(1) : String(v))) })],
  plugins: [marks(), cpus()],
  hooks: { setCursor: [(u) => u.hovered?.(u.cursor.idx)] },
})

// cpus draws how many processors the node has: what is on the CPU above that line waits for one.
const cpus = () => ({
  hooks: {
    draw: [(u) => {
      const n = elsewhere() ? answered()?.cpus : data.hello?.cpus
      if (!n || n > u.scales.y.max) return
      const y = u.valToPos(n, 'y', true)
      const g = u.ctx
      const quiet = getComputedStyle(document.documentElement).getPropertyValue('--text')
      g.save()
      g.strokeStyle = g.fillStyle = quiet
      g.globalAlpha = 0.75
      g.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio])
      g.beginPath()
      g.moveTo(u.bbox.left, y)
      g.lineTo(u.bbox.left + u.bbox.width, y)
      g.stroke()
      g.font = `600 ${11 * devicePixelRatio}px ui-sans-serif, system-ui, sans-serif`
      g.textAlign = 'left'
      g.lineWidth = 3 * devicePixelRatio
      g.setLineDash([])
      g.globalAlpha = 1
      g.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--panel')
      g.strokeText(`${n} CPUs`, u.bbox.left + 6, y - 5 * devicePixelRatio)
      g.fillText(`${n} CPUs`, u.bbox.left + 6, y - 5 * devicePixelRatio)
      g.restore()
    }],
  },
})

export const SHORTEST = 5e3

// setWindow keeps a window inside of the chart, and not too short.
function setWindow(from, to) {
  const b = bounds()
  let size = Math.min(Math.max(to - from, SHORTEST), view.range)
  from = Math.min(Math.max(from, b.start), b.end - size)
  const still = view.end ? {} : b.end - (from + size) < 1500 ? { from: 0, to: 0, window: size } : null
  look(still && !view.end ? still : { from, to: from + size, window: size })
}

// drag lets the window be moved, made longer at its ends, and drawn anew, by pointer and by keys.
function drag(u) {
  const pane = document.createElement('div')
  pane.className = 'window'
  pane.tabIndex = 0
  pane.setAttribute('role', 'slider')
  pane.setAttribute('aria-label', 'Window of time. Arrow keys move it, with Shift they change its length, Escape follows the present.')
  pane.innerHTML = '<i class="west"></i><i class="east"></i>'
  u.over.append(pane)
  u.hero = true
  const place = () => {
    const b = bounds()
    const x = (at) => Math.min(Math.max(u.valToPos(at / 1000, 'x'), 0), u.over.clientWidth)
    pane.style.left = x(b.from) + 'px'
    pane.style.width = Math.max(x(b.to) - x(b.from), 2) + 'px'
    pane.setAttribute('aria-valuemin', 0)
    pane.setAttribute('aria-valuemax', Math.round(view.range / 1000))
    pane.setAttribute('aria-valuenow', Math.round((b.to - b.start) / 1000))
    pane.setAttribute('aria-valuetext', `${clock(b.from)} to ${clock(b.to)}${b.live ? ', follows the present' : ''}`)
  }
  u.after = place
  let held
  const at = (e) => u.posToVal(Math.min(Math.max(e.clientX - u.over.getBoundingClientRect().left, 0), u.over.clientWidth), 'x') * 1000
  const down = (e) => {
    if (e.button) return
    const b = bounds()
    const what = e.target.className === 'west' ? 'west' : e.target.className === 'east' ? 'east' : e.target === pane ? 'all' : 'new'
    held = { what, x: at(e), from: b.from, to: b.to, moved: false, px: e.clientX }
    u.over.setPointerCapture(e.pointerId)
    pane.focus({ preventScroll: true })
    e.preventDefault()
  }
  const move = (e) => {
    if (!held || (!held.moved && Math.abs(e.clientX - held.px) < 3)) return
    held.moved = true
    const x = at(e)
    const d = x - held.x
    if (held.what === 'all') setWindow(held.from + d, held.to + d)
    if (held.what === 'west') setWindow(Math.min(held.from + d, held.to - SHORTEST), held.to)
    if (held.what === 'east') setWindow(held.from, Math.max(held.to + d, held.from + SHORTEST))
    if (held.what === 'new') setWindow(Math.min(held.x, x), Math.max(held.x, x))
    place()
  }
  const up = () => {
    if (held && !held.moved && held.what === 'new') setWindow(held.x - view.window / 2, held.x + view.window / 2)
    held = null
  }
  const key = (e) => {
    const b = bounds()
    const step = (e.key === 'ArrowLeft' ? -1 : e.key === 'ArrowRight' ? 1 : 0) * Math.max((b.to - b.from) / 10, 1000)
    if (e.key === 'Escape') look({ from: 0, to: 0, end: 0 })
    else if (!step) return
    else if (e.shiftKey) setWindow(b.from - step, b.to)
    else setWindow(b.from + step, b.to + step)
    e.preventDefault()
    place()
  }
  u.over.addEventListener('pointerdown', down)
  u.over.addEventListener('pointermove', move)
  u.over.addEventListener('pointerup', up)
  u.over.addEventListener('pointercancel', up)
  pane.addEventListener('keydown', key)
  place()
}

export function Hero() {
  const [hover, setHover] = useState(null)
  const { list, columns, tops } = drawn()
  const b = bounds()
  const names = data.hello?.classes || []
  const nowActive = sessionsNow()?.active
  const total = nowActive?.reduce((x, y) => x + y, 0)
  const at = hover !== null ? columns : null
  const value = (c) => {
    if (at) return at[list.indexOf(c) + 1]?.[hover]
    return classAverage(c)
  }
  const legend = [...new Set([...list, ...(view.cls >= 0 ? [view.cls] : [])])].sort((x, y) => x - y)
  return (
    <section class="panel hero" aria-labelledby="hero-title">
      <header>
        <div>
          <h1 id="hero-title">Average active sessions</h1>
          <p class="quiet">{at?.[0][hover] ? `at ${clock(at[0][hover] * 1000)} UTC` : `window ${clock(b.from)} – ${clock(b.to)} UTC, ${length(b.to - b.from)}`}{b.live && !at ? ', moving with the present' : ''}</p>
        </div>
        <p class="big" data-test="active"><b>{active(data.summary?.total)}</b><span>in the window</span></p>
        <p class="big"><b data-test="now">{total ?? '–'}</b><span>active now of {sessionsNow()?.logged ?? '–'}</span></p>
        <div class="group" role="group" aria-label="Length of the charts">
          {ranges.map((r) => <button aria-pressed={view.range === r} onClick={() => look({ range: r, window: Math.max(r / 15, SHORTEST), from: 0, to: 0, end: 0 })}>{span(r)}</button>)}
        </div>
        {!b.live && <button class="live" onClick={() => look({ from: 0, to: 0, end: 0 })}>Follow the present</button>}
      </header>
      <ul class="legend" aria-label="Classes of waits">
        {legend.map((c) => (
          <li><button aria-pressed={view.cls === c} title={`Only ${names[c]}`} onClick={() => look({ cls: view.cls === c ? -1 : c })}>
            <i class={`swatch c${c}`} />{names[c]} <b>{active(value(c))}</b>
          </button></li>
        ))}
        {!legend.length && <li class="quiet">Nobody was active in this time.</li>}
      </ul>
      <Chart
        shape={'hero' + list} height={280} options={options(list)} values={tops} onMade={(u) => { u.hovered = (i) => setHover(i ?? null); return drag(u) }}
        label={`Average active sessions by class of waits from ${clock(b.start)} to ${clock(b.end)} UTC. The figures are in the lists below.`}
      />
    </section>
  )
}

// classAverage is the average of a class over the window.
function classAverage(c) {
  let sum = 0
  for (const e of data.summary?.events || []) if (e.class === c) sum += e.total
  return sum
}
