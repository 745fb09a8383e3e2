import { useEffect, useRef } from 'preact/hooks'
import { snippets } from '../../../src/snippets.ts'
import { language } from '../../language.ts'
import { TEXT } from '../texts.ts'
import { Copyable, Facts } from './parts.tsx'

export interface Secret {
  title: string
  value: string
  facts: readonly (readonly [name: string, value: string])[]
}

/** A credential, shown once, with the configuration of every client. It exists only in the page. */
export function SecretCard({ secret, mcpUrl }: { secret: Secret; mcpUrl: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  // The focus goes to each new credential
  useEffect(() => heading.current?.focus(), [secret])
  return (
    <section class="card secret" aria-labelledby="secret-title">
      <h2 id="secret-title" tabIndex={-1} ref={heading}>
        {secret.title}
      </h2>
      <p class="warning">{TEXT.token.once}</p>
      <div id="secret-value">
        <Copyable text={secret.value} label={secret.title} />
      </div>
      <Facts facts={secret.facts} />
      <h3>{TEXT.token.snippets}</h3>
      {snippets({ mcpUrl, token: secret.value }, language).map(({ id, client, where, code, note, checked }) => (
        // The browser keeps only one of the elements with the same name open.
        <details key={id} name="snippet">
          <summary>
            <span>{client}</span>
            <small>{TEXT.connect.checked(checked)}</small>
          </summary>
          <p class="where">{where}</p>
          <Copyable text={code} label={client} />
          <p class="hint">{note}</p>
        </details>
      ))}
    </section>
  )
}
