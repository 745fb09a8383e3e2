import { opencode } from './opencode.ts'
import { staysConnected } from './stays-connected.ts'

staysConnected('opencode', opencode())
