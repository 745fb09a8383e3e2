import { describeBusiness, type Principal, scopesAnywhere, scopesIn } from '../auth/principal.ts'
import type { Scope } from '../auth/scopes.ts'
import { withZones } from '../database/zones.ts'
import { ServiceError } from '../errors.ts'
import { findProfile } from '../pos/organisation/profile.ts'
import { counted } from '../results/counted.ts'
import { table } from '../results/table.ts'
import { clean } from '../results/text.ts'
import { localMinute } from '../time/local.ts'
import { CHARTS_META, CHARTS_TYPE, type Charts, isChartsUri } from './charts.ts'
import { GLOSSARY } from './glossary.ts'
import { resolveBusiness } from './resolve-business.ts'
import type { CallContext } from './tool.ts'

/** A Markdown text that a client may give to the model. */
interface Resource {
  uri: string
  name: string
  title: string
  description: string
  /** All of these are required. */
  scopes: readonly Scope[]
  read(context: CallContext): Promise<Contents>
}

/** The contents of a resource. */
export interface ResourceContents {
  uri: string
  mimeType: string
  text: string
  _meta?: typeof CHARTS_META
}

interface Contents {
  text: string
  /** The business that it is about, if any. */
  businessId: string | null
}

/** A resource as `resources/list` shows it. */
export interface ResourceListing {
  uri: string
  name: string
  title: string
  description: string
  mimeType: string
}

const RESOURCE_TYPE = 'text/markdown'
/** The page that draws answers, in the audit trail. */
const CHARTS_NAME = 'charts'

export const RESOURCES: readonly Resource[] = [
  {
    uri: 'flowpos://business/profile',
    name: 'business_profile',
    title: 'Business profile',
    description: 'The active business: currency, zone, taxes, locations and what the catalogue holds.',
    scopes: ['pos:read'],
    read: readProfile,
  },
  {
    uri: 'flowpos://glossary',
    name: 'glossary',
    title: 'Glossary of figures',
    description: 'What each figure means: gross and net sales, returns, discounts, tax, tips, days, stock, clients.',
    scopes: [],
    read: async () => ({ text: GLOSSARY, businessId: null }),
  },
]

/**
 * The resources that a principal may read, by URI. The page that draws answers is none of them: tools name it, and
 * nobody would choose it from a list (MCP Apps, Resource Discovery).
 */
export function listResources(principal: Principal): ResourceListing[] {
  return RESOURCES.filter((resource) => isVisible(resource, principal)).map(({ uri, name, title, description }) => ({
    uri,
    name,
    title,
    description,
    mimeType: RESOURCE_TYPE,
  }))
}

/**
 * The contents of a resource, its name, and the business that it is about, if any.
 * @throws ServiceError `not_found`, the same for one that is unknown and for one that is hidden
 */
export async function readResource(
  uri: string,
  context: CallContext,
  charts?: Charts,
): Promise<{ contents: ResourceContents; name: string; businessId: string | null }> {
  if (charts !== undefined && isChartsUri(uri)) {
    const contents = { uri, mimeType: CHARTS_TYPE, text: charts.html, _meta: CHARTS_META }
    return { contents, name: CHARTS_NAME, businessId: null }
  }
  const resource = RESOURCES.find((each) => each.uri === uri && isVisible(each, context.principal))
  if (resource === undefined) throw new ServiceError('not_found', `Resource not found: ${clean(uri, 100)}`)
  const { text, businessId } = await withZones(context.database, () => resource.read(context))
  return { contents: { uri, mimeType: RESOURCE_TYPE, text }, name: resource.name, businessId }
}

/** The name of a resource, hidden or not. */
export function nameOfResource(uri: string): string | undefined {
  return RESOURCES.find((resource) => resource.uri === uri)?.name
}

function isVisible({ scopes }: Resource, principal: Principal): boolean {
  const granted = scopesAnywhere(principal)
  return scopes.every((scope) => granted.includes(scope))
}

async function readProfile({ principal, hints, findTenant, database, now }: CallContext): Promise<Contents> {
  const business = await resolveBusiness(principal, hints, findTenant)
  if (!scopesIn(principal, business).includes('pos:read')) {
    throw new ServiceError(
      'forbidden',
      `Your role ${business.role} in ${describeBusiness(business)} does not include pos:read.`,
    )
  }
  const turn = { principal: principal.ref }
  const profile = await database.within({ businessId: business.id }, 'read', (db) => findProfile(db, business.id), turn)
  const { taxRatePercent, pricesIncludeTax } = profile
  const tax = taxRatePercent === '0' ? 'no default tax' : `default tax ${taxRatePercent} %`
  const clients = principal.clientData ? `; ${counted(profile.clients, 'client')}` : ''
  const lines = [
    `# ${business.name}`,
    '',
    `- Id: ${business.id}`,
    `- Your role: ${business.role}`,
    `- Currency: ${business.currency}; ${tax}; prices ${pricesIncludeTax ? 'include' : 'are without'} tax`,
    `- Its own clock: ${business.timezone}, now ${localMinute(now, business.timezone)}`,
    `- Catalogue: ${counted(profile.products, 'active product')} in ${counted(profile.categories, 'category')}${clients}`,
    `- Sales kept since: ${profile.firstSaleOn ?? 'none yet'}`,
    '',
    `Locations${profile.hasMoreLocations ? ` (the first ${profile.locations.length})` : ''}:`,
    '',
    table(
      ['location', 'zone', 'active', 'id'],
      profile.locations.map(({ id, name, timezone, is_active }) => [
        clean(name, 80),
        timezone,
        is_active ? 'yes' : 'no',
        id,
      ]),
    ),
  ]
  return { text: lines.join('\n'), businessId: business.id }
}
