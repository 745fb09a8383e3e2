// node <library>.mjs URL TOKEN BUSINESS_ID…: what an assistant built on the library does, without its model.
export const [url, token, ...businessIds] = process.argv.slice(2)
export const headers = { Authorization: `Bearer ${token}` }

/** Asks for the day of each business in turn and prints what came. `call` gives the text that a model would read. */
export async function converse(tools, call) {
  const days = []
  for (const businessId of businessIds) {
    await call('set_active_business', { businessId })
    days.push(await call('summarize_day', {}))
  }
  console.log(JSON.stringify({ tools, days }))
}
