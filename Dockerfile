# syntax=docker/dockerfile:1

# Stage 1: build the one binary. Templates, styles, migrations and the default rulebook are embedded in it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The test member is part of the workspace, but only its manifest is sent here: give it an empty library.
RUN mkdir -p tests/harness tests/e2e \
 && touch tests/harness/lib.rs \
 && echo 'fn main() {}' > tests/e2e/main.rs
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist -p waterbear --bin waterbear \
 && install -D -m 0755 target/dist/waterbear /out/waterbear \
 && install -d -m 0750 /out/data

# Stage 2: the binary, a user without rights, time zones for schedules, nothing else.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 10001 waterbear \
 && useradd --system --uid 10001 --gid waterbear --home-dir /data --shell /usr/sbin/nologin waterbear
COPY --from=build /out/waterbear /usr/local/bin/waterbear
COPY --from=build --chown=waterbear:waterbear /out/data /data
COPY LICENSE LICENSE-MIT LICENSE-APACHE /usr/share/doc/waterbear/

ENV WATERBEAR_LISTEN=0.0.0.0:8080 \
    DATABASE_URL=sqlite:/data/waterbear.db
# A number, so that an orchestrator can check that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# The binary asks itself: GET /healthz on WATERBEAR_LISTEN.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["waterbear", "healthcheck"]
# SIGTERM (Docker's default) lets requests in flight finish.
ENTRYPOINT ["waterbear"]
CMD ["serve"]
