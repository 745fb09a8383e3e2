/** What the figures mean, in the terms of Square's sales summary and in the words of the tools' results. */
export const GLOSSARY = `# What the figures mean

| Term | Meaning |
|---|---|
| gross sales | items sold at their price, before discounts, without tax |
| returns | goods and money given back, without tax |
| discounts | what was taken off prices, comps included, without tax |
| net sales | gross sales − returns − discounts |
| tax | on net sales, taken per line and rounded half-up at the currency's minor unit; out of the price where prices include it |
| tips | given on top; never part of net sales |
| total | net sales + tax + tips |
| average sale | net sales per completed order |
| cost, margin | what the sold lines cost when they were sold; margin = net sales − cost |

- A sale counts on the local day of its completion, a refund on the local day of the refund. Open and cancelled orders never count.
- Days are local: a report about one location uses that location's clock, one about the business the business's own. Both ends of a range count; weeks begin on Monday.
- Amounts are exact decimals with their currency. Different currencies are never added up.
- "So far" compares a running day with the same hours of other days.
- On hand: the sum of the stock ledger (sales, returns, purchases, adjustments, counts, damage, transfers).
- Low: at or below the reorder point. Out: nothing left.
- Days of cover: on hand ÷ units sold per day over the last 30 days.
- Client: new with a first purchase in the period, returning with an earlier one; at risk and lost follow from the client's own rhythm of buying.
`
