import type { Scope } from '../../src/auth/scopes.ts'
import type { Consent, InteractionDetails } from '../../src/oauth/interaction-details.ts'
import { attempt, byId, element } from '../dom.ts'
import { inLanguage, translate } from '../language.ts'
import { answer, offerAbort } from './answer.ts'
import { APPLICATION } from './place.ts'

type ConsentDetails = Extract<InteractionDetails, { prompt: 'consent' }>

translate(
  inLanguage({
    en: {
      'consent-title': 'Connect to FlowPOS',
      'consent-calls-itself': 'An application that calls itself',
      'consent-wants': 'wants to work with',
      'consent-publisher': 'Its description comes from',
      'consent-goes-to': 'Your browser goes to',
      'consent-next': ' next.',
      'consent-claim': 'Anybody can claim a name: allow this only if you have just started it yourself.',
      'consent-refused': 'Your role in these businesses allows nothing of what it asks for.',
      'consent-access': 'What it may do',
      'consent-read': 'Read only',
      'consent-read-hint': 'See products and prices, stock and orders. It changes nothing.',
      'consent-write': 'Read and change',
      'consent-write-hint':
        'Also change products and prices, stock and clients, and make orders, cancel and refund them: money is given back.',
      'consent-more': 'What else it may see',
      'consent-reports': 'Sales reports and summaries',
      'consent-reports-hint': 'Sales, taxes, payments, best sellers; days and periods at a glance.',
      'consent-clients': 'Clients’ data',
      'consent-clients-hint':
        'Names, contacts, what they bought. Without it, no client is shown or changed, not even in orders.',
      'consent-projects': 'Projects',
      'consent-projects-hint': 'Boards, steps and time sheets.',
      'consent-businesses': 'In which businesses',
      'consent-businesses-hint': 'While all are chosen, businesses that you join later are included.',
      'consent-end': 'You can end the connection at any time in Settings → AI Assistant.',
      'consent-allow': 'Allow',
      'consent-abort': 'Do not allow',
    },
    es: {
      'consent-title': 'Conectar con FlowPOS',
      'consent-calls-itself': 'Una aplicación que dice llamarse',
      'consent-wants': 'quiere trabajar con',
      'consent-publisher': 'Su descripción viene de',
      'consent-goes-to': 'Después tu navegador va a',
      'consent-next': '.',
      'consent-claim': 'Cualquiera puede usar ese nombre: permite la conexión solo si acabas de iniciarla tú.',
      'consent-refused': 'Tu rol en estos negocios no permite nada de lo que pide.',
      'consent-access': 'Qué puede hacer',
      'consent-read': 'Solo leer',
      'consent-read-hint': 'Ver productos y precios, existencias y pedidos. No cambia nada.',
      'consent-write': 'Leer y cambiar',
      'consent-write-hint':
        'También cambiar productos y precios, existencias y clientes, y hacer pedidos, cancelarlos y reembolsarlos: se devuelve dinero.',
      'consent-more': 'Qué más puede ver',
      'consent-reports': 'Informes y resúmenes de ventas',
      'consent-reports-hint': 'Ventas, impuestos, pagos, lo más vendido; días y períodos de un vistazo.',
      'consent-clients': 'Datos de clientes',
      'consent-clients-hint':
        'Nombres, contactos, qué compraron. Sin ellos no se muestra ni se cambia ningún cliente, tampoco en los pedidos.',
      'consent-projects': 'Proyectos',
      'consent-projects-hint': 'Tableros, pasos y horas trabajadas.',
      'consent-businesses': 'En qué negocios',
      'consent-businesses-hint': 'Si eliges todos, se incluyen los negocios a los que te unas después.',
      'consent-end': 'Puedes terminar la conexión cuando quieras en Configuración → Asistente de IA.',
      'consent-allow': 'Permitir',
      'consent-abort': 'No permitir',
    },
  }),
)

const ROLES: Record<string, string> = inLanguage({
  en: { storemanager: 'store manager', salesassociate: 'sales associate' },
  es: {
    owner: 'propietario',
    admin: 'administrador',
    manager: 'encargado',
    storemanager: 'encargado de tienda',
    cashier: 'cajero',
    salesassociate: 'vendedor',
  },
})
const BUSINESSES = inLanguage({
  en: (count: number) => `${count} businesses`,
  es: (count: number) => `${count} negocios`,
})
const BARRED = inLanguage({
  en: (names: string) => `Not allowed there by an owner or admin: ${names}.`,
  es: (names: string) => `Un propietario o administrador no la permite en: ${names}.`,
})
const ALL_BARRED = inLanguage({
  en: 'None of your businesses allows this application. An owner or admin decides that in Settings → AI Assistant.',
  es: 'Ninguno de tus negocios permite esta aplicación. Lo decide un propietario o administrador en Configuración → Asistente de IA.',
})
const CHOOSE_BUSINESS = inLanguage({ en: 'Choose at least one business.', es: 'Elige al menos un negocio.' })
const CHOOSE_SOMETHING = inLanguage({
  en: 'Choose at least one thing that it may do or see.',
  es: 'Elige al menos una cosa que pueda hacer o ver.',
})

