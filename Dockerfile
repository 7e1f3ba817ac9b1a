# The server as an image of one static file.
#   docker build --build-arg VERSION=1.0.0 --build-arg REVISION="$(git rev-parse HEAD)" --tag latchkey .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=dev
ARG REVISION
ARG TARGETOS
ARG TARGETARCH
# The tag saves 1.4 MB: internal/db/pgtypes.go.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -tags nopgxregisterdefaulttypes -ldflags "-s -w -X main.version=$VERSION -X main.revision=$REVISION" -o /out/latchkey . \
    && mkdir -m 0700 /out/data

FROM scratch
# For TLS to mail servers, databases and Redis.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/latchkey /latchkey
# A new volume takes its owner from here; a folder mounted instead must be
# writable by this number.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
# An image is for servers: without settings it refuses to start and says what
# it needs. docker-compose.yml turns it into development.
ENV LATCHKEY_ENV=production DATA_DIR=/data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/latchkey", "healthcheck"]
ENTRYPOINT ["/latchkey"]
