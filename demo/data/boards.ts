import type { Insertable } from 'kysely'
import { Temporal } from 'temporal-polyfill'
import type { PsaBoard, PsaPhase, PsaStep, PsaTimeEntry } from '../../src/database/types.ts'
import { type Calendar, isWithin, type Window } from './calendar.ts'
import { ESTUDIO_QUETZAL, SOFIA } from './directory.ts'
import { createRandom, stableId } from './random.ts'

type Kind = 'task' | 'document' | 'hourly' | 'approval'

/** Days are relative to the day of the first load; negative ones are in the past. */
interface StepSpec {
  name: string
  kind?: Kind
  /** The day that it was finished. */
  done?: number
  inProgress?: true
  blocked?: string
  due: number
  mine?: true
  hours?: number
}

interface BoardSpec {
  name: string
  vertical: string
  status: string
  /** Which of the first customers it is for. */
  customer: number
  starts: number
  due: number
  phases: readonly (readonly [name: string, steps: readonly StepSpec[]])[]
}

const BOARDS: readonly BoardSpec[] = [
  {
    name: 'Tienda en línea – Café Ixchel',
    vertical: 'agency',
    status: 'active',
    customer: 0,
    starts: -48,
    due: 24,
    phases: [
      [
        'Descubrimiento',
        [
          { name: 'Taller de arranque', done: -45, due: -45, mine: true, hours: 6 },
          { name: 'Inventario de contenidos', kind: 'document', done: -38, due: -40, mine: true, hours: 8 },
          { name: 'Aprobación del alcance', kind: 'approval', done: -35, due: -36 },
        ],
      ],
      [
        'Diseño',
        [
          { name: 'Bocetos de navegación', done: -27, due: -28, mine: true, hours: 14 },
          { name: 'Diseño de ficha de producto', kind: 'hourly', inProgress: true, due: -4, mine: true, hours: 18 },
          { name: 'Aprobación del diseño', kind: 'approval', due: 2 },
        ],
      ],
      [
        'Desarrollo',
        [
          {
            name: 'Pasarela de pago',
            blocked: 'El banco no ha entregado las credenciales de producción',
            due: -2,
            mine: true,
            hours: 20,
          },
          { name: 'Carga de catálogo', due: 9, hours: 12 },
          { name: 'Pruebas con clientes', due: 18, mine: true, hours: 10 },
        ],
      ],
    ],
  },
  {
    name: 'Campaña de temporada – Piñatería Doña Toña',
    vertical: 'retail',
    status: 'active',
    customer: 1,
    starts: -20,
    due: 30,
    phases: [
      [
        'Concepto',
        [
          { name: 'Propuesta creativa', kind: 'document', done: -12, due: -13, mine: true, hours: 10 },
          { name: 'Visto bueno del cliente', kind: 'approval', done: -9, due: -10 },
        ],
      ],
      [
        'Producción',
        [
          { name: 'Sesión de fotos', inProgress: true, due: 1, mine: true, hours: 9 },
          { name: 'Guion del video corto', inProgress: true, due: 3, hours: 6 },
          { name: 'Permiso de la locación', blocked: 'La municipalidad pide otro formulario', due: -1 },
        ],
      ],
      [
        'Lanzamiento',
        [
          { name: 'Calendario de publicaciones', due: 8, mine: true, hours: 4 },
          { name: 'Pauta en redes', kind: 'hourly', due: 12, hours: 8 },
        ],
      ],
    ],
  },
  {
    name: 'Identidad – Clínica Peñalba',
    vertical: 'agency',
    status: 'paused',
    customer: 2,
    starts: -75,
    due: -8,
    phases: [
      [
        'Investigación',
        [
          { name: 'Entrevistas', done: -66, due: -68, mine: true, hours: 7 },
          { name: 'Referencias visuales', done: -60, due: -62, hours: 5 },
        ],
      ],
      [
        'Propuesta',
        [
          {
            name: 'Tres rutas de logotipo',
            blocked: 'Cliente en pausa hasta cambiar de junta',
            due: -30,
            mine: true,
            hours: 16,
          },
          { name: 'Manual de marca', kind: 'document', due: -8, hours: 12 },
        ],
      ],
    ],
  },
  {
    name: 'Mantenimiento web – Ferretería El Pino',
    vertical: 'it',
    status: 'active',
    customer: 3,
    starts: -120,
    due: 200,
    phases: [
      [
        'Mensual',
        [
          { name: 'Actualizaciones de seguridad', kind: 'hourly', inProgress: true, due: 6, mine: true, hours: 30 },
          { name: 'Informe del mes anterior', kind: 'document', due: -3, mine: true, hours: 3 },
          { name: 'Copia de respaldo probada', done: -11, due: -10, hours: 2 },
        ],
      ],
      [
        'Mejoras',
        [
          { name: 'Buscador con acentos', done: -25, due: -27, mine: true, hours: 9 },
          { name: 'Formulario de cotización', inProgress: true, due: 10, mine: true, hours: 11 },
        ],
      ],
    ],
  },
]

