// Models call tools by names that they remember from an earlier list, or that other services use.

const VERBS: Readonly<Record<string, string>> = {
  list: 'get',
  show: 'get',
  find: 'get',
  search: 'get',
  fetch: 'get',
  read: 'get',
  query: 'get',
  add: 'create',
  new: 'create',
  make: 'create',
  edit: 'update',
  change: 'update',
  modify: 'update',
  void: 'cancel',
  move: 'transfer',
}
const NOUNS: Readonly<Record<string, string>> = {
  customer: 'client',
  item: 'product',
  stock: 'inventory',
  store: 'location',
  shop: 'location',
  branch: 'location',
  vendor: 'supplier',
  staff: 'employee',
}
const OTHERS: Readonly<Record<string, string>> = {
  get_sales: 'get_sales_report',
  sales_report: 'get_sales_report',
  get_report: 'get_sales_report',
  get_best_sellers: 'get_top_products',
  create_sale: 'create_order',
  update_inventory: 'adjust_inventory',
  update_stock: 'adjust_inventory',
  get_stock_movements: 'list_inventory_movements',
  get_taxes: 'get_tax_report',
  get_payments: 'get_sales_by_payment_method',
  get_refunds: 'list_refunds',
  whoami: 'get_context',
}

/** The tool among some that a name means which none of them has: a former name, another verb, a synonym, a plural. */
export function renamedTool(name: string, tools: readonly string[]): string | undefined {
  const known = lookUp(OTHERS, snake(name))
  if (tools.includes(known)) return known
  const wanted = meaningOf(name)
  const alike = tools.filter((tool) => meaningOf(tool) === wanted)
  return alike.find((tool) => isPlural(tool) === isPlural(name)) ?? alike[0]
}

function snake(name: string): string {
  return name
    .slice(0, 64)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[-.\s]+/g, '_')
    .toLowerCase()
}

function meaningOf(name: string): string {
  const [verb = '', ...nouns] = snake(name).split('_')
  return [lookUp(VERBS, verb), ...nouns.map((noun) => lookUp(NOUNS, singular(noun)))].join('_')
}

function singular(noun: string): string {
  return noun
    .replace(/ies$/, 'y')
    .replace(/(?<=ch|sh|x)es$/, '')
    .replace(/(?<=[^s])s$/, '')
}

function isPlural(name: string): boolean {
  return name.endsWith('s')
}

function lookUp(table: Readonly<Record<string, string>>, word: string): string {
  return Object.hasOwn(table, word) ? (table[word] as string) : word
}
