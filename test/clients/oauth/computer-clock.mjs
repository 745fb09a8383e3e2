// Preloaded into programs on Node: their clock is ahead by the milliseconds in ~/clock-ahead, as the test moves time on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const now = Date.now
const file = join(process.env.HOME, 'clock-ahead')
Date.now = () => now() + Number(readFileSync(file, 'utf8'))
