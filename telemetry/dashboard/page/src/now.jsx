import { count, length, micros } from './format.js'
import { ALL, data, elsewhere, locksNow, look, now, sessionsNow, view } from './store.js'

const age = (since) => (since ? micros(Math.max(now() * 1000 - since, 0)) : '')

// Locks is who waits for whom, as a tree: below each session those that wait for it.
export function Locks() {
  const all = sessionsNow()?.sessions || []
  const key = (s) => `${s.node || ''}#${s.id}` // numbers of sessions are a node's own
  const blocker = (s) => (s.blocker ? `${s.node || ''}#${s.blocker}` : '')
  const by = new Map(all.map((s) => [key(s), s]))
  const below = new Map()
  for (const s of all) if (s.blocker) below.set(blocker(s), [...(below.get(blocker(s)) || []), s])
  const roots = [...below.keys()].filter((id) => !by.get(id)?.blocker)
  const locks = Array.isArray(locksNow()) ? locksNow() : []
  const waited = (s) => locks.find((l) => Number(l.connection_id) === s.id && (l.node || '') === (s.node || ''))
  const branch = (s, seen) => {
    const l = waited(s)
    return (
      <li key={key(s)}>
        <Who s={s} /> {s.blocker ? <span class="bad">waits {age(s.since)} for {l ? <code>{[l.schema_name, l.table_name].filter(Boolean).join('.')}{l.lock_key ? ` row ${l.lock_key}` : ''}</code> : s.event}</span>
          : s.state === 'IDLE' ? <span class="quiet">idle in a transaction: nothing runs, its locks stay</span> : <span class="quiet">{s.state === 'WAITING' ? s.event : 'on the CPU'} {age(s.began)}</span>}
        {below.has(key(s)) && !seen.has(key(s)) && <ul>{below.get(key(s)).map((x) => branch(x, new Set([...seen, key(s)])))}</ul>}
      </li>
    )
  }
  const circle = [...below.keys()].length > 0 && !roots.length
  return (
    <section class="panel" data-test="locks">
      <header><h2>Who blocks whom</h2><p class="quiet">now</p></header>
      {roots.length || circle ? <ul class="tree">{(circle ? [...below.keys()].slice(0, 1) : roots).map((id) => branch(by.get(id) || { id: Number(id.split('#').pop()), node: id.slice(0, id.lastIndexOf('#')), user: '?', state: '' }, new Set()))}</ul>
        : <p class="quiet">✓ No session waits for another one.</p>}
    </section>
  )
}

// whose goes to the node of a session that is chosen among those of all.
export const whose = (s) => (view.node === ALL ? { node: s.node === data.hello?.node ? '' : s.node } : {})

function Who({ s }) {
  const chosen = view.session === s.id && view.node !== ALL
  return <button class="plain" aria-pressed={chosen} onClick={() => look(chosen ? { session: 0, serial: 0 } : { ...whose(s), session: s.id, serial: s.serial || 0 })}><b>#{s.id}</b> {s.user}{view.node === ALL && <span class="quiet"> on {s.node}</span>}</button>
}

