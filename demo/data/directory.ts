/** The directory of the demo: its people, their businesses, and who works where. */

export interface DemoUser {
  id: string
  /** Uid at the identity provider. */
  uid: string
  email: string
  password: string
  displayName: string
}

export interface DemoLocation {
  id: string
  name: string
  /** Prefix of the location's order numbers. */
  code: string
  address: string
  city: string
  /** Share of the business's orders; the shares of a business add up to 1. */
  share: number
}

export interface DemoBusiness {
  id: string
  name: string
  currency: string
  /** IANA zone, of the business and of all its locations. */
  timezone: string
  pricesIncludeTax: boolean
  /** As a fraction. */
  taxRate: string
  locations: readonly DemoLocation[]
}

export interface DemoMembership {
  userId: string
  businessId: string
  role: 'owner' | 'cashier'
  /** Instant that orders a person's businesses. */
  createdAt: string
}

export const ANA: DemoUser = {
  id: '0a5e0000-0000-4000-8000-000000000001',
  uid: 'demo-ana',
  email: 'ana@demo.flowpos.app',
  password: 'flowpos-demo',
  displayName: 'Ana Lucía Morales',
}

export const MARCO: DemoUser = {
  id: '0a5e0000-0000-4000-8000-000000000002',
  uid: 'demo-marco',
  email: 'marco@demo.flowpos.app',
  password: 'flowpos-demo',
  displayName: 'Marco Ibáñez',
}

export const SOFIA: DemoUser = {
  id: '0a5e0000-0000-4000-8000-000000000003',
  uid: 'demo-sofia',
  email: 'sofia@demo.flowpos.app',
  password: 'flowpos-demo',
  displayName: 'Sofía Castañeda',
}

export const LUIS: DemoUser = {
  id: '0a5e0000-0000-4000-8000-000000000004',
  uid: 'demo-luis',
  email: 'luis@demo.flowpos.app',
  password: 'flowpos-demo',
  displayName: 'Luis Pérez',
}

export const LA_CEIBA: DemoBusiness = {
  id: '0b050000-0000-4000-8000-000000000001',
  name: 'Tienda La Ceiba',
  currency: 'GTQ',
  timezone: 'America/Guatemala',
  pricesIncludeTax: true,
  taxRate: '0.12',
  locations: [
    {
      id: '010c0000-0000-4000-8000-000000000001',
      name: 'Zona 10',
      code: 'Z10',
      address: '4a avenida 12-45, Zona 10',
      city: 'Ciudad de Guatemala',
      share: 0.6,
    },
    {
      id: '010c0000-0000-4000-8000-000000000002',
      name: 'Antigua',
      code: 'ANT',
      address: '5a avenida norte 21',
      city: 'Antigua Guatemala',
      share: 0.4,
    },
  ],
}

export const CAFE_NONO: DemoBusiness = {
  id: '0b050000-0000-4000-8000-000000000002',
  name: 'Café Ñoño',
  currency: 'EUR',
  timezone: 'Europe/Madrid',
  pricesIncludeTax: true,
  taxRate: '0.10',
  locations: [
    {
      id: '010c0000-0000-4000-8000-000000000003',
      name: 'Malasaña',
      code: 'MAL',
      address: 'Calle del Espíritu Santo 14',
      city: 'Madrid',
      share: 0.62,
    },
    {
      id: '010c0000-0000-4000-8000-000000000004',
      name: 'Lavapiés',
      code: 'LAV',
      address: 'Calle de Argumosa 9',
      city: 'Madrid',
      share: 0.38,
    },
  ],
}

export const HUDSON: DemoBusiness = {
  id: '0b050000-0000-4000-8000-000000000003',
  name: 'Hudson Street Provisions',
  currency: 'USD',
  timezone: 'America/New_York',
  pricesIncludeTax: false,
  taxRate: '0.08875',
  locations: [
    {
      id: '010c0000-0000-4000-8000-000000000005',
      name: 'West Village',
      code: 'WV',
      address: '530 Hudson Street',
      city: 'New York',
      share: 1,
    },
  ],
}

export const ESTUDIO_QUETZAL: DemoBusiness = {
  id: '0b050000-0000-4000-8000-000000000004',
  name: 'Estudio Quetzal',
  currency: 'USD',
  timezone: 'America/Guatemala',
  pricesIncludeTax: false,
  taxRate: '0.12',
  locations: [
    {
      id: '010c0000-0000-4000-8000-000000000006',
      name: 'Estudio',
      code: 'EQ',
      address: '13 calle 3-40, Zona 4',
      city: 'Ciudad de Guatemala',
      share: 1,
    },
  ],
}

export const DEMO_USERS: readonly DemoUser[] = [ANA, MARCO, SOFIA, LUIS]

export const DEMO_BUSINESSES: readonly DemoBusiness[] = [LA_CEIBA, CAFE_NONO, HUDSON, ESTUDIO_QUETZAL]

export const DEMO_MEMBERSHIPS: readonly DemoMembership[] = [
  { userId: ANA.id, businessId: LA_CEIBA.id, role: 'owner', createdAt: '2025-02-03T15:00:00Z' },
  { userId: MARCO.id, businessId: CAFE_NONO.id, role: 'owner', createdAt: '2025-02-10T09:00:00Z' },
  { userId: MARCO.id, businessId: HUDSON.id, role: 'owner', createdAt: '2025-05-19T14:00:00Z' },
  { userId: SOFIA.id, businessId: ESTUDIO_QUETZAL.id, role: 'owner', createdAt: '2025-03-04T16:30:00Z' },
  { userId: LUIS.id, businessId: LA_CEIBA.id, role: 'cashier', createdAt: '2025-06-02T13:45:00Z' },
]

export interface DemoLogin {
  email: string
  password: string
  role: string
  businesses: { id: string; name: string }[]
}

/** The logins of the demo, each with role and businesses in the person's order. */
export function demoLogins(): DemoLogin[] {
  return DEMO_USERS.map(({ id, email, password }) => {
    const memberships = DEMO_MEMBERSHIPS.filter((membership) => membership.userId === id).toSorted((a, b) =>
      a.createdAt.localeCompare(b.createdAt),
    )
    const businesses = memberships.flatMap(({ businessId }) =>
      DEMO_BUSINESSES.filter((business) => business.id === businessId).map(({ id, name }) => ({ id, name })),
    )
    return { email, password, role: memberships[0]?.role ?? '', businesses }
  })
}
