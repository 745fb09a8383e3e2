import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { together } from '../../src/database/together.ts'

const refuseAfter = async (milliseconds: number, reason: string) => {
  await sleep(milliseconds)
  throw new Error(reason)
}

it('gives the answers in the order of the questions', async () => {
  expect(await together([sleep(5, 'slow'), 'known', sleep(0, 'quick')])).toEqual(['slow', 'known', 'quick'])
})

it('throws the first error in order, even if another came earlier', async () => {
  const refused = together([sleep(1, 'fine'), refuseAfter(10, 'the first'), refuseAfter(0, 'the second')])
  await expect(refused).rejects.toThrow('the first')
})
