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
| sales with tax | net sales + tax, as on the receipts; without tips |
| cost, margin | what the sold lines cost when they were sold; margin = their net sales − cost, of lines whose cost is known alone |

- A sale counts on the local day of its completion, a refund on the local day of the refund. Open and cancelled orders never count.
- Days are local: a report about one location uses that location's clock, one about the business the business's own. Both ends of a range count; \`from\` alone runs until today; weeks begin on Monday.
- Amounts are exact decimals with their currency. Different currencies are never added up.
- "So far (04:48)": the window holds today, up to this local time. It is compared with the same stretch of another window, whose last day counts up to the same time: a week with the same weekdays a week and 52 weeks before, a month to date with the same days of the month, a day with its weekday.
- Sales since: the first day with a sale on file. What was sold before is unknown, not zero: nothing is compared with it, and means count days from then on.
- Sales without a time of day are in their day, in no hour, and on neither side of "up to 04:48".
- A row of weeks, months or quarters names the days that it holds, and whether they are a part.
- Stands out, and forecast: rules over the shop's own history of the same weekdays; a forecast is the median of up to eight of them.
- On hand: the sum of the stock ledger (sales, returns, purchases, adjustments, counts, damage, transfers).
- Low: at or below the reorder point. Out: nothing left.
- Days of cover: on hand ÷ units sold per day over the last 30 days.
- Client: new with a first purchase in the period, returning with an earlier one; at risk and lost follow from the client's own rhythm of buying.
`
