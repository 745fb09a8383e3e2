import { type Kysely, sql } from 'kysely'

const TABLES = ['psa_board', 'psa_phase', 'psa_step', 'psa_time_entry']

/** Professional services: boards of phases and steps for a client, with the time spent on them. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    create table psa_board (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      name text not null check (name <> ''),
      customer_id uuid,
      vertical text not null default 'generic'
        check (vertical in ('retail', 'restaurant', 'legal', 'accounting', 'agency', 'it', 'generic')),
      status text not null default 'active' check (status in ('planned', 'active', 'paused', 'completed', 'archived')),
      starts_on date,
      due_on date,
      created_at timestamptz not null default now(),
      primary key (business_id, id),
      foreign key (business_id, customer_id) references customer (business_id, id)
    )`.execute(db)

  await sql`
    create table psa_phase (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      board_id uuid not null,
      name text not null check (name <> ''),
      position integer not null,
      primary key (business_id, id),
      unique (business_id, board_id, position),
      unique (business_id, id, board_id),
      foreign key (business_id, board_id) references psa_board (business_id, id)
    )`.execute(db)

  await sql`
    create table psa_step (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      board_id uuid not null,
      phase_id uuid not null,
      position integer not null,
      name text not null check (name <> ''),
      kind text not null default 'task' check (kind in ('task', 'document', 'hourly', 'approval')),
      status text not null default 'todo' check (status in ('todo', 'in_progress', 'blocked', 'done')),
      blocked_reason text,
      assignee_id uuid,
      due_on date,
      completed_at timestamptz,
      is_billable boolean not null default false,
      estimated_minutes integer check (estimated_minutes >= 0),
      primary key (business_id, id),
      unique (business_id, phase_id, position),
      foreign key (business_id, phase_id, board_id) references psa_phase (business_id, id, board_id),
      foreign key (business_id, assignee_id) references business_user (business_id, user_id),
      check ((status = 'done') = (completed_at is not null))
    )`.execute(db)
  await sql`create index psa_step_open on psa_step (business_id, due_on, id) where status <> 'done'`.execute(db)

  await sql`
    create table psa_time_entry (
      business_id uuid not null references business (id),
      id uuid not null default gen_random_uuid(),
      step_id uuid not null,
      user_id uuid not null,
      worked_on date not null,
      minutes integer not null check (minutes between 1 and 1440),
      is_billable boolean not null default true,
      hourly_rate numeric(20,4) check (hourly_rate >= 0),
      note text,
      created_at timestamptz not null default now(),
      primary key (business_id, id),
      foreign key (business_id, step_id) references psa_step (business_id, id),
      foreign key (business_id, user_id) references business_user (business_id, user_id)
    )`.execute(db)
  await sql`create index psa_time_entry_by_day on psa_time_entry (business_id, worked_on, id)`.execute(db)

  for (const table of TABLES) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select, insert, update on ${sql.table(table)} to flowpos_service`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const table of TABLES.toReversed()) await sql`drop table ${sql.table(table)}`.execute(db)
}