/** The merchant decides what the client may do, or refuses it. */
export function openConsent(view: HTMLElement, details: ConsentDetails): void {
  const form = byId('consent-form', HTMLFormElement)
  introduce(details)
  offerBusinesses(details)
  offerScopes(form, details)

  const isRefused = details.scopes.length === 0
  showBarred(details)
  byId('consent-refused', HTMLElement).hidden = !isRefused || details.businesses.length === 0
  byId('consent-choices', HTMLElement).hidden = isRefused
  byId('consent-allow', HTMLButtonElement).hidden = isRefused
  form.addEventListener('change', () => offerScopes(form, details))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void attempt(view, () => answer('confirm', consentOf(form, details)))
  })
  offerAbort(view)
}

function introduce({ businesses, barred, place, publisher }: ConsentDetails): void {
  const names = businesses.length === 0 ? barred : businesses.map(({ name }) => name)
  byId('consent-of', HTMLElement).textContent = names.length === 1 ? (names[0] as string) : BUSINESSES(names.length)
  byId('consent-destination', HTMLElement).textContent = place.host
  byId('consent-destination-kind', HTMLElement).textContent = APPLICATION[place.kind as keyof typeof APPLICATION]
  byId('consent-publisher', HTMLElement).textContent = publisher
  byId('consent-published', HTMLElement).hidden = publisher === null
}

/** Businesses whose owner does not allow the client are not offered. */
function showBarred({ businesses, barred }: ConsentDetails): void {
  const place = byId('consent-barred', HTMLElement)
  place.hidden = barred.length === 0
  place.textContent = businesses.length === 0 ? ALL_BARRED : BARRED(barred.join(', '))
}

function offerBusinesses({ businesses }: ConsentDetails): void {
  const place = byId('consent-businesses', HTMLElement)
  place.hidden = businesses.length < 2
  for (const { id, name, role } of businesses) {
    const box = element('input', { type: 'checkbox', name: 'business', value: id, defaultChecked: true })
    const words = element('b', {}, element('bdi', {}, name))
    place.append(
      element('label', { className: 'choice' }, box, element('span', {}, words, element('small', {}, roleWords(role)))),
    )
  }
}

function roleWords(role: string): string {
  return ROLES[role.toLowerCase().replaceAll('_', '')] ?? role
}

/** Shows the choices that the roles in the chosen businesses allow. Reading is chosen unless the merchant says more. */
function offerScopes(form: HTMLFormElement, details: ConsentDetails): void {
  const chosen = chosenBusinesses(form)
  // While none is chosen, the choices stay.
  const businesses = details.businesses.filter(({ id }) => chosen.length === 0 || chosen.includes(id))
  const offered = new Set(businesses.flatMap(({ scopes }) => scopes))
  for (const choice of form.querySelectorAll<HTMLElement>('[data-needs]')) {
    const needs = (choice.dataset.needs as string).split(' ') as Scope[]
    choice.hidden = !needs.some((scope) => offered.has(scope))
  }
  byId('consent-clients', HTMLElement).hidden = !details.clientData
  for (const id of ['consent-access', 'consent-more']) {
    const place = byId(id, HTMLElement)
    place.hidden = [...place.querySelectorAll<HTMLElement>('.choice')].every((choice) => choice.hidden)
  }
  const radios = visible(form, 'access')
  const readOnly = radios.find(({ value }) => value === 'pos:read')
  if (readOnly !== undefined && !radios.some(({ checked }) => checked)) readOnly.checked = true
}

/** What the merchant has chosen. @throws Error if that is nothing */
function consentOf(form: HTMLFormElement, { businesses, clientData }: ConsentDetails): Consent {
  const businessIds = chosenBusinesses(form)
  if (businessIds.length === 0) throw new Error(CHOOSE_BUSINESS)
  const access = visible(form, 'access').find(({ checked }) => checked)?.value
  const more = visible(form, 'more').filter(({ checked }) => checked)
  const scopes = [
    // Who may change something may read it, too.
    ...(access === undefined ? [] : access === 'pos:write' ? ['pos:read', 'pos:write'] : ['pos:read']),
    ...more.flatMap(({ value }) => value.split(' ')),
  ] as Scope[]
  if (scopes.length === 0) throw new Error(CHOOSE_SOMETHING)
  return {
    scopes,
    clientData: clientData && visible(form, 'clients').some(({ checked }) => checked),
    // Without a narrower choice, businesses to come are included.
    ...(businessIds.length === businesses.length ? {} : { businessIds }),
  }
}

/** The ids of the chosen businesses; a single one needs no choice, and has no hidden box that could be unchecked. */
function chosenBusinesses(form: HTMLFormElement): string[] {
  return inputs(form, 'business').flatMap(({ checked, value }) => (checked ? [value] : []))
}

function visible(form: HTMLFormElement, name: string): HTMLInputElement[] {
  return inputs(form, name).filter((input) => input.closest('[hidden]') === null)
}

function inputs(form: HTMLFormElement, name: string): HTMLInputElement[] {
  return [...form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)]
}
