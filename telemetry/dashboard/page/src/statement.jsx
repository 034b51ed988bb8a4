import { useEffect, useState } from 'preact/hooks'
import { count, micros } from './format.js'
import { call } from './live.js'
import { ALL, answered, data, elsewhere, look, view } from './store.js'

const REFRESH = 2000

// Statement tells of the SQL that was chosen, on each node that is looked at.
export function Statement() {
  if (!view.sql) return null
  const nodes = view.node === ALL ? answered()?.nodes || [] : [elsewhere() ? view.node : data.hello.node]
  return nodes.map((n) => <OnNode key={n} node={n} />)
}

// OnNode has text, figures, operators of what runs, and the plan of the latest slow run.
function OnNode({ node }) {
  const [found, setFound] = useState(null)
  useEffect(() => {
    setFound(null)
    if (!view.sql) return
    let stale = false
    const own = view.sql
    const read = () => call(`statement?sql=${own}&node=${encodeURIComponent(node)}`).then((x) => stale || setFound({ ...x, sql: own }), (e) => stale || setFound({ error: e.message, sql: own }))
    read()
    const again = setInterval(() => document.hidden || read(), REFRESH)
    return () => { stale = true; clearInterval(again) }
  }, [view.sql])
  const f = found?.figures?.[0]
  const slow = found?.slow?.[0]
  const plan = found?.plan || []
  const most = Math.max(...plan.map((p) => Number(p.time_us) || 0), 1)
  return (
    <section class="panel wide" data-test="statement-panel">
      <header><h2>SQL {view.sql}</h2><p class="quiet">since it was first seen{elsewhere() ? `, on ${node}` : ''}</p><button class="plain" onClick={() => look({ sql: '' })}>close ✕</button></header>
      {found?.error && <p class="bad">{found.error}</p>}
      {f && <pre>{f.sql_text}</pre>}
      {f && (
        <ul class="figures">
          {[['runs', count(f.executions)], ['errors', count(f.errors)], ['average', micros(f.average_us)], ['half within', micros(f.p50_us)], ['95 % within', micros(f.p95_us)], ['99 % within', micros(f.p99_us)], ['longest', micros(f.max_us)], ['rows read a run', f.executions > 0 ? count(f.rows_read / f.executions) : '–'], ['rows sent a run', f.executions > 0 ? count(f.rows_processed / f.executions) : '–']].map(([k, v]) => <li><span class="quiet small">{k}</span><b>{v}</b></li>)}
        </ul>
      )}
      {plan.length > 0 && (
        <>
          <h3>Running now, session #{plan[0].sid}</h3>
          <div class="scroll"><table class="plan" data-test="plan">
            <thead><tr><th>Operation</th><th class="n">Rows</th><th class="n">Expected</th><th class="n">Starts</th><th>Time, by samples</th></tr></thead>
            <tbody>{plan.map((p, i) => (
              <tr key={i} class={p.running === '1' ? 'running' : ''}>
                <td><code>{p.running === '1' ? '▶ ' : '  '}{p.operation}</code></td><td class="n">{count(p.rows_given)}</td><td class="n">{count(p.rows_estimated)}</td><td class="n">{count(p.starts)}</td>
                <td><span class="heat" style={{ width: `${(100 * (Number(p.time_us) || 0)) / most}%` }} />{Number(p.time_us) ? micros(p.time_us) : ''}</td>
              </tr>))}</tbody>
          </table></div>
        </>
      )}
      {slow?.plan_text && <details open={!plan.length}><summary>Plan of the latest slow run: {micros(slow.elapsed_us)}, {count(slow.rows_read)} rows read, {count(slow.rows_sent)} sent, at {String(slow.started).slice(0, 19)} by {slow.user}</summary><pre>{slow.plan_text}</pre></details>}
    </section>
  )
}
