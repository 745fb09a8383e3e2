/** As much of a browser as signing in needs: cookies by path, and redirects followed by hand. */
export class Browser {
  private readonly cookies = new Map<string, { path: string; pair: string }>()

  async fetch(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('cookie', this.cookiesFor(new URL(url).pathname))
    if (!headers.has('accept')) headers.set('accept', 'text/html')
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.keep(line)
    return response
  }

  /** Follows redirects to a page, or to an address outside `origin`. */
  async open(url: string | URL, origin: string): Promise<{ url: URL; response: Response | null }> {
    let next = new URL(url)
    while (next.origin === origin) {
      const response = await this.fetch(next)
      const location = response.headers.get('location')
      if (location === null) return { url: next, response }
      await response.body?.cancel()
      next = new URL(location, next)
    }
    return { url: next, response: null }
  }

  /**
   * Answers a page of OAuth as its script does. Without a body, `confirm` grants everything that the page offers.
   * @param page the address of the page
   * @returns the status, and what the service answered
   */
  async answer(
    page: string | URL,
    name: string,
    body?: object,
  ): Promise<{ status: number; body: { redirectTo?: string; message?: string } }> {
    const { origin } = new URL(page)
    const response = await this.fetch(`${page}/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify(body ?? (name === 'confirm' ? await this.everythingOffered(page) : {})),
    })
    return { status: response.status, body: (await response.json()) as { redirectTo?: string; message?: string } }
  }

  private async everythingOffered(page: string | URL): Promise<object> {
    const details = await this.fetch(`${page}/details`)
    const { scopes = [] } = (await details.json()) as { scopes?: string[] }
    return { scopes, clientData: true }
  }

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/; */)
    const name = pair.slice(0, pair.indexOf('='))
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
    if (pair === `${name}=`) this.cookies.delete(`${name} ${path}`)
    else this.cookies.set(`${name} ${path}`, { path, pair })
  }

  private cookiesFor(pathname: string): string {
    return [...this.cookies.values()]
      .filter(({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')))
      .map(({ pair }) => pair)
      .join('; ')
  }
}
