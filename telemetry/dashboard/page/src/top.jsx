import { active, count, micros } from './format.js'
import { whose } from './now.jsx'
import { ALL, data, look, view } from './store.js'

// Bar is time by class, each in its pattern, as long as it is against the longest; in words for those who do not see it.
export function Bar({ of, most }) {
  const names = data.hello?.classes || []
  const parts = Object.entries(of.active).map(([c, v]) => [Number(c), v]).sort((a, b) => a[0] - b[0])
  const text = parts.map(([c, v]) => `${names[c]} ${active(v)}`).join(', ')
  return (
    <span class="bar" role="img" aria-label={text} title={text}>
      {parts.map(([c, v]) => <i class={`c${c}`} style={{ width: `${(100 * v) / most}%` }} />)}
    </span>
  )
}

function List({ title, note, rows, empty, chosen, choose, head, cells, test }) {
  const most = Math.max(...rows.map((r) => r.total), 1e-9)
  return (
    <section class="panel" data-test={test}>
      <header><h2>{title}</h2><p class="quiet">{note}</p></header>
      <ol class="rows">
        {rows.map((r) => (
          <li key={r.key + '/' + (r.serial || '') + '/' + (r.node || '')}>
            <button aria-pressed={chosen(r)} onClick={() => choose(r)}>
              <span class="line"><span class="what">{head(r)}</span><b>{active(r.total)}</b></span>
              <Bar of={r} most={most} />
              {cells?.(r) && <span class="line quiet small">{cells(r)}</span>}
            </button>
          </li>
        ))}
      </ol>
      {!rows.length && <p class="quiet">{empty}</p>}
    </section>
  )
}

const text = (r) => (r.info?.sql_text || (r.kind ? `${r.kind} … its text is known when it ends` : '')).replace(/\s+/g, ' ')

export const TopSQL = () => (
  <List
    title="Top SQL" test="sql" note="by average active sessions in the window" rows={data.summary?.sql || []} empty="No statement ran in this window."
    chosen={(r) => view.sql === r.key} choose={(r) => look({ sql: view.sql === r.key ? '' : r.key })}
    head={(r) => <code>{text(r) || r.key}</code>}
    cells={(r) => <>{<span class="mono">{r.key.slice(0, 8)}</span>}<span>{count(r.info?.executions)} runs</span><span>avg {micros(r.info?.average_us)}</span><span>p95 {view.node === ALL ? '≤ ' : ''}{micros(r.info?.p95_us)}</span>{Number(r.info?.errors) > 0 && <span class="bad">{count(r.info.errors)} errors</span>}</>}
  />
)

export const TopSessions = () => (
  <List
    title="Top sessions" test="sessions" note="in the same window" rows={data.summary?.sessions || []} empty="No session was active in this window."
    chosen={(r) => view.session === Number(r.key) && view.serial === r.serial}
    choose={(r) => look(view.session === Number(r.key) && view.serial === r.serial ? { session: 0, serial: 0 } : { ...whose(r), session: Number(r.key), serial: r.serial })}
    head={(r) => <>#{r.key} <b>{r.user}</b> {view.node === ALL && <>on {r.node} </>}<span class="quiet">{r.program || ''} {r.host}</span></>}
    cells={(r) => (r.blocker ? <span class="bad">waited for #{r.blocker}</span> : null)}
  />
)

export const TopEvents = () => (
  <List
    title="What they waited for" test="events" note="in the same window" rows={data.summary?.events || []} empty="Nobody waited in this window."
    chosen={(r) => view.cls === r.class} choose={(r) => look({ cls: view.cls === r.class ? -1 : r.class })}
    head={(r) => <span title={data.hello?.events[r.key] || ''}><i class={`swatch c${r.class}`} />{r.key === 'ON CPU' ? 'On the CPU' : r.key}</span>}
    cells={(r) => <span>{data.hello?.classes[r.class]}{data.hello?.events[r.key] ? ': ' + data.hello.events[r.key] : ''}</span>}
  />
)

// Filters says what the lists are filtered by, and takes it away.
export function Filters() {
  const names = data.hello?.classes || []
  const chips = []
  if (view.sql) chips.push([`SQL ${view.sql.slice(0, 8)}`, { sql: '' }])
  if (view.session) chips.push([`session #${view.session}`, { session: 0, serial: 0 }])
  if (view.cls >= 0) chips.push([names[view.cls], { cls: -1 }])
  if (view.user) chips.push([`user ${view.user}`, { user: '' }])
  if (!chips.length) return null
  return (
    <p class="filters" data-test="filters">
      Only {chips.map(([name, off]) => <button onClick={() => look(off)} aria-label={`No longer only ${name}`}>{name} <span aria-hidden="true">✕</span></button>)}
      {chips.length > 1 && <button class="plain" onClick={() => look({ sql: '', session: 0, serial: 0, cls: -1, user: '' })}>all of them away</button>}
    </p>
  )
}
