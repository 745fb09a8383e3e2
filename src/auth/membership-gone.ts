import { addAuditRows } from '../audit/audit-row.ts'
import type { Caller } from '../audit/caller.ts'
import type { Access, Database } from '../database/database.ts'

/** The day of an instant, as columns of type date have it. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10)
}

/**
 * Records that a credential was refused because the membership behind it has ended: once a day, however often it is
 * tried.
 * @param access that sees the credential
 * @param caller whose request it was, where that is not the one that this runs on behalf of
 */
export async function noteMembershipGone(
  database: Database,
  access: Access,
  credential: ({ familyId: string } | { keyId: string }) & { businessId?: string },
  now: Date,
  caller?: Caller,
): Promise<void> {
  const today = dayOf(now)
  await database.within(access, 'write', async (db) => {
    const isFirst =
      'familyId' in credential
        ? await db
            .updateTable('mcp_token')
            .set({ gone_on: today })
            .where('family_id', '=', credential.familyId)
            .where('gone_on', 'is distinct from', today)
            .returning('jti')
            .execute()
        : await db
            .updateTable('mcp_api_key')
            .set({ gone_on: today })
            .where('id', '=', credential.keyId)
            .where('gone_on', 'is distinct from', today)
            .returning('id')
            .execute()
    if (isFirst.length === 0) return
    await addAuditRows(db, {
      at: now,
      kind: 'membership',
      action: 'seen_gone',
      outcome: 'forbidden',
      principal: 'familyId' in credential ? `user:${access.userId}` : `key:${credential.keyId}`,
      credentialId: 'familyId' in credential ? credential.familyId : credential.keyId,
      businessId: credential.businessId ?? null,
      caller,
    })
  })
}
