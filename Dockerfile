# Every process of Drydock in one image: `docker run drydock:latest apiserver.js --help`.
# Base images are build arguments, for mirrors and machines without a registry.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# What `npm ci` depends on and nothing else, so that the layer of dependencies outlives changes of the sources.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -exec rm {} +

FROM ${NODE_IMAGE} AS bundles
WORKDIR /src
COPY --from=manifests /src .
# Nothing of the bundles is made by an install script.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
RUN node tools/bundle.ts --out /drydock && cp deploy/healthy.mjs deploy/prepare.mjs /drydock/ \
 && mkdir -p /layout/data /layout/pki /layout/kubeconfig

FROM ${NODE_IMAGE}
COPY --from=bundles /drydock /drydock
# Volumes take their owner from the folders that they are mounted over.
COPY --from=bundles --chown=1000:1000 /layout /
ENV NODE_ENV=production
WORKDIR /drydock
# `node` in the public images; by number, so that an orchestrator can see that it is not root.
USER 1000:1000
ENTRYPOINT ["node"]
CMD ["drydock.js", "up", "--bind-address", "0.0.0.0", "--data-dir", "/data", "--kubeconfig", "/kubeconfig/kubeconfig"]
