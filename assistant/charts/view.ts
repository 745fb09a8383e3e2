import { h } from './element.ts'
import type { Say } from './format.ts'
import { describe, plot, titled } from './plot.ts'
import type { Call, Chart, Fact, Point, Screen } from './screen.ts'

/** What was chosen on a screen. */
export interface Chosen {
  tab: number
  isTable: boolean
}

export interface ViewActions {
  /** Shows the answer of a call instead. */
  open(call: Call): void
  /** Adds to what is shown. */
  more(): void
  /** Undefined where there is nothing to go back to. */
  back: (() => void) | undefined
}

/** Draws a screen into the page, as it was chosen on it before; further choices are noted there. */
export function draw(root: HTMLElement, screen: Screen, say: Say, chosen: Chosen, actions: ViewActions): void {
  const { words } = say
  const body = h('div', { class: 'body' })
  const tabs = screen.charts.map((chart, index) => {
    const tab = h('button', { type: 'button', 'aria-pressed': String(index === 0) }, chart.name)
    tab.addEventListener('click', () => show(index))
    return tab
  })
  const toggle = h('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, words.table)
  toggle.addEventListener('click', () => {
    chosen.isTable = !chosen.isTable
    show(chosen.tab)
  })
  const more = screen.more && h('button', { type: 'button', class: 'quiet' }, screen.more.label)
  more?.addEventListener('click', () => actions.more())

  function show(index: number): void {
    chosen.tab = index
    toggle.setAttribute('aria-pressed', String(chosen.isTable))
    tabs.forEach((tab, each) => {
      tab.setAttribute('aria-pressed', String(each === index))
    })
    const chart = screen.charts[index]
    body.replaceChildren(
      ...(chart === undefined
        ? [h('p', { class: 'quiet' }, words.noChart)]
        : [
            ...(chosen.isTable ? [] : chartParts(chart, root.clientWidth, say, actions)),
            table(chart, say, chosen.isTable),
          ]),
    )
  }

  const back = actions.back && h('button', { type: 'button', class: 'back', 'aria-label': words.back }, '‹')
  back?.addEventListener('click', () => actions.back?.())
  root.replaceChildren(
    h(
      'header',
      {},
      back,
      h('div', { class: 'titles' }, h('h1', {}, screen.title), h('p', { class: 'quiet' }, screen.subtitle)),
    ),
    ...(screen.facts.length === 0 ? [] : [h('dl', {}, ...screen.facts.map(drawFact))]),
    h('nav', {}, ...(tabs.length > 1 ? tabs : []), h('span', { class: 'space' }), more, tabs.length > 0 && toggle),
    body,
    ...(screen.notes.length === 0
      ? []
      : [h('ul', { class: 'notes', tabindex: 0 }, ...screen.notes.map((note) => h('li', {}, note)))]),
  )
  show(Math.min(chosen.tab, Math.max(screen.charts.length - 1, 0)))
}

/** Says something instead of a chart. */
export function say(root: HTMLElement, message: string): void {
  root.replaceChildren(h('p', { class: 'quiet', role: 'status' }, message))
}

function drawFact({ label, text, change, trend }: Fact): HTMLElement {
  const arrow = { up: '▲ ', down: '▼ ' }
  return h(
    'div',
    {},
    h('dt', {}, label),
    h('dd', {}, text),
    change !== undefined &&
      h('dd', { class: `change ${trend ?? ''}` }, `${trend === undefined ? '' : arrow[trend]}${change}`),
  )
}

function chartParts(chart: Chart, width: number, say: Say, { open }: ViewActions): HTMLElement[] {
  const legend = h(
    'p',
    { class: 'legend', 'aria-hidden': 'true' },
    h('i', { class: 'value' }),
    chart.legend.value,
    ...(chart.legend.before === undefined ? [] : [h('i', { class: 'before' }), chart.legend.before]),
  )
  if (chart.kind === 'rows') return [legend, rows(chart, open)]
  const readout = h('p', { class: 'readout' })
  const openPoint = (index: number) => {
    const call = chart.points[index]?.call
    if (call !== undefined) open(call)
  }
  const onSelect = (index: number) => {
    const point = chart.points[index] as Point
    const words = h('span', {}, describe(point, chart))
    if (point.call === undefined) return readout.replaceChildren(words)
    const button = h('button', { type: 'button' }, say.words.open(point.label))
    button.addEventListener('click', () => openPoint(index))
    readout.replaceChildren(words, button)
  }
  return [legend, plot(chart, Math.max(width, 240), say, { onSelect, onOpen: openPoint }), readout]
}

/** Bars below each other, each a button where a tap leads further. */
function rows({ points, legend, noteTitle }: Chart, open: (call: Call) => void): HTMLElement {
  const most = Math.max(...points.flatMap(({ value, before }) => [Math.abs(value ?? 0), before ?? 0]), 1e-9)
  const percent = (value: number | null | undefined) => `${((Math.abs(value ?? 0) / most) * 100).toFixed(1)}%`
  return h(
    'ul',
    // Whoever has no button in it scrolls it by keyboard.
    { class: 'rows', tabindex: points.some(({ call }) => call !== undefined) ? undefined : 0 },
    ...points.map((point) => {
      const { call, value, before, label, text, note } = point
      const bar = h('span', { class: 'track', 'aria-hidden': 'true' }, h('span', { class: 'bar' }))
      ;(bar.firstChild as HTMLElement).style.width = percent(value)
      if (typeof before === 'number') {
        const mark = h('span', { class: 'mark' })
        mark.style.insetInlineStart = percent(before)
        bar.append(mark)
      }
      const parts = [
        h('span', { class: 'label' }, label),
        h('span', { class: 'amount' }, text, note !== undefined && h('small', {}, ` ${titled(note, noteTitle)}`)),
        bar,
        // What the mark says to the eye.
        point.beforeText !== undefined && h('span', { class: 'unseen' }, `${legend.before ?? ''} ${point.beforeText}`),
      ]
      if (call === undefined) return h('li', {}, h('div', { class: 'row' }, ...parts))
      const button = h('button', { type: 'button', class: 'row' }, ...parts)
      button.addEventListener('click', () => open(call))
      return h('li', {}, button)
    }),
  )
}

/** All that the chart shows, for screen readers at any time and for all who ask for it. */
function table({ name, legend, points, noteTitle }: Chart, { words }: Say, isVisible: boolean): HTMLElement {
  const hasBefore = legend.before !== undefined
  const hasNotes = points.some(({ note }) => note !== undefined)
  const head = [words.name, legend.value, hasBefore && legend.before, hasNotes && (noteTitle ?? words.note)]
  const cell = (text: string | undefined) => h('td', {}, text ?? '')
  return h(
    'div',
    { class: isVisible ? 'table' : 'unseen', ...(isVisible && { tabindex: 0, role: 'region', 'aria-label': name }) },
    h(
      'table',
      {},
      h('caption', {}, name),
      h('thead', {}, h('tr', {}, ...head.flatMap((title) => (title ? [h('th', { scope: 'col' }, title)] : [])))),
      h(
        'tbody',
        {},
        ...points.map(({ label, text, beforeText, note }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, label),
            cell(text),
            hasBefore && cell(beforeText),
            hasNotes && cell(note),
          ),
        ),
      ),
    ),
  )
}
