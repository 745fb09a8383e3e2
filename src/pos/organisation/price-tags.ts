import { compileOnce } from '../../database/compiled.ts'
import type { Transaction } from '../../database/database.ts'

const priceTags = compileOnce((db, { businessId }: { businessId: string }) =>
  db.selectFrom('business').select('prices_include_tax').where('id', '=', businessId),
)

/** Whether the price tags of a business include tax. */
export async function doPricesIncludeTax(db: Transaction, businessId: string): Promise<boolean> {
  const [business] = await priceTags(db, { businessId })
  if (business === undefined) throw new Error('the business is not to be seen')
  return business.prices_include_tax
}
