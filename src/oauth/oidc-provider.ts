/** oidc-provider without its remark on Node 20, on which the parts in use here are tested. */
export type {
  Account,
  Adapter,
  AdapterPayload,
  AllClientMetadata,
  Client,
  Configuration,
  default as Provider,
  Interaction,
  JWK,
  KoaContextWithOIDC,
} from 'oidc-provider'

const { warn } = console
console.warn = (...words: unknown[]) => {
  if (!String(words[0]).includes('Unsupported runtime')) warn(...words)
}
const library = await import('oidc-provider')
console.warn = warn

export const { errors } = library
export const createProvider = (...args: ConstructorParameters<typeof library.Provider>) => new library.Provider(...args)
