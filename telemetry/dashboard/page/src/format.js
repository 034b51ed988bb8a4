// Texts of numbers and times. All times are UTC, as those of the V$ views are.

const two = (n) => String(n).padStart(2, '0')

export function clock(millis, tenths) {
  if (!millis) return '–'
  const d = new Date(millis)
  const text = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`
  return tenths ? `${text}.${String(d.getUTCMilliseconds()).padStart(3, '0')}` : text
}

export function moment(millis) {
  if (!millis) return '–'
  const d = new Date(millis)
  return `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ${clock(millis, true)} UTC`
}

export function count(n) {
  return n === undefined || n === null || n === '' ? '–' : Number(n).toLocaleString('en-US', { maximumFractionDigits: 0 })
}

export function active(n) {
  if (n === undefined) return '–'
  return n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2)
}

// micros is a length of time.
export function micros(n) {
  if (n === undefined || n === null || n === '' || Number.isNaN(Number(n))) return '–'
  n = Number(n)
  if (n < 1000) return `${n.toFixed(0)} µs`
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} ms`
  if (n < 60e6) return `${(n / 1e6).toFixed(1)} s`
  if (n < 3600e6) return `${Math.floor(n / 60e6)} min ${Math.round((n % 60e6) / 1e6)} s`
  return `${(n / 3600e6).toFixed(1)} h`
}

export const length = (millis) => micros(millis * 1000)

export function bytes(n) {
  if (n === undefined || n === null || n === '') return '–'
  n = Number(n)
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (n < 1024) return `${n < 10 && unit !== 'B' ? n.toFixed(1) : n.toFixed(0)} ${unit}`
    n /= 1024
  }
  return `${n.toFixed(1)} TiB`
}

// span is a range of the chart as its button shows it.
export const span = (millis) => (millis < 3600e3 ? `${millis / 60e3} min` : `${millis / 3600e3} h`)
