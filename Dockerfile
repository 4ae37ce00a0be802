# The worker as an image: built in one stage, run in another without compilers or development packages.
# It holds no embedded servers: a container is given REDIS_URL and POSTGRES_HOST (or DATABASE_URL).
ARG BASE_IMAGE=node:20-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Behind a proxy with a certificate authority of its own:  docker build --secret id=ca,src=company-ca.pem .
RUN --mount=type=secret,id=ca \
  if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
  npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/build-state.mjs scripts/bundle-packages.mjs scripts/copy-assets.mjs scripts/
COPY taxonomies/ taxonomies/
COPY src/ src/
RUN npm run build \
  && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules -type d -empty -delete

FROM ${BASE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/
COPY --from=build /app/taxonomies/ taxonomies/
COPY prices/ prices/
COPY samples/ samples/
RUN ln -s /app/dist/cli/main.js /usr/local/bin/vambe
# By number, so that it works on every base image; nothing below /app belongs to it, so nothing there can be rewritten.
USER 1000:1000
HEALTHCHECK --interval=30s --timeout=15s --start-period=20s --retries=3 CMD ["vambe", "check", "redis", "db"]
# Exec form: Node itself is process 1 and gets SIGTERM. It needs up to 30 s to finish what runs.
STOPSIGNAL SIGTERM
CMD ["vambe", "worker"]