const WORKED_DAYS_BEFORE_DONE = 8
const WORKED_DAYS_BEFORE_TODAY = 16
const END_OF_WORK = 18 * 3600

export interface BoardRows {
  boards: Insertable<PsaBoard>[]
  phases: Insertable<PsaPhase>[]
  steps: Insertable<PsaStep>[]
}

/** The agency's boards on the day of the first load. */
export function boardRows(calendar: Calendar, today: number, customerIds: readonly string[]): BoardRows {
  const own = { business_id: ESTUDIO_QUETZAL.id }
  const rows: BoardRows = { boards: [], phases: [], steps: [] }
  const first = Temporal.PlainDate.from(calendar.day(today).date)
  const dateOf = (offset: number) => first.add({ days: offset }).toString()
  for (const board of BOARDS) {
    const boardId = stableId(own.business_id, 'board', board.name)
    rows.boards.push({
      ...own,
      id: boardId,
      name: board.name,
      customer_id: customerIds[board.customer] ?? null,
      vertical: board.vertical,
      status: board.status,
      starts_on: dateOf(board.starts),
      due_on: dateOf(board.due),
      created_at: calendar.day(today + board.starts).at(END_OF_WORK),
    })
    for (const [position, [name, steps]] of board.phases.entries()) {
      const phaseId = stableId(boardId, name)
      rows.phases.push({ ...own, id: phaseId, board_id: boardId, name, position: position + 1 })
      for (const [index, step] of steps.entries()) {
        const status =
          step.done !== undefined ? 'done' : step.blocked ? 'blocked' : step.inProgress ? 'in_progress' : 'todo'
        rows.steps.push({
          ...own,
          id: stableId(boardId, name, step.name),
          board_id: boardId,
          phase_id: phaseId,
          position: index + 1,
          name: step.name,
          kind: step.kind ?? 'task',
          status,
          blocked_reason: step.blocked ?? null,
          assignee_id: step.mine ? SOFIA.id : null,
          due_on: dateOf(step.due),
          completed_at: step.done === undefined ? null : calendar.day(today + step.done).at(END_OF_WORK),
          is_billable: step.kind !== 'approval',
          estimated_minutes: step.hours === undefined ? null : step.hours * 60,
        })
      }
    }
  }
  return rows
}

/**
 * Sofía's hours within a window: on finished steps until they were finished, on steps in progress until today.
 * @param today the day of the first load, or a later one that begins the window
 */
export function timeEntries(calendar: Calendar, today: number, window: Window): Insertable<PsaTimeEntry>[] {
  const entries: Insertable<PsaTimeEntry>[] = []
  const lastDay = calendar.indexOf(window.until)
  for (const board of BOARDS) {
    const boardId = stableId(ESTUDIO_QUETZAL.id, 'board', board.name)
    for (const [phase, steps] of board.phases) {
      for (const step of steps.filter(({ mine, done, inProgress }) => mine && (done !== undefined || inProgress))) {
        const stepId = stableId(boardId, phase, step.name)
        const from = today + (step.done === undefined ? -WORKED_DAYS_BEFORE_TODAY : step.done - WORKED_DAYS_BEFORE_DONE)
        const to = step.done === undefined ? lastDay : today + step.done
        for (let index = from; index <= to; index++) {
          const day = calendar.day(index)
          const random = createRandom(`${stepId}/${day.date}`)
          const at = day.at(END_OF_WORK + random.int(0, 1800))
          if (day.weekday > 5 || random.chance(0.45) || !isWithin(at, window)) continue
          const isBillable = random.chance(0.85)
          entries.push({
            business_id: ESTUDIO_QUETZAL.id,
            id: stableId(stepId, day.date),
            step_id: stepId,
            user_id: SOFIA.id,
            worked_on: day.date,
            minutes: random.int(2, 14) * 15,
            is_billable: isBillable,
            hourly_rate: step.kind === 'hourly' ? '60.00' : '45.00',
            note: isBillable ? null : 'Correcciones nuestras',
            created_at: at,
          })
        }
      }
    }
  }
  return entries
}
