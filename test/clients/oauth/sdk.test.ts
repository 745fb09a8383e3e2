import { sdkV1, sdkV2 } from './sdk.ts'
import { staysConnected } from './stays-connected.ts'

const EXPIRIES = 20

staysConnected('the first SDK', sdkV1(1), { expiries: EXPIRIES, isPinned: true })
staysConnected('the first SDK in two processes', sdkV1(2), { expiries: EXPIRIES })
staysConnected('the second SDK', sdkV2(1), { expiries: EXPIRIES })
staysConnected('the second SDK in two processes', sdkV2(2), { expiries: EXPIRIES })
staysConnected('the second SDK in the newest revision', sdkV2(1, { versionNegotiation: { mode: 'auto' } }), {
  expiries: EXPIRIES,
  isPinned: true,
})
