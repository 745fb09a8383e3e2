import { CAFE_NONO_CATALOGUE } from './cafe-nono.ts'
import type { Catalogue } from './catalogue.ts'
import { CAFE_NONO, type DemoBusiness, ESTUDIO_QUETZAL, HUDSON, LA_CEIBA } from './directory.ts'
import { ESTUDIO_QUETZAL_CATALOGUE } from './estudio-quetzal.ts'
import { HUDSON_CATALOGUE } from './hudson.ts'
import { LA_CEIBA_CATALOGUE } from './la-ceiba.ts'
import { GUATEMALANS, NEW_YORKERS, type People, SPANIARDS } from './names.ts'
import type { Weighted } from './random.ts'

/** How a business works: when people come, what they buy and how they pay. */
export interface Shop {
  business: DemoBusiness
  catalogue: Catalogue
  /** Orders on an average day at the start, over all locations. */
  ordersPerDay: number
  /** Growth of the orders per year, as a fraction. */
  yearlyGrowth: number
  opensAt: number
  /** Weights of the opening hours, from `opensAt` on. */
  hours: readonly number[]
  /** Monday first; 0 is closed. */
  weekdays: readonly number[]
  /** January first. */
  months: readonly number[]
  linesPerOrder: Weighted<number>
  orderTypes: Weighted<string>
  paymentMethods: Weighted<string>
  /** How often tips are given, and their percentages of net sales. */
  tips: { chance: number; percents: readonly number[] }
  /** Percent off a line; 100 is a comp. */
  discounts: Weighted<number>
  refundChance: number
  cancelChance: number
  /** The chance that a location leaves an order open on a day. */
  parkChance: number
  customers: CustomerSpec
  words: { refund: readonly string[]; cancel: readonly string[]; parked: readonly string[]; stockTaken: string }
}

interface CustomerSpec {
  people: People
  codePrefix: string
  /** Customers on the first day, and new ones per day after that. */
  base: number
  joinsPerDay: number
  /** Days between two visits, from the most to the least frequent regulars. */
  rhythm: readonly [number, number]
}

const LA_CEIBA_SHOP: Shop = {
  business: LA_CEIBA,
  catalogue: LA_CEIBA_CATALOGUE,
  ordersPerDay: 94,
  yearlyGrowth: 0.14,
  opensAt: 7,
  hours: [5, 9, 8, 7, 7, 10, 9, 6, 6, 8, 11, 9, 5],
  weekdays: [0.92, 0.7, 0.93, 1, 1.16, 1.32, 0.97],
  months: [0.93, 0.95, 1.02, 1.06, 0.97, 0.96, 1, 0.98, 0.97, 1, 1.04, 1.22],
  linesPerOrder: [
    [1, 48],
    [2, 29],
    [3, 13],
    [4, 7],
    [6, 3],
  ],
  orderTypes: [
    ['retail', 74],
    ['takeaway', 20],
    ['delivery', 6],
  ],
  paymentMethods: [
    ['cash', 55],
    ['card', 32],
    ['transfer', 7],
    ['wallet', 6],
  ],
  tips: { chance: 0, percents: [] },
  discounts: [
    [0, 940],
    [5, 22],
    [10, 26],
    [20, 8],
    [100, 4],
  ],
  refundChance: 0.016,
  cancelChance: 0.012,
  parkChance: 0.04,
  customers: { people: GUATEMALANS, codePrefix: 'LC', base: 170, joinsPerDay: 0.34, rhythm: [2.2, 9] },
  words: {
    refund: ['Producto dañado', 'Talla equivocada', 'Cobro duplicado', 'El cliente cambió de opinión', 'Vencido'],
    cancel: ['El cliente no volvió', 'Error de captura', 'Sin existencias'],
    parked: ['Apartado hasta fin de mes', 'Pendiente de recoger', 'Encargo por confirmar'],
    stockTaken: 'Ventas desde la última entrega',
  },
}

