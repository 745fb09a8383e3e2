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
