import type { Scope } from '../../../src/auth/scopes.ts'
import { TEXT } from '../texts.ts'

/** A checkbox per scope. */
export function ScopeChoice(props: {
  offered: readonly Scope[]
  chosen: readonly Scope[]
  choose(scopes: Scope[]): void
}) {
  const { offered, chosen, choose } = props
  return offered.map((scope) => (
    <label key={scope} class="choice">
      <input
        type="checkbox"
        checked={chosen.includes(scope)}
        onChange={(event) => {
          const { checked } = event.currentTarget
          choose(offered.filter((each) => (each === scope ? checked : chosen.includes(each))))
        }}
      />
      <span>
        {TEXT.scopes[scope]} <code>{scope}</code>
      </span>
    </label>
  ))
}

/** @throws Error in words if no scope is chosen */
export function requireOne(scopes: readonly Scope[]): void {
  if (scopes.length === 0) throw new Error(TEXT.token.chooseOne)
}
