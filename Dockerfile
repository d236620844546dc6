# `make build` comes first: the bundle is the same wherever it is made, so nothing is built or fetched in here.
FROM node:24-bookworm-slim AS node

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY dist/kmagent-operator.mjs dist/kmagent-operator.mjs.LEGAL.txt /app/
USER 65532:65532
# One arena, for the threads of a small process need no heaps of their own.
ENV MALLOC_ARENA_MAX=1
# Of Node.js' optimizing compilers only the faster one is on, and only for what runs very often: thousands of nodes and long YAML take
# half the CPU for 2 MB of resident memory; both compilers as they are by default take 13 MB. The memory saver gives pages back
# after a burst: 4 MB at 10 nodes, 10 MB at 5,000. What they come to: docs/benchmarks.md.
ENTRYPOINT ["/usr/local/bin/node", "--liftoff-only", "--no-turbofan", "--invocation-count-for-maglev=20000", "--invocation-count-for-maglev-osr=1000000", "--memory-saver-mode", "/app/kmagent-operator.mjs"]
CMD ["run"]
