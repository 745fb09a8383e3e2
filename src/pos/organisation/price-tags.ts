import type { Transaction } from '../../database/database.ts'

/** Whether the price tags of a business include tax. */
export async function doPricesIncludeTax(db: Transaction, businessId: string): Promise<boolean> {
  const { prices_include_tax } = await db
    .selectFrom('business')
    .select('prices_include_tax')
    .where('id', '=', businessId)
    .executeTakeFirstOrThrow()
  return prices_include_tax
}
