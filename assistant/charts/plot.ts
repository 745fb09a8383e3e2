import { h, svg } from './element.ts'
import type { Say } from './format.ts'
import type { Chart, Point } from './screen.ts'
import { ticksOf } from './ticks.ts'

const LEFT = 44
const [TOP, BOTTOM] = [10, 22]

/**
 * Columns or a line along a time. The whole drawing is one control, like a slider: the columns of a month would be too
 * thin to hit on a phone.
 * @param onSelect told which point is looked at, @param onOpen told which one is opened
 */
export function plot(
  chart: Chart,
  width: number,
  say: Say,
  { onSelect, onOpen }: { onSelect(index: number): void; onOpen(index: number): void },
): HTMLElement {
  const { kind, points, name, legend } = chart
  // Narrow hosts need the room for figures, which wrap.
  const height = width < 480 ? 150 : 180
  const values = points.flatMap(({ value, before }) => [value, before]).filter((value) => typeof value === 'number')
  const ticks = ticksOf(Math.min(0, ...values), Math.max(0, ...values))
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1]
  const step = (width - LEFT - 4) / points.length
  const x = (index: number) => LEFT + step * (index + 0.5)
  const y = (value: number) => TOP + ((high - value) / (high - low)) * (height - TOP - BOTTOM)
  const drawing = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height: height, 'aria-hidden': 'true' })
  for (const tick of ticks) {
    drawing.append(
      svg('line', { x1: LEFT, x2: width, y1: y(tick), y2: y(tick), class: tick === 0 ? 'axis' : 'grid' }),
      svg('text', { x: LEFT - 6, y: y(tick) + 4, 'text-anchor': 'end' }, say.short(tick)),
    )
  }
  const marker = svg('rect', { class: 'marker', y: TOP, width: Math.max(step, 2), height: height - TOP - BOTTOM })
  drawing.append(marker)
  if (kind === 'line') {
    drawing.append(line(points, 'before', x, y, 'line before'), line(points, 'value', x, y, 'line'))
  } else {
    const hasBefore = legend.before !== undefined
    const bar = Math.min(step * (hasBefore ? 0.4 : 0.72), 36)
    points.forEach(({ value, before }, index) => {
      if (hasBefore) drawing.append(column(x(index) - bar, bar, before, y, 'bar before'))
      drawing.append(column(hasBefore ? x(index) : x(index) - bar / 2, bar, value, y, 'bar'))
    })
  }
  // As many labels as fit without touching.
  const longest = Math.max(...points.map(({ label }) => label.length), 1)
  const every = Math.ceil((longest * 6.5 + 8) / step)
  points.forEach(({ label }, index) => {
    if (index % every !== 0) return
    const text = svg('text', { x: x(index), y: height - 6, 'text-anchor': 'middle' }, label)
    drawing.append(text)
  })

  const frame = h(
    'div',
    {
      class: 'plot',
      role: 'slider',
      tabindex: 0,
      'aria-label': name,
      'aria-valuemin': 0,
      'aria-valuemax': points.length - 1,
    },
    drawing,
  )
  let selected = -1
  function select(index: number): void {
    selected = Math.max(0, Math.min(points.length - 1, index))
    marker.setAttribute('x', String(x(selected) - Math.max(step, 2) / 2))
    frame.setAttribute('aria-valuenow', String(selected))
    frame.setAttribute('aria-valuetext', describe(points[selected] as Point, chart))
    onSelect(selected)
  }
  const indexAt = (event: PointerEvent | MouseEvent) =>
    Math.floor((event.clientX - frame.getBoundingClientRect().left - LEFT) / step)
  frame.addEventListener('pointerdown', (event) => select(indexAt(event)))
  frame.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' || event.buttons > 0) select(indexAt(event))
  })
  frame.addEventListener('dblclick', () => onOpen(selected))
  frame.addEventListener('keydown', (event) => {
    const to = { ArrowLeft: selected - 1, ArrowRight: selected + 1, Home: 0, End: points.length - 1 }[event.key]
    if (to !== undefined) select(to)
    else if (event.key === 'Enter') onOpen(selected)
    else return
    event.preventDefault()
  })
  select(firstShown(points))
  return frame
}

/** A point in one line of words. */
export function describe({ label, text, beforeText, note }: Point, { legend, noteTitle }: Chart): string {
  const before = beforeText === undefined || legend.before === undefined ? '' : `${legend.before} ${beforeText}`
  return [`${label}: ${text}`, before, titled(note, noteTitle)].filter(Boolean).join(' · ')
}

/** A note with what it is about. */
export function titled(note: string | undefined, title: string | undefined): string {
  return note === undefined ? '' : `${title ?? ''} ${note}`.trim()
}

/** The highest, which is what one looks for first. */
function firstShown(points: Point[]): number {
  return points.reduce((best, { value }, index) => ((value ?? 0) > (points[best]?.value ?? 0) ? index : best), 0)
}

function column(
  x: number,
  width: number,
  value: number | null | undefined,
  y: (value: number) => number,
  name: string,
) {
  const [from, to] = [y(0), y(value ?? 0)]
  return svg('rect', {
    class: name,
    x,
    y: Math.min(from, to),
    width: Math.max(width - 1, 1),
    height: Math.abs(from - to),
    rx: Math.min(2, width / 4),
  })
}

function line(
  points: Point[],
  which: 'value' | 'before',
  x: (index: number) => number,
  y: (value: number) => number,
  name: string,
) {
  // A value that is not known leaves a gap.
  let isOpen = false
  const d = points.map((point, index) => {
    const value = point[which]
    const command =
      typeof value !== 'number' ? '' : `${isOpen ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
    isOpen = command !== ''
    return command
  })
  return svg('path', { class: name, d: d.join('') })
}
