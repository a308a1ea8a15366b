# Steward alone: Postgres and Temporal run elsewhere (docker-compose.yml shows how). The image holds one program and no shell.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/steward ./cmd/steward

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/steward /usr/local/bin/steward
USER 65532:65532
ENV STEWARD_LISTEN=0.0.0.0:8080 STEWARD_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["/usr/local/bin/steward", "health", "--url", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["/usr/local/bin/steward"]
CMD ["serve"]
