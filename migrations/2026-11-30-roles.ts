import { type Kysely, sql } from 'kysely'

interface Rights {
  insert?: string[] | true
  update?: string[] | true
  delete?: true
}

/** What the service writes. Everything else that it could write before is out of its reach. */
const SERVICE: Record<string, Rights> = {
  business: { update: ['next_order_number'] },
  app_user: { update: ['firebase_uid', 'email'] },
  business_user: {},
  location: {},
  category: { insert: ['business_id', 'name', 'created_at'] },
  supplier: {},
  customer: {
    insert: [
      ...['business_id', 'code', 'name', 'email', 'phone', 'tax_id', 'city', 'country', 'note'],
      ...['created_at', 'updated_at'],
    ],
    update: [
      ...['code', 'name', 'email', 'phone', 'tax_id', 'city', 'country', 'note', 'is_active'],
      ...['updated_at'],
    ],
  },
  product: {
    insert: [
      ...['business_id', 'name', 'description', 'category_id', 'supplier_id', 'tax_rate'],
      ...['created_at', 'updated_at'],
    ],
    update: ['name', 'description', 'category_id', 'supplier_id', 'tax_rate', 'is_active', 'updated_at'],
  },
  product_variant: {
    insert: ['business_id', 'product_id', 'sku', 'label', 'barcode', 'price', 'cost', 'created_at', 'updated_at'],
    update: ['barcode', 'price', 'cost', 'is_active', 'updated_at'],
  },
  // A row can only be locked by who may update a column of it.
  inventory: { insert: ['business_id', 'location_id', 'variant_id'], update: ['updated_at'] },
  orders: {
    insert: [
      ...['business_id', 'id', 'order_number', 'location_id', 'customer_id', 'status', 'order_type', 'opened_at'],
      ...['completed_at', 'cancelled_at', 'cancel_reason', 'note', 'created_by', 'tips', 'created_at'],
    ],
    update: ['status', 'cancelled_at', 'cancel_reason', 'updated_at'],
  },
  order_item: { insert: true },
  order_payment: { insert: true },
  psa_board: {},
  psa_phase: {},
  psa_step: {},
  psa_time_entry: {},
  mcp_api_key: {
    insert: ['business_id', 'role', 'scopes', 'label', 'key_hash', 'expires_at', 'created_by', 'created_at'],
    update: ['is_active', 'last_used_at', 'hidden_at', 'gone_on'],
  },
  mcp_token: {
    insert: true,
    update: ['client', 'expires_at', 'last_used_at', 'revoked_at', 'replaced_at', 'checked_at', 'used_by', 'gone_on'],
    delete: true,
  },
  idempotency: { insert: true, update: ['tool', 'arguments_hash', 'result', 'created_at'], delete: true },
}

/** What the commands write besides: businesses with their people, operators' keys, imports. */
const COMMANDS: Record<string, Rights> = {
  business: { insert: true },
  app_user: { insert: true },
  business_user: { insert: true },
  location: { insert: true, update: ['name', 'timezone'] },
  category: { insert: true },
  supplier: { insert: true },
  customer: { insert: true },
  product: { insert: true },
  product_variant: { insert: true },
  inventory: {
    insert: [
      ...['business_id', 'location_id', 'variant_id', 'reorder_point', 'reorder_quantity', 'safety_stock'],
      ...['lead_time_days', 'pack_size', 'max_stock'],
    ],
    update: [
      ...['reorder_point', 'reorder_quantity', 'safety_stock', 'lead_time_days', 'pack_size', 'max_stock'],
      ...['updated_at'],
    ],
  },
}

/** What the service could write before. */
const BEFORE: Record<string, Rights> = {
  ...Object.fromEntries(
    ['business', 'app_user', 'business_user', 'location', 'category', 'supplier', 'customer', 'product']
      .concat(['product_variant', 'psa_board', 'psa_phase', 'psa_step', 'psa_time_entry'])
      .map((table) => [table, { insert: true, update: true }]),
  ),
  inventory: COMMANDS.inventory as Rights,
  orders: {
    insert: SERVICE.orders?.insert as string[],
    update: [
      ...['location_id', 'customer_id', 'status', 'order_type', 'completed_at', 'cancelled_at', 'cancel_reason'],
      ...['note', 'tips', 'updated_at'],
    ],
  },
  ...Object.fromEntries(
    ['order_item', 'order_payment', 'mcp_api_key', 'mcp_token', 'idempotency'].map((table) => [
      table,
      { insert: true, update: true, delete: true },
    ]),
  ),
}

const ROLLUP_FUNCTIONS = sql`rebuild_rollups(uuid), check_rollups(uuid)`

// Owners and admins manage the keys of their business, however their role is written: owner or Owner.
const IS_MANAGED = sql`
  business_id = (select app_business_id())
  or business_id in (
    select m.business_id from business_user m
    where m.user_id = (select app_user_id()) and m.is_active and lower(m.role) in ('owner', 'admin'))`

