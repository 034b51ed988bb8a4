import uPlot from 'uplot'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { clock } from './format.js'
import { bounds, data, view } from './store.js'
import { theme } from './palette.js'

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

// axis is what both axes of every chart have.
export const axis = (more) => ({
  stroke: () => css('--quiet'),
  grid: { stroke: () => css('--grid'), width: 1 },
  ticks: { show: false },
  font: '11px ui-sans-serif, system-ui, sans-serif',
  ...more,
})

export const timeAxis = (space = 76) => axis({ space, size: 26, values: (_, list, __, ___, step) => list.map((s) => clock(s * 1000).slice(0, step < 60 ? 8 : 5)) })

// marks draws the window and the SCN that is looked at into a chart.
export function marks() {
  return {
    hooks: {
      draw: [(u) => {
        const g = u.ctx
        const { top, height, left, width } = u.bbox
        const inside = (x) => Math.min(Math.max(u.valToPos(x / 1000, 'x', true), left), left + width)
        const b = bounds()
        g.save()
        g.fillStyle = css('--window')
        if (!u.hero) g.fillRect(inside(b.from), top, inside(b.to) - inside(b.from), height)
        const at = data.scnTime
        if (view.scn && at >= b.start && at <= b.end) {
          g.strokeStyle = css('--past')
          g.lineWidth = 2 * devicePixelRatio
          g.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
          g.beginPath()
          g.moveTo(inside(at), top)
          g.lineTo(inside(at), top + height)
          g.stroke()
        }
        g.restore()
      }],
    },
  }
}

// Chart is a uPlot that lives as long as `shape` and the theme stay as they are. `values` gives its columns, `options` the rest.
export function Chart({ shape, options, values, height, label, onMade }) {
  const box = useRef()
  const plot = useRef()
  const key = shape + theme()
  useLayoutEffect(() => {
    const width = () => Math.max(box.current.clientWidth, 120)
    const u = new uPlot({ width: width(), height, legend: { show: false }, padding: [8, 4, 0, 0], tzDate: (s) => uPlot.tzDate(new Date(s * 1e3), 'Etc/UTC'), ...options() }, values, box.current)
    plot.current = u
    const undo = onMade?.(u)
    const watch = new ResizeObserver(() => u.width !== width() && u.setSize({ width: width(), height }))
    watch.observe(box.current)
    return () => {
      watch.disconnect()
      undo?.()
      u.destroy()
      plot.current = null
    }
  }, [key, height])
  useLayoutEffect(() => {
    const u = plot.current
    if (!u || u.version === data.version) return
    u.version = data.version
    const b = bounds()
    u.batch(() => {
      u.setData(values, false)
      u.setScale('x', { min: b.start / 1000, max: b.end / 1000 })
    })
    u.after?.()
  })
  return <div class="chart" ref={box} role="img" aria-label={label} />
}

// once computes something when what charts show has changed, and else gives what it gave before.
export function once(f) {
  let version = -1
  let out
  return () => {
    if (version !== data.version) [version, out] = [data.version, f()]
    return out
  }
}

// cut gives the part of columns whose first, times in milliseconds, lies in the chart; a gap in time becomes a gap in the chart.
export function cut(columns, gap) {
  const b = bounds()
  const t = columns[0]
  let i = t.length
  while (i > 0 && t[i - 1] >= b.start - gap) i--
  let j = t.length
  while (j > i && t[j - 1] > b.end + gap) j--
  const out = columns.map(() => [])
  for (let k = i; k < j; k++) {
    if (k > i && t[k] - t[k - 1] > gap) {
      out[0].push((t[k - 1] + t[k]) / 2000)
      for (let c = 1; c < out.length; c++) out[c].push(null)
    }
    out[0].push(t[k] / 1000)
    for (let c = 1; c < out.length; c++) out[c].push(columns[c][k])
  }
  return out
}
