import { bytes, count, length } from './format.js'
import { rows } from './now.jsx'

// Recover is what is kept elsewhere, and what could be recovered from it.
export function Recover() {
  const archive = rows('archive').list
  const backups = rows('backups').list
  const reach = rows('recoverability')
  const progress = rows('progress').list
  const flashback = rows('flashback').list[0]
  const good = (b) => b.state === 'AVAILABLE' || b.state === 'OK' || b.state === 'usable'
  return (
    <section class="panel" data-test="recover">
      <header><h2>What can be recovered</h2><p class="quiet">archive, backups, history</p></header>
      <dl class="facts">
        <dt>Without a backup</dt>
        <dd>{flashback ? <>any SCN from <b>{count(flashback.oldest_flashback_scn)}</b> on <span class="quiet">({flashback.kept_by}; asked for: {String(flashback.retention_target).toLowerCase()})</span></> : '–'}</dd>
        {archive.map((a) => (
          <><dt class="cut" title={a.destination}>Archive {a.destination}</dt>
            <dd class={a.status === 'LATE' || a.status === 'FAILED' ? 'bad' : ''}>{a.status === 'OK' ? '✓' : '✕'} {a.status}, {Number(a.gap_scn) ? `${count(a.gap_scn)} commits, ${length(Number(a.gap_milliseconds))} behind` : 'has everything'}{a.error ? `: ${a.error}` : ''}</dd></>
        ))}
        {!archive.length && <><dt>Archive</dt><dd class="quiet">none: start the node with --archive, and what this machine loses can be recovered</dd></>}
        {reach.list.map((r) => (
          <><dt>SCN {count(r.first_scn)} – {count(r.last_scn)}</dt>
            <dd class={r.reachable === 'YES' ? '' : 'bad'}>{r.reachable !== 'YES' ? `✕ ${r.gap || r.reachable}` : `✓ in about ${length(Number(r.predicted_milliseconds))}, reading ${bytes(r.bytes)}`}{r.promised ? <span class="quiet"> · {String(r.promised)}</span> : null}</dd></>
        ))}
        {reach.error && <><dt>Recoverability</dt><dd class="bad">{reach.error}</dd></>}
      </dl>
      <h3>Backups</h3>
      {progress.map((p) => <p>{p.kind}: {p.step} <progress max={Number(p.bytes_total) || 1} value={Number(p.bytes_done)} /> {bytes(p.bytes_done)} of {bytes(p.bytes_total)}</p>)}
      {backups.length ? (
        <div class="scroll"><table>
          <thead><tr><th>Backup</th><th>Kind</th><th class="n">SCN</th><th>Of</th><th class="n">Size</th><th>State</th></tr></thead>
          <tbody>{backups.map((b) => <tr key={b.backup_id} class={b.problem ? 'bad' : ''}><td class="mono small">{b.backup_id}</td><td>{b.kind}</td><td class="n">{count(b.scn)}</td><td>{String(b.time || '').slice(0, 19)}</td><td class="n">{bytes(b.bytes)}</td><td>{b.problem ? `✕ ${b.problem}` : `${good(b) ? '✓ ' : ''}${b.state}`}</td></tr>)}</tbody>
        </table></div>
      ) : <p class="quiet">There is no backup. <code>BACKUP DATABASE</code> makes one.</p>}
    </section>
  )
}

export function Hot() {
  const { list, error } = rows('redo')
  const most = Math.max(...list.map((r) => Number(r.changes)), 1)
  return (
    <section class="panel" data-test="hot">
      <header><h2>Tables written most</h2><p class="quiet">in the last ten minutes, from the log</p></header>
      <ol class="rows">
        {list.map((r) => (
          <li key={r.object_id}><div>
            <span class="line"><span class="what">{r.object}</span><b>{count(r.changes)}</b></span>
            <span class="bar plain" aria-hidden="true"><i style={{ width: `${(100 * r.changes) / most}%` }} /></span>
            <span class="line quiet small"><span>{count(r.inserts)} inserted</span><span>{count(r.updates)} changed</span><span>{count(r.deletes)} deleted</span><span>{bytes(r.redo_bytes)}</span></span>
          </div></li>
        ))}
      </ol>
      {!list.length && <p class="quiet">{error || 'Nothing was written.'}</p>}
    </section>
  )
}
