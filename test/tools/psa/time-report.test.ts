import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeTime, type Studio, startStudio } from '../../support/psa.ts'
import { call } from '../../support/service.ts'

// The month to date is 2026-03-01 to 2026-03-10. Every figure below is worked out by hand from these entries.
let studio: Studio

beforeAll(async () => {
  studio = await startStudio()
  const { service, shop, foreign, ids, store, campaign, foreignBoard } = studio
  const [ficha, pago, foto] = [store.steps.get('Ficha'), store.steps.get('Pago'), campaign.steps.get('Foto')]
  for (const time of [
    // 7 × 33.30 / 60 = 3.885 → 3.89; 50 × 45.55 / 60 = 37.9583… → 37.96; 20 × 100.015 / 60 = 33.3383… → 33.34.
    { step: ficha, user: ids.ana, on: '2026-03-02', minutes: 7, rate: '33.30' },
    { step: ficha, user: ids.ana, on: '2026-03-02', minutes: 50, rate: '45.55' },
    { step: ficha, user: ids.ana, on: '2026-03-09', minutes: 20, rate: '100.015' },
    { step: pago, user: ids.luis, on: '2026-03-05', minutes: 95 },
    { step: pago, user: ids.luis, on: '2026-03-10', minutes: 25, rate: '40', billable: false },
    // A Sunday, so of the week that began in February.
    { step: foto, user: ids.ana, on: '2026-03-01', minutes: 30, rate: '10' },
    // Outside the month to date.
    { step: foto, user: ids.ana, on: '2026-02-28', minutes: 600, rate: '10' },
    { step: foto, user: ids.ana, on: '2026-03-11', minutes: 600, rate: '10' },
  ]) {
    await makeTime(service.db, shop, time)
  }
  // 30 × 1001 / 60 = 500.5 yen → 501.
  const secret = foreignBoard.steps.get('Secret step')
  await makeTime(service.db, foreign, { step: secret, user: ids.eve, on: '2026-03-03', minutes: 30, rate: '1001' })
})
afterAll(() => studio?.service.close())

const ask = (args: Record<string, unknown> = {}, token = studio.ana) =>
  call(studio.service.app, token, 'get_psa_time_report', args)
type Figures = Record<string, string | number>
const figures = (row: Figures) =>
  ['hours', 'billableHours', 'nonBillableHours', 'billableAmount', 'unratedEntries'].map((key) => row[key])
const rows = (data: { rows: Figures[] }) => data.rows.map((row) => [row.name, ...figures(row)])