const CAFE_NONO_SHOP: Shop = {
  business: CAFE_NONO,
  catalogue: CAFE_NONO_CATALOGUE,
  ordersPerDay: 88,
  yearlyGrowth: 0.08,
  opensAt: 7,
  hours: [6, 13, 15, 11, 9, 7, 7, 6, 6, 8, 7, 5, 4, 3],
  weekdays: [0.62, 0.95, 1, 1.02, 1.14, 1.25, 1.02],
  months: [1, 0.99, 1.03, 1.04, 1.05, 1.03, 0.9, 0.68, 1.02, 1.06, 1.05, 1.12],
  linesPerOrder: [
    [1, 52],
    [2, 34],
    [3, 10],
    [4, 4],
  ],
  orderTypes: [
    ['dine_in', 71],
    ['takeaway', 26],
    ['delivery', 3],
  ],
  paymentMethods: [
    ['card', 58],
    ['cash', 27],
    ['wallet', 14],
    ['transfer', 1],
  ],
  tips: { chance: 0.07, percents: [5, 8, 10] },
  discounts: [
    [0, 955],
    [10, 28],
    [25, 8],
    [100, 9],
  ],
  refundChance: 0.014,
  cancelChance: 0.014,
  parkChance: 0.03,
  customers: { people: SPANIARDS, codePrefix: 'CN', base: 165, joinsPerDay: 0.36, rhythm: [2, 11] },
  words: {
    refund: ['Pedido equivocado', 'Café frío', 'Cobrado dos veces', 'Producto en mal estado'],
    cancel: ['Se fue sin consumir', 'Error de comanda', 'Producto agotado'],
    parked: ['Mesa sin cerrar', 'Encargo de empresa', 'Pendiente de recoger'],
    stockTaken: 'Ventas desde la última entrega',
  },
}

const HUDSON_SHOP: Shop = {
  business: HUDSON,
  catalogue: HUDSON_CATALOGUE,
  ordersPerDay: 62,
  yearlyGrowth: -0.05,
  opensAt: 7,
  hours: [8, 13, 11, 8, 9, 14, 12, 7, 6, 7, 6, 4],
  weekdays: [0.95, 0.78, 0.96, 1.02, 1.13, 1.22, 0.94],
  months: [0.9, 0.93, 0.98, 1.02, 1.05, 1.04, 0.95, 0.92, 1.03, 1.06, 1.07, 1.2],
  linesPerOrder: [
    [1, 47],
    [2, 34],
    [3, 12],
    [4, 5],
    [6, 2],
  ],
  orderTypes: [
    ['takeaway', 55],
    ['dine_in', 22],
    ['retail', 15],
    ['delivery', 8],
  ],
  paymentMethods: [
    ['card', 66],
    ['wallet', 22],
    ['cash', 12],
  ],
  tips: { chance: 0.58, percents: [10, 15, 18, 18, 20, 20, 25] },
  discounts: [
    [0, 950],
    [10, 30],
    [15, 12],
    [100, 8],
  ],
  refundChance: 0.014,
  cancelChance: 0.01,
  parkChance: 0.04,
  customers: { people: NEW_YORKERS, codePrefix: 'HS', base: 160, joinsPerDay: 0.36, rhythm: [3, 14] },
  words: {
    refund: ['Wrong item', 'Damaged packaging', 'Charged twice', 'Changed their mind', 'Not fresh'],
    cancel: ['Customer left', 'Keyed in by mistake', 'Out of stock'],
    parked: ['Catering order to confirm', 'To be picked up', 'House tab'],
    stockTaken: 'Sold since the last delivery',
  },
}

const ESTUDIO_QUETZAL_SHOP: Shop = {
  business: ESTUDIO_QUETZAL,
  catalogue: ESTUDIO_QUETZAL_CATALOGUE,
  ordersPerDay: 1.5,
  yearlyGrowth: 0.2,
  opensAt: 9,
  hours: [6, 10, 9, 4, 2, 6, 9, 8],
  weekdays: [1.4, 1.3, 1.4, 1.4, 1.5, 0, 0],
  months: [0.85, 0.95, 1.05, 0.95, 1, 1, 1, 0.95, 1, 1.05, 1.15, 0.9],
  linesPerOrder: [
    [1, 55],
    [2, 30],
    [3, 15],
  ],
  orderTypes: [['invoice', 1]],
  paymentMethods: [
    ['transfer', 78],
    ['card', 22],
  ],
  tips: { chance: 0, percents: [] },
  discounts: [
    [0, 90],
    [5, 6],
    [10, 4],
  ],
  refundChance: 0.01,
  cancelChance: 0.02,
  parkChance: 0.02,
  customers: { people: GUATEMALANS, codePrefix: 'EQ', base: 22, joinsPerDay: 0.025, rhythm: [14, 34] },
  words: {
    refund: ['Horas facturadas de más', 'Nota de crédito acordada'],
    cancel: ['Factura emitida por error', 'Proyecto pospuesto'],
    parked: ['Cotización por aprobar', 'Anticipo pendiente'],
    stockTaken: 'Ventas desde la última entrega',
  },
}

export const SHOPS: readonly Shop[] = [LA_CEIBA_SHOP, CAFE_NONO_SHOP, HUDSON_SHOP, ESTUDIO_QUETZAL_SHOP]
