import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { TextDecoder } from 'node:util'
import iconv from 'iconv-lite'
import { ServiceError } from '../errors.ts'

/** How the text of a file is written. */
export interface Encoding {
  name: string
  hasBom: boolean
}

const MARKS: [name: string, bytes: Buffer][] = [
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
]
/** A letter beyond ASCII in UTF-8, seen as single bytes: text in Windows-1252 hardly ever has the like. */
const UTF8_LETTER = /[\u00c2-\u00f4][\u0080-\u00bf]/

/**
 * Finds out how a file is encoded: by its byte order mark, else UTF-8, and Windows-1252 when its bytes are not UTF-8.
 * @param given what `--encoding` says
 * @throws ServiceError when the encoding is unknown, or the file cannot be read
 */
export async function encodingOf(file: string, given?: string): Promise<Encoding> {
  if (given !== undefined && !iconv.encodingExists(given)) {
    throw invalid(`--encoding: ${given} is unknown. Such as utf-8, utf-16le, windows-1252, iso-8859-2.`)
  }
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let first: Buffer | undefined
  let isUtf8 = true
  let hasUtf8Letters = false
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      first ??= chunk
      if (given !== undefined || marked(first) !== undefined) break
      isUtf8 &&= decodes(decoder, chunk)
      hasUtf8Letters ||= UTF8_LETTER.test(chunk.toString('latin1'))
    }
  } catch (cause) {
    throw unreadable(file, cause)
  }
  const mark = first && marked(first)
  if (given !== undefined) return { name: given, hasBom: mark !== undefined }
  if (mark !== undefined) return { name: mark, hasBom: true }
  // A few broken bytes among good letters are rejected row by row.
  return { name: isUtf8 || hasUtf8Letters ? 'utf-8' : 'windows-1252', hasBom: false }
}

const marked = (bytes: Buffer) => MARKS.find(([, mark]) => bytes.subarray(0, mark.length).equals(mark))?.[0]

function decodes(decoder: TextDecoder, chunk: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: true })
    return true
  } catch {
    return false
  }
}

/** The text of a file, without its byte order mark. */
export function readText(file: string, { name }: Encoding): { bytes: Readable; text: NodeJS.ReadWriteStream } {
  return { bytes: createReadStream(file), text: iconv.decodeStream(name) }
}

/** The first part of a file, in which its columns are named. */
export async function firstText(file: string, encoding: Encoding, length: number): Promise<string> {
  const { bytes, text } = readText(file, encoding)
  bytes.on('error', (error) => text.emit('error', error))
  let read = ''
  try {
    for await (const chunk of bytes.pipe(text) as AsyncIterable<string>) {
      read += chunk
      if (read.length >= length) break
    }
  } catch (cause) {
    throw unreadable(file, cause)
  } finally {
    bytes.destroy()
  }
  return read
}

/** Text as bytes of a file in this encoding. */
export function encodeText(text: string, { name, hasBom }: Encoding, isStart: boolean): Buffer {
  return iconv.encode(text, name, { addBOM: hasBom && isStart })
}

export function unreadable(file: string, cause: unknown): ServiceError {
  const code = (cause as { code?: string }).code
  if (code === undefined) throw cause
  const reason =
    { ENOENT: 'there is no such file', EACCES: 'it may not be read', EISDIR: 'it is a folder' }[code] ?? code
  return new ServiceError('invalid_argument', `${basename(file)} cannot be read: ${reason}.`, { cause })
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid_argument', message)
}
