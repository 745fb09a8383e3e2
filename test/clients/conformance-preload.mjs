// The conformance tool imports fs.globSync, which Node has from version 22 on, though not for testing servers.
import fs from 'node:fs'
import { register } from 'node:module'

const toUrl = (source) => `data:text/javascript,${encodeURIComponent(source)}`

const withGlobSync = toUrl(`
  export * from 'node:fs'
  export function globSync() { throw new Error('fs.globSync needs Node 22') }
`)
const hooks = toUrl(`
  export const resolve = (specifier, context, next) =>
    specifier === 'fs' && /\\/conformance(-next)?\\/dist\\//.test(context.parentURL)
      ? { url: ${JSON.stringify(withGlobSync)}, shortCircuit: true }
      : next(specifier, context)
`)

if (!('globSync' in fs)) register(hooks)
