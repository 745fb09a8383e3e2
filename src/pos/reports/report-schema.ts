import { Type } from '@sinclair/typebox'
import { EntityRef, Nullable, StringEnum } from '../../results/schema.ts'
import { WindowSchema } from '../../time/window.ts'
import { ComparedSchema } from './period-comparison.ts'

/** The argument that asks for a comparison. */
export const CompareWith = StringEnum(['none', 'previous', 'year', 'both'], { default: 'none' })

const Figures = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]), {
  description: 'By measure: decimal strings, numbers of orders; null: not known',
})

const ComparedFigures = Type.Object({
  ...ComparedSchema.properties,
  totals: Type.Optional(Figures),
  changePercent: Type.Optional(Figures),
})

/** What a report is compared with. */
export const ComparisonSchema = Type.Object({
  previous: Type.Optional(ComparedFigures),
  year: Type.Optional(ComparedFigures),
})

/** What comparisons by one amount add to a row, such as taxBefore and taxYearBefore. */
export const comparedColumns = (key: string) =>
  Object.fromEntries(
    [`${key}Before`, 'changePercent', `${key}YearBefore`, 'yearChangePercent'].map((name) => [
      name,
      Type.Optional(Nullable(Type.String())),
    ]),
  )

/** How one can check a report. */
export const BasisSchema = Type.Object({
  definition: Type.String(),
  orders: Type.Optional(Type.Integer()),
  onlyBack: Type.Optional(Type.Integer({ description: 'Of the orders, those that only took goods back' })),
  call: Type.Optional(Type.Object({ tool: Type.String(), arguments: Type.Record(Type.String(), Type.Unknown()) })),
  reconciliation: Type.Optional(Type.String()),
})

/** Values of two dimensions: those of a row stand in the order of the columns. */
const ColumnsSchema = Type.Object({
  names: Type.Array(Type.String()),
  totals: Type.Record(Type.String(), Type.Array(Type.Unknown())),
  days: Type.Optional(Type.Array(Type.Integer())),
  perDay: Type.Optional(Type.Array(Nullable(Type.String()))),
})

/** Any report about sales. */
export const SalesReportSchema = Type.Object({
  window: WindowSchema,
  location: Nullable(EntityRef),
  totals: Figures,
  rows: Type.Array(Type.Record(Type.String(), Type.Unknown())),
  columns: Type.Optional(ColumnsSchema),
  comparison: Type.Optional(ComparisonSchema),
  about: Type.Object({
    cut: Type.Optional(Type.String({ description: 'What is left out' })),
    filters: Type.Optional(Type.Array(Type.String())),
    groupBy: Type.Array(Type.String()),
    notes: Type.Optional(Type.Array(Type.String())),
    terms: Type.String(),
    basis: BasisSchema,
  }),
})