export function Sessions() {
  const n = sessionsNow()
  const list = (n?.sessions || []).filter((s) => s.state !== 'IDLE' && (!view.sql || s.sql === view.sql) && (!view.session || s.id === view.session) && (view.cls < 0 || s.class === view.cls) && (!view.user || s.user === view.user))
  const texts = new Map((data.summary?.sql || []).map((e) => [e.key, e.info?.sql_text || '']))
  const most = 12
  return (
    <section class="panel wide" data-test="active-sessions">
      <header><h2>Active sessions</h2><p class="quiet">now: {list.length}{n?.hidden ? `, and ${n.hidden} that there is no room for` : ''}</p></header>
      {list.length ? (
        <div class="scroll"><table>
          <thead><tr><th>Session</th><th>Does</th><th class="n">For</th><th>Statement</th><th class="n">Runs</th><th class="n">Reads SCN</th></tr></thead>
          <tbody>
            {list.slice(0, most).map((s) => (
              <tr key={`${s.node || ''}#${s.id}`}>
                <td><Who s={s} /> <span class="quiet">{s.program || s.host}</span></td>
                <td><i class={`swatch c${s.class}`} />{s.state === 'ON CPU' ? 'on the CPU' : s.event}{s.blocker ? <span class="bad"> by #{s.blocker}</span> : null}</td>
                <td class="n">{age(s.since)}</td>
                <td class="what"><code>{texts.get(s.sql) || s.kind || s.sql}</code></td>
                <td class="n">{age(s.began)}</td>
                <td class="n">{s.read_scn ? count(s.read_scn) : ''}</td>
              </tr>
            ))}
          </tbody>
        </table></div>
      ) : <p class="quiet">{n || !elsewhere() ? 'Nobody is active at this moment.' : 'Nobody has answered yet.'}</p>}
      {list.length > most && <p class="quiet small">{list.length - most} more are active.</p>}
    </section>
  )
}

// rows gives a part of the page, or why it cannot be read.
export function rows(name) {
  const p = data.parts[name]
  return { list: Array.isArray(p) ? p : [], error: p?.error }
}

// Protects tells what a node is for the durability of commits. Of standbys only the node that leads knows it.
function Protects({ n, standby, leads, voters }) {
  if (n.voter === '1') return voters > 1 ? <span>with a majority of {voters}</span> : <span class="quiet">alone</span>
  if (!standby) return <span class="quiet">{leads ? '–' : 'ask the leader'}</span>
  if (standby.status === 'DEGRADED') return <span class="bad">✕ not now</span>
  if (n.up !== '1' && standby.status !== 'ASYNC') return <span class="bad">{standby.protection}, no answer</span>
  return <span>{standby.status === 'ASYNC' ? 'no (async)' : `✓ ${standby.protection}`}</span>
}

// Trouble says in whole sentences what is wrong with nodes.
function Trouble({ list, standbys }) {
  const lag = (s) => `${count(s.lag_entries)} ${Number(s.lag_entries) === 1 ? 'entry' : 'entries'} of the log`
  return (
    <>
      {[...standbys.values()].filter((s) => s.status === 'DEGRADED').map((s) => (
        <p key={s.node} class="bad small">{s.node} lacks {lag(s)}: {s.protection === 'sync' ? 'nothing is committed' : 'commits go on without it'} until it has caught up.</p>
      ))}
      {list.filter((n) => n.up !== '1' && n.message).map((n) => <p key={n.node} class="bad small">{n.node} does not answer: {n.message}</p>)}
    </>
  )
}

export function Nodes() {
  const { list, error } = rows('nodes')
  const health = rows('health').list
  const ill = health.filter((h) => h.healthy !== '1')
  const standbys = new Map(rows('standbys').list.map((s) => [s.node, s]))
  const leads = list.some((n) => n.self === '1' && n.role === 'LEADER')
  return (
    <section class="panel" data-test="nodes">
      <header><h2>Nodes</h2><p class="quiet">and how far each is</p></header>
      {error && <p class="quiet">{error}</p>}
      <div class="scroll"><table>
        <thead><tr><th>Node</th><th>Role</th><th>Commits wait for it</th><th class="n">SCN</th><th class="n">Behind</th><th>State hash</th></tr></thead>
        <tbody>
          {list.map((n) => (
            <tr key={n.node} class={n.up === '1' ? '' : 'bad'}>
              <td>{n.up === '1' ? '✓' : '✕'} <b title={n.mysql_address}>{n.node}</b>{n.self === '1' ? ' (this)' : ''}</td>
              <td>{n.role}</td>
              <td><Protects n={n} standby={standbys.get(n.node)} leads={leads} voters={list.filter((x) => x.voter === '1').length} /></td>
              <td class="n">{count(n.applied_scn)}</td>
              <td class="n">{n.up === '1' ? (Number(n.lag_scn) ? `${count(n.lag_scn)} (${length(Number(n.lag_milliseconds))})` : 'no') : '–'}</td>
              <td class="mono small">{n.state_hash ? `${n.state_hash} @${count(n.hash_scn)}` : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table></div>
      <Trouble list={list} standbys={standbys} />
      <h3>Health</h3>
      <ul class="checks" data-test="health">
        {health.map((h) => <li key={h.name} class={h.healthy === '1' ? '' : 'bad'} title={h.message || ''}>{h.healthy === '1' ? '✓' : '✕'} {h.name}</li>)}
      </ul>
      {ill.map((h) => <p class="bad small">{h.name}: {h.message}</p>)}
    </section>
  )
}
