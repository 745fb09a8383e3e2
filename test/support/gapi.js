/**
 * As much of Google's https://apis.google.com/js/api.js as the pop-ups of the Firebase JS SDK use: a page opens a frame,
 * and both send each other named messages that are answered.
 */
;(() => {
  const waiting = new Map()
  let lastId = 0

  /** One end of the connection between a page and its frame. */
  function connect(peer) {
    const handlers = new Map()
    addEventListener('message', async ({ source, data }) => {
      if (source !== peer() || !data?.gapi) return
      const { id, name, value, reply } = data
      if (reply) {
        waiting.get(id)?.([value])
        waiting.delete(id)
      } else {
        peer().postMessage({ gapi: true, reply: true, id, value: await handlers.get(name)?.(value) }, '*')
      }
    })
    return {
      register: (name, handler) => handlers.set(name, handler),
      send(name, value, callback) {
        const id = ++lastId
        waiting.set(id, (answers) => {
          // The SDK throws in one of its callbacks, which Google's script ignores as well.
          try {
            callback(answers)
          } catch {}
        })
        peer().postMessage({ gapi: true, id, name, value }, '*')
      },
    }
  }

  const context = {
    async open({ where, url, attributes: { style, ...attributes } }, whenOpen) {
      const frame = document.createElement('iframe')
      Object.assign(frame.style, style)
      for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value)
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
      frame.src = url
      where.append(frame)
      return whenOpen({
        ...connect(() => frame.contentWindow),
        restyle: async () => {},
        ping: async () => void (await loaded),
      })
    },
    getParentIframe: () => connect(() => parent),
  }

  window.gapi = {
    load: (_name, { callback }) => setTimeout(callback),
    iframes: { Iframe: Object, CROSS_ORIGIN_IFRAMES_FILTER: {}, getContext: () => context },
  }
  const onload = new URL(document.currentScript.src).searchParams.get('onload') ?? 'gapi_onload'
  setTimeout(() => window[onload]())
})()
