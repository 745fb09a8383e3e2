import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTill, type Till } from '../support/till.ts'

const ORDERS = 100_000
/** What the rows of the file would take in memory is several times as much. */
const MOST_BYTES = 40 * 1024 * 1024

let till: Till
let origin: string
beforeAll(async () => {
  till = await startTill()
  await till.service.db.asOwner(
    `insert into orders (business_id, location_id, order_number, opened_at, note)
     select $1, $2, 'N-' || n, '2026-01-01'::timestamptz + n * interval '1 second', repeat('x', 50)
     from generate_series(1, ${ORDERS}) n`,
    [till.shop.id, till.shop.locations[0]],
  )
  await till.service.db.asOwner('analyze orders', [])
  origin = await till.service.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => till?.service.close())

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are in use, without what is only waiting to be collected. */
function used(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

it.each(['csv', 'xlsx'])('100,000 orders are written as %s in flat memory, each once', async (format) => {
  const { data } = await till.ok('export_data', { what: 'list_orders', format })
  const { pathname, search } = new URL(data.url)
  const before = used()
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, used() - before)
  }, 500)
  const { body, status } = await fetch(origin + pathname + search)
  expect(status).toBe(200)
  const stream = Readable.fromWeb(body as never)
  if (format === 'csv') {
    const numbers = new Set<number>()
    for await (const line of createInterface({ input: stream })) {
      const [, number] = /(?:^|,)"?N-(\d+)"?,/.exec(line) ?? []
      if (number !== undefined) numbers.add(Number(number))
    }
    expect(numbers.size).toBe(ORDERS)
  } else {
    let bytes = 0
    for await (const chunk of stream) bytes += chunk.length
    expect(bytes).toBeGreaterThan(ORDERS * 10)
  }
  clearInterval(watch)
  expect(most).toBeLessThan(MOST_BYTES)
  console.info(`${format}: ${Math.round(most / 1e6)} MB`)
})
