import { ServiceError } from '../errors.ts'

/** The form of a platform's own export. */
export interface Platform {
  name: string
  /** Headers that together no other export has. */
  signature: readonly string[]
  /** Headers by our columns. */
  columns: Readonly<Record<string, string>>
}

export const PLATFORMS: readonly Platform[] = [
  {
    name: 'shopify',
    signature: ['Financial Status', 'Lineitem quantity', 'Lineitem price'],
    columns: {
      ...{
        order_number: 'Name',
        ordered_at: 'Created at',
        quantity: 'Lineitem quantity',
        unit_price: 'Lineitem price',
      },
      ...{ sku: 'Lineitem sku', product_name: 'Lineitem name', discount: 'Lineitem discount', currency: 'Currency' },
      ...{
        cancelled_at: 'Cancelled at',
        status: 'Financial Status',
        payment_method: 'Payment Method',
        location: 'Location',
        employee: 'Employee',
      },
      ...{ client_code: 'Email', client_name: 'Billing Name', order_discount: 'Discount Amount', shipping: 'Shipping' },
      ...{ order_tax: 'Taxes', order_total: 'Total', refunded: 'Refunded Amount' },
    },
  },
  {
    name: 'square',
    signature: ['Transaction ID', 'Gross Sales', 'Event Type', 'Price Point Name'],
    columns: {
      ...{ order_number: 'Transaction ID', ordered_at: 'Date', time: 'Time', time_zone: 'Time Zone', quantity: 'Qty' },
      ...{ line_total: 'Gross Sales', discount: 'Discounts', tax: 'Tax', sku: 'SKU', product_name: 'Item' },
      ...{ category: 'Category', type: 'Event Type', location: 'Location', employee: 'Employee' },
      ...{ client_code: 'Customer ID', client_name: 'Customer Name', order_type: 'Dining Option' },
    },
  },
  {
    name: 'woocommerce',
    signature: ['Order Number', 'Order Status', 'Order Total Amount', 'Item Cost'],
    columns: {
      ...{ order_number: 'Order Number', ordered_at: 'Order Date', quantity: 'Quantity (- Refund)' },
      ...{ unit_price: 'Item Cost', sku: 'SKU', product_name: 'Item Name', discount: 'Discount Amount' },
      ...{ status: 'Order Status', payment_method: 'Payment Method Title', client_code: 'Email (Billing)' },
      ...{ client_name: 'First Name (Billing)', order_discount: 'Cart Discount Amount' },
      ...{ shipping: 'Order Shipping Amount', order_tax: 'Order Total Tax Amount', order_total: 'Order Total Amount' },
      ...{ refunded: 'Order Refund Amount' },
    },
  },
  {
    name: 'loyverse',
    signature: ['Receipt number', 'Receipt type', 'Gross sales', 'Cost of goods'],
    columns: {
      ...{ order_number: 'Receipt number', ordered_at: 'Date', quantity: 'Quantity', line_total: 'Gross sales' },
      ...{ sku: 'SKU', product_name: 'Item', category: 'Category', discount: 'Discounts', tax: 'Taxes' },
      ...{ line_cost: 'Cost of goods', type: 'Receipt type', status: 'Status', location: 'Store' },
      ...{ employee: 'Cashier name', order_type: 'Dining option', client_code: 'Customer name' },
    },
  },
  {
    name: 'toast',
    signature: ['Order Id', 'Item Selection Id', 'Gross Price', 'Void?'],
    columns: {
      // "Order #" begins anew every day.
      ...{ order_number: 'Order Id', ordered_at: 'Order Date', quantity: 'Qty', line_total: 'Gross Price' },
      ...{ sku: 'SKU', product_name: 'Menu Item', category: 'Sales Category', discount: 'Discount', tax: 'Tax' },
      ...{ void: 'Void?', location: 'Location', employee: 'Server', order_type: 'Dining Option' },
    },
  },
  {
    name: 'etsy',
    signature: ['Sale Date', 'Item Name', 'Order Sales Tax', 'Listing ID'],
    columns: {
      ...{ order_number: 'Order ID', ordered_at: 'Sale Date', quantity: 'Quantity', unit_price: 'Price', sku: 'SKU' },
      ...{ product_name: 'Item Name', discount: 'Discount Amount', shipping: 'Order Shipping', currency: 'Currency' },
      ...{ order_tax: 'Order Sales Tax', payment_method: 'Payment Type', order_type: 'Order Type' },
      ...{ client_code: 'Buyer', client_name: 'Ship Name' },
    },
  },
  {
    name: 'paypal',
    signature: ['Transaction ID', 'Gross', 'Fee', 'Item Title'],
    columns: {
      // The fee is PayPal's, and no discount of the shop.
      ...{ order_number: 'Transaction ID', ordered_at: 'Date', time: 'Time', time_zone: 'TimeZone' },
      ...{ quantity: 'Quantity', line_total: 'Gross', sku: 'Item ID', product_name: 'Item Title', type: 'Type' },
      ...{ status: 'Status', currency: 'Currency', client_code: 'From Email Address', client_name: 'Name' },
    },
  },
  {
    name: 'clover',
    signature: ['Order ID', 'Order Date', 'Per Unit Quantity', 'Item Revenue'],
    columns: {
      ...{ order_number: 'Order ID', ordered_at: 'Order Date', quantity: 'Per Unit Quantity', sku: 'Item SKU' },
      ...{ line_total: 'Item Revenue', product_name: 'Item Name', discount: 'Discounts', tax: 'Tax Amount' },
    },
  },
]

/** The platform whose export has this header, if any. */
export function platformOf(header: readonly string[]): Platform[] {
  const names = new Set(header.map((name) => name.toLowerCase()))
  return PLATFORMS.filter(({ signature }) => signature.every((name) => names.has(name.toLowerCase())))
}

/**
 * What `--from` names.
 * @throws ServiceError with the platforms that there are
 */
export function platformNamed(name: string | undefined): Platform | undefined {
  const found = PLATFORMS.find((platform) => platform.name === name?.toLowerCase())
  if (name === undefined || found !== undefined) return found
  const message = `--from: "${name}" is none of ${PLATFORMS.map((platform) => platform.name).join(', ')}.`
  throw new ServiceError('invalid_argument', message)
}
