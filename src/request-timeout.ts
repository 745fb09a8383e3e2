// Node looks for late requests as often as this, so that one ends after at most twice the time: a minute.
const REQUEST_TIMEOUT_MS = 30_000

/**
 * Options of Fastify that end a request which has not arrived in time, body included. Fastify sets no limit by default,
 * so that whoever sends a byte now and then would hold connections for ever. Answers may take as long as they like.
 */
export function requestTimeout(timeoutMs = REQUEST_TIMEOUT_MS) {
  // Node exchanges the two times if the one for the headers, 60 s by default, is the longer one.
  const http = { headersTimeout: timeoutMs, requestTimeout: timeoutMs, connectionsCheckingInterval: timeoutMs }
  return { requestTimeout: timeoutMs, http }
}
