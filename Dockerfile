# docker build -t recado . && docker run -p 8765:8765 -v recado:/data recado
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/recado ./cmd/recado && mkdir /out/data

FROM scratch
COPY --from=build /out/recado /recado
COPY --from=build --chown=65532:65532 /out/data /data
# The authorities that those are checked with whom the server asks for certificates and keys.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER 65532:65532
VOLUME /data
EXPOSE 8765
# A container's own loopback is of no use to others, so it listens on every interface of it.
ENTRYPOINT ["/recado"]
CMD ["serve", "--listen", ":8765", "--web", "", "--state", "/data/recado.state"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/recado", "health"]