/**
 * The service's login can do only what the service does; the commands have a role of their own. Row security keeps
 * tenants apart, but the service says itself whose rows it wants. So what must stay out of reach of somebody who has
 * broken into it is not granted to it.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // Roles belong to the cluster, so another database may have created this one already.
  await sql`
    do $$ begin
      if not exists (select from pg_roles where rolname = 'flowpos_commands') then
        create role flowpos_commands nologin nobypassrls in role flowpos_service;
      end if;
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then
        raise exception 'The role flowpos_commands is missing, and this login may not create it: see CHANGELOG.md';
    end $$`.execute(db)

  for (const [table, rights] of Object.entries(SERVICE)) {
    await sql`revoke insert, update, delete on ${sql.table(table)} from flowpos_service`.execute(db)
    await grant(db, table, rights, 'flowpos_service')
  }
  for (const [table, rights] of Object.entries(COMMANDS)) await grant(db, table, rights, 'flowpos_commands')
  await sql`revoke execute on function ${ROLLUP_FUNCTIONS} from flowpos_service`.execute(db)
  await sql`grant execute on function ${ROLLUP_FUNCTIONS} to flowpos_commands`.execute(db)

  // A sign-in links the user who was entered with its address, unless somebody has signed in as them already, and gives
  // its address to the user who was entered by uid.
  await sql`drop policy user_changed on app_user`.execute(db)
  await sql`
    create policy user_linked on app_user for update
    using (
      (firebase_uid is null and lower(email) = lower((select app_email())))
      or (email is null and firebase_uid = (select app_firebase_uid())))
    with check (firebase_uid = (select app_firebase_uid()) and lower(email) = lower((select app_email())))`.execute(db)
  await sql`
    create policy user_visible_to_commands on app_user for select to flowpos_commands using ((select app_operator()))
  `.execute(db)
  await sql`
    create policy membership_visible_to_commands on business_user for select to flowpos_commands
    using ((select app_operator()))`.execute(db)

  await sql`drop policy key_visible on mcp_api_key`.execute(db)
  await sql`
    create policy key_visible on mcp_api_key for select using (key_hash = (select app_key_hash()) or ${IS_MANAGED})
  `.execute(db)
  await sql`
    create policy key_made on mcp_api_key for insert with check (business_id = (select app_business_id()))
  `.execute(db)
  await sql`create policy key_managed on mcp_api_key for update using (${IS_MANAGED})`.execute(db)
  // For the time of last use. An operator's key can be neither switched on nor off by its hash.
  await sql`
    create policy key_used on mcp_api_key for update using (key_hash = (select app_key_hash()) and is_active)
    with check (key_hash = (select app_key_hash()) and is_active)`.execute(db)
  await sql`
    create policy operator_key on mcp_api_key to flowpos_commands
    using (business_id is null and (select app_operator())) with check (business_id is null and (select app_operator()))
  `.execute(db)
  await sql`
    create policy key_visible_to_commands on mcp_api_key for select to flowpos_commands using ((select app_operator()))
  `.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const policy of ['key_made', 'key_managed', 'key_used', 'operator_key', 'key_visible_to_commands']) {
    await sql`drop policy ${sql.ref(policy)} on mcp_api_key`.execute(db)
  }
  await sql`drop policy key_visible on mcp_api_key`.execute(db)
  const isManaged = sql`${IS_MANAGED} or (business_id is null and (select app_operator()))`
  await sql`
    create policy key_visible on mcp_api_key
    using (key_hash = (select app_key_hash()) or ${isManaged}) with check (${isManaged})`.execute(db)
  await sql`drop policy membership_visible_to_commands on business_user`.execute(db)
  await sql`drop policy user_visible_to_commands on app_user`.execute(db)
  await sql`drop policy user_linked on app_user`.execute(db)
  await sql`
    create policy user_changed on app_user for update using (
      id = (select app_user_id()) or lower(email) = lower((select app_email()))
    )`.execute(db)

  await sql`grant execute on function ${ROLLUP_FUNCTIONS} to flowpos_service`.execute(db)
  await sql`revoke execute on function ${ROLLUP_FUNCTIONS} from flowpos_commands`.execute(db)
  for (const table of Object.keys(COMMANDS)) {
    await sql`revoke all on ${sql.table(table)} from flowpos_commands`.execute(db)
  }
  for (const [table, rights] of Object.entries(BEFORE)) await grant(db, table, rights, 'flowpos_service')
  // The role stays, because other databases of the cluster may use it.
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function grant(db: Kysely<any>, table: string, rights: Rights, role: string): Promise<void> {
  for (const [right, columns] of Object.entries(rights) as [keyof Rights, string[] | true][]) {
    const list = columns === true ? sql`` : sql` (${sql.join(columns.map((column) => sql.ref(column)))})`
    await sql`grant ${sql.raw(right)}${list} on ${sql.table(table)} to ${sql.ref(role)}`.execute(db)
  }
}
