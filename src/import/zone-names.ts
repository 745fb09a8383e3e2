import { isTimezone } from '../time/local.ts'

/** Hours of the abbreviations that mean one thing only; CST is in America what it is nowhere else. */
const ABBREVIATIONS: Record<string, string> = {
  ...{ Z: '+00:00', UTC: '+00:00', GMT: '+00:00', WET: '+00:00', WEST: '+01:00', CET: '+01:00', CEST: '+02:00' },
  ...{ EET: '+02:00', EEST: '+03:00', EST: '-05:00', EDT: '-04:00', CDT: '-05:00', MST: '-07:00', MDT: '-06:00' },
  ...{ PST: '-08:00', PDT: '-07:00', AKST: '-09:00', AKDT: '-08:00', HST: '-10:00' },
}
const IN_PLACE: [abbreviation: string, zones: RegExp, offset: string][] = [
  ['CST', /^America\//, '-06:00'],
  ['CST', /^Asia\/(Shanghai|Chongqing|Taipei|Macau)/, '+08:00'],
  ['BST', /^Europe\/(London|Belfast|Jersey|Guernsey|Isle_of_Man)/, '+01:00'],
  ['IST', /^Asia\/(Kolkata|Calcutta)/, '+05:30'],
  ['IST', /^Europe\/Dublin/, '+01:00'],
]

/** As Square and Rails name zones. */
const NAMES: Record<string, string> = {
  'eastern time (us & canada)': 'America/New_York',
  'central time (us & canada)': 'America/Chicago',
  'mountain time (us & canada)': 'America/Denver',
  'pacific time (us & canada)': 'America/Los_Angeles',
  'atlantic time (canada)': 'America/Halifax',
  arizona: 'America/Phoenix',
  alaska: 'America/Juneau',
  hawaii: 'Pacific/Honolulu',
}

/**
 * The zone or offset that a file names: `-0400`, `UTC`, `EST`, `Eastern Time (US & Canada)`, `Europe/Madrid`.
 * @param place zone of the shop, where an abbreviation has several meanings
 * @returns undefined if it is not known
 */
export function zoneOf(text: string, place: string): string | undefined {
  const [, hours, minutes = '00'] = /^(?:UTC|GMT)?([+-]\d\d):?(\d\d)?$/i.exec(text) ?? []
  if (hours !== undefined) return `${hours}:${minutes}`
  const word = text.toUpperCase()
  const local = IN_PLACE.find(([abbreviation, zones]) => abbreviation === word && zones.test(place))?.[2]
  return (
    local ??
    ABBREVIATIONS[word] ??
    NAMES[text.toLowerCase()] ??
    (/\//.test(text) && isTimezone(text) ? text : undefined)
  )
}
