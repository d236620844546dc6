# `make build` comes first: the bundle is the same wherever it is made, so nothing is built or fetched in here.
FROM node:24-bookworm-slim AS node

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY dist/kmagent-operator.mjs /app/kmagent-operator.mjs
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/kmagent-operator.mjs"]
CMD ["run"]
