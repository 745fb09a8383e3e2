FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund

FROM packages AS build
COPY . .
RUN npm run build

# The optional packages are the demo's PostgreSQL, and Firestore and Cloud Storage of firebase-admin.
FROM packages AS dependencies
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund && \
    find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete && \
    find node_modules -type d -empty -delete

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
# Leaves no package manager for an intruder.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn*
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist

# A number, because Kubernetes cannot verify that a user name is not root.
USER 1000:1000
EXPOSE 4000
# Liveness only, because a restart does not help when PostgreSQL or Redis is down.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Without npm or a shell in between, SIGTERM reaches the service itself.
ENTRYPOINT []
CMD ["node", "dist/src/server.js"]
