# The first stage makes the package, the second holds what Zen needs to run. See docs/operate.md, “In a container”.
FROM node:22-slim AS build
WORKDIR /source
COPY . .
RUN npm ci --no-audit --no-fund
RUN npm pack --pack-destination /package

FROM node:22-slim
COPY --from=build /package /package
RUN npm install --global --omit=dev --no-audit --no-fund /package/*.tgz && npm cache clean --force
RUN install --directory --owner node /pages /work
USER node
WORKDIR /work
ENTRYPOINT ["zen"]
