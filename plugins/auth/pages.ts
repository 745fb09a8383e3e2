import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { FastifyHelmetOptions } from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { SignIn } from '../../src/auth/sign-in.ts'
import { ServiceError } from '../../src/errors.ts'
import { PAGE_FOLDER } from '../../src/folders.ts'
import { type Language, PROBLEM_TITLE } from '../../src/oauth/problems.ts'

export interface PagesOptions {
  /** Where the built pages lie. */
  folder?: string
}

export interface Pages {
  /**
   * Answers with a built file.
   * @param file its path in `assistant/`
   * @param options.isKept whether browsers may keep it for good
   * @throws ServiceError `unavailable` when the pages are not built
   */
  send(reply: FastifyReply, file: string, options?: { isKept?: boolean }): FastifyReply
  /**
   * The HTML of the error page.
   * @param problem what happened and what to do, as plain text
   */
  error(problem: string, language: Language): string
}

declare module 'fastify' {
  interface FastifyInstance {
    pages: Pages
  }
}

const YEAR_MS = 365 * 86_400_000
// The whole page, if none is built.
const PROBLEM = '{{problem}}'
const FIREBASE = ['https://identitytoolkit.googleapis.com', 'https://securetoken.googleapis.com']
// The sources that Google's reCAPTCHA FAQ names for a Content-Security-Policy.
const RECAPTCHA_SCRIPTS = ['https://www.google.com/recaptcha/', 'https://www.gstatic.com/recaptcha/']
const RECAPTCHA_FRAMES = ['https://www.google.com/recaptcha/', 'https://recaptcha.google.com/recaptcha/']

/** The pages for people, built from `assistant/`. The service also starts without them. */
export default fp<PagesOptions>(
  async (app, { folder = PAGE_FOLDER }) => {
    const errorFile = path.join(folder, 'oauth/error.html')
    const isBuilt = existsSync(errorFile)
    const errorPage = isBuilt ? await readFile(errorFile, 'utf8') : PROBLEM
    if (isBuilt) await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true })
    else app.log.warn('The pages for people are not built: npm run build makes them.')

    // What the pages consist of; the names change with the contents.
    app.get<{ Params: { file: string } }>('/assets/:file', { schema: { hide: true } }, (request, reply) =>
      app.pages.send(reply, `assets/${path.basename(request.params.file)}`, { isKept: true }),
    )

    app.decorate('pages', {
      send(reply, file, { isKept = false } = {}) {
        if (isBuilt) return reply.sendFile(file, isKept ? { maxAge: YEAR_MS, immutable: true } : {})
        throw new ServiceError('unavailable', 'This page is missing from this installation.', {
          hint: 'The operator builds it with npm run build and restarts the service.',
        })
      },
      error(problem, language) {
        const words: Record<string, string> = { title: PROBLEM_TITLE[language], problem }
        return errorPage
          .replace('lang="en"', `lang="${language}"`)
          .replace(/\{\{(\w+)\}\}/g, (_, name) => escapeHtml(words[name] ?? ''))
      },
    })
  },
  { name: 'pages', dependencies: [] },
)

/**
 * Security headers of a page: only our own scripts and styles run, and no site may frame it.
 * @param sources what its Content-Security-Policy allows beyond that, by directive
 */
export function pageHeaders(sources: Record<string, string[]>): FastifyHelmetOptions {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        ...sources,
        'form-action': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // Firebase API keys are often restricted by referrer.
    referrerPolicy: { policy: 'strict-origin' },
    xFrameOptions: { action: 'deny' },
  }
}

/**
 * Security headers of a page where people sign in: besides, it may ask Firebase, and open the pop-ups of its providers.
 * @param signIn null if nobody can sign in
 */
export function signInPageHeaders(signIn: SignIn | null): FastifyHelmetOptions {
  const { identityUrl = null, authDomain = null, recaptcha = false } = signIn ?? {}
  const issuer = identityUrl === null ? null : new URL(identityUrl).origin
  const popUps = authDomain === null ? [] : [issuer ?? `https://${authDomain}`]
  const hasRecaptcha = recaptcha && issuer === null
  const frames = [...popUps, ...(hasRecaptcha ? RECAPTCHA_FRAMES : [])]
  return {
    ...pageHeaders({
      'script-src': [
        "'self'",
        ...(popUps.length > 0 ? ['https://apis.google.com'] : []),
        ...(hasRecaptcha ? RECAPTCHA_SCRIPTS : []),
      ],
      'img-src': ["'self'", 'data:'],
      'connect-src': ["'self'", ...(signIn === null ? [] : issuer === null ? FIREBASE : [issuer])],
      'frame-src': frames.length > 0 ? frames : ["'none'"],
    }),
    // The pop-up reports back to the page that opened it.
    crossOriginOpenerPolicy: { policy: popUps.length > 0 ? 'same-origin-allow-popups' : 'same-origin' },
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
