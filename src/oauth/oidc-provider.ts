// Imports single files, because the index warns about Node 20, on which the parts used here are tested.
import * as errors from 'oidc-provider/lib/helpers/errors.js'
import { Provider } from 'oidc-provider/lib/provider.js'

export type {
  Account,
  Adapter,
  AdapterPayload,
  AllClientMetadata,
  default as Provider,
  Interaction,
  JWK,
  KoaContextWithOIDC,
} from 'oidc-provider'

export { errors }
/** The request that the provider answers at the moment, if there is one. */
export const currentRequest = () => Provider.ctx
export const createProvider = (...args: ConstructorParameters<typeof Provider>) => new Provider(...args)
