import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import pages from '../../../plugins/auth/pages.ts'
import { buildPage } from '../../../scripts/build-page.ts'

const HOSTILE = `<img src=x onerror="alert('$&')"> & more`
const ESCAPED = '&#60;img src=x onerror=&#34;alert(&#39;$&#38;&#39;)&#34;&#62; &#38; more'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pages-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('the error page', () => {
  it('is just the sentence if the pages are not built', async () => {
    const app = Fastify()
    await app.register(pages, { folder })
    expect(app.pages.error(HOSTILE, 'es')).toBe(ESCAPED)
    await app.close()
  })

  it('tells what went wrong as text, in its language', async () => {
    await buildPage(folder)
    const app = Fastify()
    await app.register(pages, { folder })
    const html = app.pages.error(HOSTILE, 'es')
    expect(html).toContain(`<p>${ESCAPED}</p>`)
    expect(html).toContain('<html lang="es">')
    expect(html).toContain('<h1>Esto no funcionó</h1>')
    expect(html).not.toContain('<img')
    await app.close()
  })
})
