import { axis, Chart, cut, marks, once, timeAxis } from './chart.jsx'
import { count, length } from './format.js'
import { rows } from './now.jsx'
import { data } from './store.js'

const ink = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const small = (series, unit) => () => ({
  cursor: { drag: { x: false, y: false }, sync: { key: 'time' }, points: { show: false } },
  scales: { x: { time: true }, y: unit ? { distr: 3, range: (_, min, max) => [10 ** Math.floor(Math.log10(min || 0.1)), 10 ** Math.ceil(Math.log10(Math.max(max || 1, 1.01)))] } : { range: (_, __, max) => [0, Math.max(max * 1.15, 1)] } },
  series: [{}, ...series.map((s) => ({ spanGaps: true, stroke: ink(s.ink), width: 1.6, dash: s.dash, fill: s.fill ? ink(s.fill) : undefined, points: { show: false } }))],
  axes: [timeAxis(56), axis({ size: 40, values: (_, l) => l.map((v) => (v === null ? '' : v >= 1e4 ? `${v / 1e3}k` : String(v))) })],
  plugins: [marks()],
})

const commits = [{ ink: '--ink1', fill: '--fill1' }]
const times = [{ ink: '--ink1' }, { ink: '--ink4', dash: [10, 4, 2, 4] }, { ink: '--ink2', dash: [6, 3] }, { ink: '--ink3', dash: [2, 3] }]

// known leaves out seconds in which nothing was measured: a logarithm has no 0.
const known = ([t, ...columns]) => [t, ...columns.map((c) => c.map((v) => v || null))]

const commitColumns = once(() => cut([data.log[0], data.log[2]], 4000))
const timeColumns = once(() => known(cut([data.log[0], data.log[3], data.log[4], data.log[5], data.log[6]], 4000)))

export function Pipeline() {
  const last = data.log.map((column) => column.at(-1))
  const archives = Array.isArray(data.parts.archive) ? data.parts.archive : []
  const several = rows('nodes').list.length > 1
  const ms = (v) => (v ? length(v) : 'none')
  const stage = (name, value, note, bad) => (
    <li class={bad ? 'bad' : ''}><span class="quiet">{name}</span><b>{value}</b><span class="quiet small">{note}</span></li>
  )
  return (
    <section class="panel" data-test="log">
      <header><h2>The log’s way</h2><p class="quiet">each commit: to the log, into the state, to the archive</p></header>
      <ol class="stages">
        {stage('Commits', `${count(last[2])}/s`, `wait ${ms(last[6])} each`)}
        {stage('Log write + sync', ms(last[3]), 'a batch')}
        {several && stage('Other nodes', ms(last[4]), 'until enough have it')}
        {stage('Apply', ms(last[5]), `up to SCN ${count(data.parts.now?.scn)}`)}
        {archives.length ? archives.map((a) => stage(`Archive ${a.status === 'OK' ? '✓' : '✕'} ${a.status}`, Number(a.gap_scn) ? `${length(Number(a.gap_milliseconds))} behind` : 'no gap', `${count(a.gap_scn)} commits, SCN ${count(a.archived_scn)}`, a.status === 'LATE' || a.status === 'FAILED')) : stage('Archive', 'none', 'setting archive is empty')}
      </ol>
      <div class="two">
        <figure><figcaption>Commits a second</figcaption>
          <Chart shape="commits" height={150} options={small(commits, '')} values={commitColumns()} label={`Commits a second, now ${count(last[2])}`} /></figure>
        <figure><figcaption><span class="k1">━ write + sync</span> {several && <><span class="k4">━╍ other nodes</span> </>}<span class="k2">╍ apply</span> <span class="k3">┅ commit, as sessions wait</span>, ms</figcaption>
          <Chart shape="times" height={150} options={small(times, 'ms')} values={timeColumns()} label={`Milliseconds: write and sync ${ms(last[3])}, ${several ? `other nodes ${ms(last[4])}, ` : ''}apply ${ms(last[5])}, commit ${ms(last[6])}`} /></figure>
      </div>
    </section>
  )
}
