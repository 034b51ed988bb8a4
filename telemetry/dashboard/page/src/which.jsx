import { ALL, answered, data, elsewhere, look, view } from './store.js'
import { rows } from './now.jsx'

// Which lets one choose whose sessions are shown, and names the nodes that do not say.
export function Which() {
  const { list } = rows('nodes')
  const here = data.hello?.node
  if (list.length < 2 && !view.node) return null
  const names = list.length ? list.map((n) => n.node) : [here]
  const down = new Set(list.filter((n) => n.up !== '1').map((n) => n.node))
  const chosen = view.node || here
  const missing = elsewhere() ? answered()?.missing || [] : []
  const idle = elsewhere() ? answered()?.idle || [] : []
  return (
    <section class="which" data-test="which">
      <p class="filters">
        <span id="which-label">Sessions of</span>
        <span class="group start" role="group" aria-labelledby="which-label">
          {names.map((n) => <button key={n} aria-pressed={chosen === n} onClick={() => look({ node: n === here ? '' : n })}>{down.has(n) ? '✕ ' : ''}{n}{n === here ? ' (this)' : ''}</button>)}
          <button aria-pressed={chosen === ALL} onClick={() => look({ node: ALL })}>all nodes</button>
        </span>
        {elsewhere() && !answered() && <span class="quiet" role="status">asking {view.node === ALL ? 'them' : view.node} …</span>}
        {elsewhere() && <span class="quiet small">What is not about sessions is of {here}.</span>}
      </p>
      {missing.map((m) => <p key={m.node} class="bad small" role="alert">✕ {m.node} does not answer, and its sessions are not in what follows: {m.error}</p>)}
      {idle.map((n) => <p key={n} class="quiet small">{n} takes no samples: setting sampling is off there.</p>)}
    </section>
  )
}
