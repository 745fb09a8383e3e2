import { createParser } from 'eventsource-parser'

interface StreamEvent {
  id: string | undefined
  data: string
}

/** The live stream of a session, as a client reads it. */
export interface LiveStream {
  response: Response
  /** Events received so far; the first may be empty, as a point to resume from. */
  events: StreamEvent[]
  comments: string[]
  /** How long the server asked to wait before reconnecting, in milliseconds. */
  retry: number | undefined
  /** Resolves when the server ends the stream. */
  ended: Promise<void>
  close(): void
}

/** Methods of the messages received. */
export function methodsOf({ events }: LiveStream): string[] {
  return events.filter(({ data }) => data !== '').map(({ data }) => (JSON.parse(data) as { method: string }).method)
}

/** Opens `GET /mcp`. */
export async function openStream(mcpUrl: string, token: string, headers: Record<string, string>): Promise<LiveStream> {
  const abort = new AbortController()
  const response = await fetch(mcpUrl, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...headers },
    signal: abort.signal,
  })
  const stream: LiveStream = {
    response,
    events: [],
    comments: [],
    retry: undefined,
    ended: Promise.resolve(),
    close: () => abort.abort(),
  }
  const parser = createParser({
    onEvent: ({ id, data }) => void stream.events.push({ id, data }),
    onComment: (comment) => void stream.comments.push(comment.trim()),
    onRetry: (retry) => {
      stream.retry = retry
    },
  })
  stream.ended = (async () => {
    const text = response.body?.pipeThrough(new TextDecoderStream())
    for await (const chunk of text ?? []) parser.feed(chunk)
  })()
  stream.ended.catch(() => {})
  return stream
}
