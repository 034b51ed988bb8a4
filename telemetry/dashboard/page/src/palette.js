// Each class of waits has a colour, that colour-blind people can tell apart, and a pattern, that needs no colour at all.

// Colours after Okabe and Ito; by number of the class.
const light = ['#1a9a76', '#0b6fb4', '#5fb2e3', '#e8a20c', '#8f3f86', '#d4580f', '#7d5b3a', '#9aa0a8', '#b39ddb', '#8fb04a', '#d079ab', '#e6d23a', '#c4c8ce', '#70757d']
const dark = ['#22a583', '#2f86d0', '#6fbdea', '#e9a820', '#a95aa2', '#e2691f', '#94714c', '#8a9099', '#a48fd0', '#93b552', '#d585b5', '#dccb3f', '#4a5058', '#7d838c']
const patterns = ['solid', 'up', 'dots', 'across', 'cross', 'down', 'bricks', 'solid', 'dots', 'upright', 'up', 'rings', 'solid', 'upright']

export const theme = () => document.documentElement.dataset.theme

export const colour = (c) => (theme() === 'dark' ? dark : light)[c] || '#888'

const tiles = new Map()

// tile is the pattern of a class in its colour.
export function tile(c) {
  const key = theme() + c
  if (tiles.has(key)) return tiles.get(key)
  const k = document.createElement('canvas')
  k.width = k.height = 8
  const g = k.getContext('2d')
  g.fillStyle = colour(c)
  g.fillRect(0, 0, 8, 8)
  g.strokeStyle = g.fillStyle = theme() === 'dark' ? 'rgba(0,0,0,.38)' : 'rgba(255,255,255,.5)'
  g.lineWidth = 1.4
  const line = (x, y, x2, y2) => (g.beginPath(), g.moveTo(x, y), g.lineTo(x2, y2), g.stroke())
  const draw = {
    solid() {},
    up: () => [-8, 0, 8].forEach((d) => line(d - 1, 9, d + 9, -1)),
    down: () => [-8, 0, 8].forEach((d) => line(d - 1, -1, d + 9, 9)),
    cross: () => (draw.up(), draw.down()),
    across: () => [2, 6].forEach((y) => line(0, y, 8, y)),
    upright: () => [2, 6].forEach((x) => line(x, 0, x, 8)),
    dots: () => [[2, 2], [6, 6]].forEach(([x, y]) => g.fillRect(x - 1, y - 1, 2, 2)),
    rings: () => (g.beginPath(), g.arc(4, 4, 2.2, 0, 7), g.stroke()),
    bricks: () => (line(0, 0, 8, 0), line(0, 4, 8, 4), line(2, 0, 2, 4), line(6, 4, 6, 8)),
  }
  draw[patterns[c]]?.()
  tiles.set(key, k)
  return k
}

// paint gives the page a CSS class for each class of waits: c0, c1 …
export function paint(classes) {
  const id = 'patterns'
  const style = document.getElementById(id) || document.head.appendChild(Object.assign(document.createElement('style'), { id }))
  const key = theme() + classes.length
  if (style.dataset.key === key) return
  style.dataset.key = key
  style.textContent = classes.map((_, c) => `.c${c}{background:${colour(c)} url(${tile(c).toDataURL()})}`).join('\n')
}

const media = matchMedia('(prefers-color-scheme: dark)')

// setTheme follows the system, unless somebody chose.
export function setTheme(choice) {
  if (choice !== undefined) localStorage.setItem('theme', choice)
  const chosen = localStorage.getItem('theme')
  document.documentElement.dataset.theme = chosen || (media.matches ? 'dark' : 'light')
}

export const onTheme = (f) => media.addEventListener('change', f)