describe('get_psa_time_report', () => {
  it('sums the month to date, amounts rounded entry by entry', async () => {
    const { data } = await ask()
    expect(data.window).toEqual({
      from: '2026-03-01',
      to: '2026-03-10',
      soFar: '21:00',
      timezone: 'America/Guatemala',
      currency: 'GTQ',
    })
    // 227 minutes, 202 of them billable; 3.89 + 37.96 + 33.34 + 5.00 (rounded at the end it would be 80.18).
    expect(figures(data.totals)).toEqual(['3.78', '3.37', '0.42', '80.19', 1])
    expect(data.totals.entries).toBe(6)
    // 197 and 30 minutes.
    expect(rows(data)).toEqual([
      ['Tienda Ñandú', '3.28', '2.87', '0.42', '75.19', 1],
      ['Campaña', '0.50', '0.50', '0.00', '5.00', 0],
    ])
    expect(data.rows[0].id).toBe(studio.store.id)
    expect(data.rowsLeftOut).toBe(0)
    expect(data.unrated).toEqual([
      { workedOn: '2026-03-05', person: 'luis@example.com', step: 'Pago', board: 'Tienda Ñandú', hours: '1.58' },
    ])
  })

  it('groups by person, client, step, day and week', async () => {
    const by = async (groupBy: string) => rows((await ask({ groupBy })).data)
    expect(await by('person')).toEqual([
      ['luis@example.com', '2.00', '1.58', '0.42', '0.00', 1],
      ['Ana Núñez', '1.78', '1.78', '0.00', '80.19', 0],
    ])
    expect(await by('client')).toEqual([
      ['Café Ixchel', '3.28', '2.87', '0.42', '75.19', 1],
      ['no client', '0.50', '0.50', '0.00', '5.00', 0],
    ])
    expect(await by('step')).toEqual([
      ['Pago (Tienda Ñandú)', '2.00', '1.58', '0.42', '0.00', 1],
      ['Ficha (Tienda Ñandú)', '1.28', '1.28', '0.00', '75.19', 0],
      ['Foto (Campaña)', '0.50', '0.50', '0.00', '5.00', 0],
    ])
    expect(await by('day')).toEqual([
      ['2026-03-01', '0.50', '0.50', '0.00', '5.00', 0],
      ['2026-03-02', '0.95', '0.95', '0.00', '41.85', 0],
      ['2026-03-05', '1.58', '1.58', '0.00', '0.00', 1],
      ['2026-03-09', '0.33', '0.33', '0.00', '33.34', 0],
      ['2026-03-10', '0.42', '0.00', '0.42', '0.00', 0],
    ])
    expect(await by('week')).toEqual([
      ['2026-02-23', '0.50', '0.50', '0.00', '5.00', 0],
      ['2026-03-02', '2.53', '2.53', '0.00', '41.85', 1],
      ['2026-03-09', '0.75', '0.33', '0.42', '33.34', 0],
    ])
  })

  it('filters by board and by caller, and counts both ends of the window', async () => {
    const real = studio.service.now
    expect((await ask({ boardId: studio.campaign.id })).data.totals).toMatchObject({ entries: 1, hours: '0.50' })
    expect((await ask({ mine: true })).data.totals).toMatchObject({ entries: 4, hours: '1.78' })
    expect((await ask({ mine: true }, studio.luis)).data.totals).toMatchObject({ entries: 2, hours: '2.00' })
    studio.service.now = new Date('2026-03-12T03:00:00Z')
    const { totals } = (await ask({ from: '2026-02-28', to: '2026-03-11', mine: true })).data
    studio.service.now = real
    expect(figures(totals)).toEqual(['21.78', '21.78', '0.00', '280.19', 0])
  })

  it('tells what one person did, entry by entry', async () => {
    const { data, text } = await ask({ person: 'nunez', from: '2026-03-02', to: '2026-03-02' })
    // 7 and 50 minutes: 0.1166… → 0.12 and 0.8333… → 0.83; together 0.95.
    expect(data.totals).toMatchObject({ entries: 2, hours: '0.95', billableAmount: '41.85' })
    const done = data.entries.map((entry: Record<string, unknown>) => [entry.workedOn, entry.step, entry.hours])
    expect(done.sort()).toEqual([
      ['2026-03-02', 'Ficha', '0.12'],
      ['2026-03-02', 'Ficha', '0.83'],
    ])
    expect(data.entriesLeftOut).toBe(0)
    expect(text).toContain('| 2026-03-02 | Ana Núñez | Ficha | Tienda Ñandú | 0.83 | – |')
    expect((await ask({})).data.entries).toEqual([])
    expect((await ask({ person: 'luis', from: '2026-03-02', to: '2026-03-02' })).data.totals.entries).toBe(0)
    const nobody = await ask({ person: 'Zulema' })
    expect(nobody.isError).toBe(true)
    expect(nobody.text).toContain('person: nobody of this business is called "Zulema"; steps are of Ana Núñez; luis@')
  })

  it('has its hours in the lists: by person, and against the budget of a board', async () => {
    const { service, ana, store } = studio
    const steps = await call(service.app, ana, 'list_psa_steps', { boardId: 'Tienda Ñandú' })
    // Ficha: 90 minutes estimated, 77 spent. Pago: 120 spent, no estimate.
    expect(steps.data.people).toEqual([
      {
        person: 'Ana Núñez',
        steps: 1,
        overdue: 1,
        withoutEstimate: 0,
        estimatedHours: '1.50',
        spentHours: '1.28',
        hoursLeft: '0.22',
      },
      {
        person: 'luis@example.com',
        steps: 2,
        overdue: 0,
        withoutEstimate: 2,
        estimatedHours: '0.00',
        spentHours: '2.00',
        hoursLeft: '0.00',
      },
    ])
    expect(steps.data.matching).toEqual({
      steps: 3,
      overdue: 1,
      withoutEstimate: 2,
      estimatedHours: '1.50',
      spentHours: '3.28',
      hoursLeft: '0.22',
    })
    expect(steps.text).toContain(
      '3 open steps, 1 overdue: 3.28 h spent, 0.22 h left of 1.50 h estimated (2 steps without an estimate).',
    )
    // Bocetos: 600 minutes estimated, none spent, but done.
    const done = await call(service.app, ana, 'list_psa_steps', { boardId: 'Tienda Ñandú', status: 'done' })
    expect(done.data.matching).toMatchObject({ steps: 1, estimatedHours: '10.00', hoursLeft: '0.00' })
    const over = async () => (await call(service.app, ana, 'list_psa_boards', { overBudget: true })).data.boards
    expect(await over()).toEqual([])
    await service.db.asOwner('update psa_step set estimated_minutes = 60 where id = any ($1::uuid[])', [
      [store.steps.get('Bocetos'), store.steps.get('Ficha')],
    ])
    // 120 minutes estimated, 197 spent.
    expect(await over()).toMatchObject([
      { name: 'Tienda Ñandú', budgetHours: '2.00', spentHours: '3.28', overBudget: true },
    ])
    await service.db.asOwner('update psa_step set estimated_minutes = 600 where id = $1', [store.steps.get('Bocetos')])
  })

  it('rounds to the minor unit of the currency', async () => {
    const { data, text } = await ask({}, studio.eve)
    expect(data.totals).toMatchObject({ hours: '0.50', billableAmount: '501' })
    expect(text).toContain('for JPY 501')
  })

  it('is complete as text', async () => {
    const { text } = await ask()
    expect(text).toBe(
      [
        '3.78 h in 6 entries, 2026-03-01 to 2026-03-10, so far (21:00): 3.37 h billable for GTQ 80.19, 0.42 h not billable.',
        '| board | hours | billable | not billable | amount GTQ | entries without rate | id |',
        '|---|---|---|---|---|---|---|',
        `| Tienda Ñandú | 3.28 | 2.87 | 0.42 | 75.19 | 1 | ${studio.store.id} |`,
        `| Campaña | 0.50 | 0.50 | 0.00 | 5.00 | 0 | ${studio.campaign.id} |`,
        'Billable without a rate, so in no amount: 1 entry: 2026-03-05 luis@example.com, Pago (Tienda Ñandú) 1.58 h',
        'Hours = minutes / 60; amount = hours × rate, rounded half-up per entry. Days are as noted with the work.',
        '',
        `Business: Estudio Quetzal (${studio.shop.id})`,
      ].join('\n'),
    )
  })

  it('says which days of a week are in the window, and that the last is running', async () => {
    const { data, text } = await ask({ from: '2026-03-03', groupBy: 'week' })
    expect(
      data.rows.map(({ name, from, to, isPartial }: Record<string, unknown>) => [name, from, to, isPartial]),
    ).toEqual([
      ['2026-03-02', '2026-03-03', '2026-03-08', true],
      ['2026-03-09', '2026-03-09', '2026-03-10', true],
    ])
    expect(text).toContain('| 2026-03-03 to 2026-03-08, part of the week of 2026-03-02 |')
    expect(text).toContain('| 2026-03-09 to 2026-03-10, part of the week of 2026-03-09, so far |')
  })

  it('says plainly that there was no work', async () => {
    const { data, text } = await ask({ from: '2020-01-01', to: '2020-01-01' })
    expect(data).toMatchObject({ rows: [], unrated: [], totals: { entries: 0, hours: '0.00', billableAmount: '0.00' } })
    expect(text).toContain('0.00 h in 0 entries, 2020-01-01: 0.00 h billable')
  })

  it('answers alike to a foreign board and to an unknown one', async () => {
    const ids = [studio.foreignBoard.id, '00000000-0000-4000-8000-000000000000', 'x']
    const answers = await Promise.all(ids.map((boardId) => ask({ boardId })))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers[0]?.text).toMatch(/^not_found: boardId/)
    expect((await ask({ groupBy: 'month' })).text).toContain('groupBy must be one of: board, person, client')
    expect((await ask({ locationId: 'x' })).text).toContain('Unknown argument "locationId"')
  })

  it('refuses more days than it shows, cuts other rows, and names five entries without a rate', async () => {
    const { service, shop, ids, campaign } = studio
    const foto = campaign.steps.get('Foto')
    await service.db.asOwner(
      `insert into psa_time_entry (business_id, step_id, user_id, worked_on, minutes)
       select $1, $2, $3, date '2025-01-01' + n, 1 from generate_series(0, 62) n`,
      [shop.id, foto, ids.ana],
    )
    await service.db.asOwner(
      `with step as (
         insert into psa_step (business_id, board_id, phase_id, position, name)
         select $1, board_id, phase_id, n, 'Step ' || n from psa_step, generate_series(1, 70) n where id = $2
         returning id
       )
       insert into psa_time_entry (business_id, step_id, user_id, worked_on, minutes)
       select $1, id, $3, '2024-01-01', 1 from step`,
      [shop.id, foto, ids.ana],
    )
    const days = await ask({ from: '2025-01-01', to: '2025-12-31', groupBy: 'day' })
    expect(days.text).toContain('groupBy day gives 63 rows, more than 62. Use groupBy week, or a shorter period.')
    const weeks = await ask({ from: '2025-01-01', to: '2025-12-31', groupBy: 'week' })
    expect(weeks.data.totals.unratedEntries).toBe(63)
    expect(weeks.data.unrated.map(({ workedOn }: { workedOn: string }) => workedOn)).toEqual([
      '2025-03-04',
      '2025-03-03',
      '2025-03-02',
      '2025-03-01',
      '2025-02-28',
    ])
    expect(weeks.text).toContain('63 entries; the latest 5: 2025-03-04 Ana Núñez, Foto (Campaña) 0.02 h; 2025-03-03')
    const steps = await ask({ from: '2024-01-01', to: '2024-01-01', groupBy: 'step' })
    expect(steps.data.rows.length + steps.data.rowsLeftOut).toBe(70)
    expect(steps.text).toContain(`Only the ${steps.data.rows.length} with most hours are shown`)
    expect(steps.data.totals.hours).toBe('1.17')
  })
})
