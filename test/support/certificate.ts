import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../../embedded/debian-package.ts'

export interface Certificate {
  certFile: string
  keyFile: string
  remove(): Promise<void>
}

/** A self-signed certificate, by default for 127.0.0.1 and localhost. */
export async function makeCertificate(names = ['IP:127.0.0.1', 'DNS:localhost']): Promise<Certificate> {
  const openssl = await findProgram('openssl', 'openssl')
  const dir = await mkdtemp(join(tmpdir(), 'flowpos-tls-'))
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')]
  await promisify(execFile)(
    openssl.path,
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'].concat(
      ['-subj', '/CN=localhost', '-addext', `subjectAltName=${names.join()}`],
      ['-keyout', keyFile, '-out', certFile],
    ),
    { env: { ...process.env, ...openssl.env } },
  )
  return { certFile, keyFile, remove: () => rm(dir, { recursive: true, force: true }) }
}
