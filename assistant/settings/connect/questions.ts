import type { Scope } from '../../../src/auth/scopes.ts'
import { inLanguage } from '../../language.ts'

const QUESTIONS: readonly { scope: Scope; text: string }[] = inLanguage({
  en: [
    { scope: 'pos:intents', text: 'How is today going, compared with last week?' },
    { scope: 'pos:intents', text: 'What do I have to reorder, and from whom?' },
    { scope: 'reports:read', text: 'Which products sold best this month, and which fell?' },
    { scope: 'psa:read', text: 'Which project steps are overdue?' },
    { scope: 'pos:read', text: 'How many bags of coffee do we have left, and where?' },
    { scope: 'pos:read', text: 'What did I sell today?' },
    { scope: 'pos:read', text: 'Find the order of 127.50 from this morning.' },
  ],
  es: [
    { scope: 'pos:intents', text: '¿Cómo va el día comparado con la semana pasada?' },
    { scope: 'pos:intents', text: '¿Qué tengo que pedir, y a quién?' },
    { scope: 'reports:read', text: '¿Qué productos se vendieron mejor este mes y cuáles bajaron?' },
    { scope: 'psa:read', text: '¿Qué pasos de proyecto están atrasados?' },
    { scope: 'pos:read', text: '¿Cuántas bolsas de café quedan y dónde?' },
    { scope: 'pos:read', text: '¿Qué vendí hoy?' },
    { scope: 'pos:read', text: 'Busca el pedido de 127.50 de esta mañana.' },
  ],
})

const SHOWN = 3

/** Three questions that somebody with these scopes gets an answer to. */
export function firstQuestions(scopes: readonly Scope[]): string[] {
  return QUESTIONS.filter(({ scope }) => scopes.includes(scope))
    .slice(0, SHOWN)
    .map(({ text }) => text)
}
