import { useEffect, useState } from 'preact/hooks'
import { clock, count, moment } from './format.js'
import { call } from './live.js'
import { rows } from './now.jsx'
import { bounds, changed, data, look, moved, view } from './store.js'

let turn = 0

// goTo looks at an SCN: the charts move to its time, and the table that is open is read as of it.
export async function goTo(scn) {
  const own = ++turn
  look({ scn })
  await new Promise((go) => setTimeout(go, 60)) // the hand that slides is not done yet
  if (own !== turn) return
  try {
    const at = await call(`scn?scn=${scn}`)
    if (own !== turn) return
    data.scnTime = at.time
    data.scnError = ''
    const size = view.window
    const b = bounds()
    const outside = at.time < b.start || at.time > b.end
    look({ from: at.time - size, to: at.time, ...(outside ? { end: at.time + view.range / 2 } : {}) })
  } catch (e) {
    if (own !== turn) return
    data.scnError = e.message
    changed()
  }
}

// restore finds the time of the SCN that a link carries.
export async function restore() {
  if (!view.scn || data.scnTime) return
  const at = await call(`scn?scn=${view.scn}`).catch(() => null)
  if (at) data.scnTime = at.time
  moved()
}

async function goToTime(millis) {
  const at = await call(`scn?time=${Math.round(millis)}`).catch(() => null)
  if (at) goTo(at.scn)
}

export function leave() {
  turn++
  data.scnTime = 0
  look({ scn: 0, table: '', from: 0, to: 0, end: 0 })
}

export function Slider() {
  const newest = data.parts.now?.scn || view.scn || 1
  const oldest = Math.min(Math.max(Number(rows('flashback').list[0]?.oldest_flashback_scn) || 1, 1), newest)
  const at = view.scn || newest
  return (
    <section class={`panel slider ${view.scn ? 'past' : ''}`} aria-label="The past, by SCN" data-test="slider">
      <label for="scn"><b>{view.scn ? 'The past' : 'The present'}</b></label>
      <input id="scn" type="range" min={oldest} max={newest} step="1" value={at} aria-valuetext={`SCN ${at}${data.scnTime ? ', ' + moment(data.scnTime) : ''}`} onInput={(e) => goTo(Number(e.currentTarget.value))} />
      <span class="scn">SCN <input type="number" min={oldest} max={newest} value={at} aria-label="SCN" onChange={(e) => goTo(Math.min(Math.max(Number(e.currentTarget.value), oldest), newest))} /></span>
      <span class="quiet time">{data.scnError ? <span class="bad">{data.scnError}</span> : view.scn ? moment(data.scnTime) : 'now: slide back to see the database as it was'}</span>
      {!view.scn && view.from ? <button onClick={() => goToTime(view.to)}>To the window’s end</button> : null}
      {view.scn ? <button class="live" onClick={leave}>Back to the present</button> : null}
    </section>
  )
}

// Past shows the tables that there were at the SCN, and rows of one.
export function Past() {
  const [tables, setTables] = useState(null)
  const [found, setFound] = useState(null)
  useEffect(() => {
    let stale = false
    setTables(null)
    if (view.scn) call(`tables?scn=${view.scn}`).then((x) => stale || setTables(x.tables || []), (e) => stale || setTables(e))
    return () => { stale = true }
  }, [view.scn])
  useEffect(() => {
    let stale = false
    const dot = view.table.indexOf('.')
    if (view.scn && dot > 0) {
      const q = new URLSearchParams({ scn: view.scn, schema: view.table.slice(0, dot), table: view.table.slice(dot + 1) })
      call(`rows?${q}`).then((x) => stale || setFound({ ...x, scn: view.scn, table: view.table }), (e) => stale || setFound({ error: e.message, scn: view.scn, table: view.table }))
    } else setFound(null)
    return () => { stale = true }
  }, [view.scn, view.table])
  if (!view.scn) return null
  return (
    <section class="panel wide past" data-test="past">
      <header><h2>As of SCN {count(view.scn)}</h2><p class="quiet">{data.scnTime ? moment(data.scnTime) : ''}: what tables held then</p></header>
      <div class="tables" role="group" aria-label="Tables that there were">
        {tables instanceof Error ? <span class="bad">{tables.message}</span> : tables?.length === 0 ? <span class="quiet">There was no table.</span>
          : (tables || []).map(([s, t]) => <button key={s + '.' + t} aria-pressed={view.table === `${s}.${t}`} onClick={() => look({ table: view.table === `${s}.${t}` ? '' : `${s}.${t}` })}>{s}.{t}</button>)}
      </div>
      {found?.error && <p class="bad">{found.error}</p>}
      {found?.columns && (
        <>
          <p class="quiet small"><code data-test="statement">{found.statement}</code></p>
          <div class="scroll tall"><table data-scn={found.scn}>
            <thead><tr>{found.columns.map((c) => <th>{c}</th>)}</tr></thead>
            <tbody>{(found.rows || []).map((r, i) => <tr key={i}>{r.map((v) => <td>{v === null ? <span class="quiet">NULL</span> : v.length > 120 ? v.slice(0, 120) + '…' : v}</td>)}</tr>)}</tbody>
          </table></div>
          {!(found.rows || []).length && <p class="quiet">It had no rows.</p>}
          {found.more && <p class="quiet small">The first {found.rows.length} rows.</p>}
        </>
      )}
      {!view.table && tables?.length > 0 && <p class="quiet">Choose a table to read it as it was at {clock(data.scnTime)}.</p>}
    </section>
  )
}
