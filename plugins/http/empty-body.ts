import fp from 'fastify-plugin'

/** Takes an empty body for `{}`, also as JSON: clients name that media type where they have nothing to send. */
export default fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body === '') done(null, undefined)
      else parse(request, body as string, done)
    })
    // The check of the body then names what is missing.
    app.addHook('preValidation', async (request) => {
      request.body ??= {}
    })
  },
  { name: 'empty-body', dependencies: [] },
)
