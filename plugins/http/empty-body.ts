import fp from 'fastify-plugin'

/** Treats an empty body as `{}`, also with the JSON content type, which clients send even without a body. */
export default fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body === '') done(null, undefined)
      else parse(request, body as string, done)
    })
    // Validation can then name what is missing.
    app.addHook('preValidation', async (request) => {
      request.body ??= {}
    })
  },
  { name: 'empty-body', dependencies: [] },
)
