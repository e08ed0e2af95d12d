"""ASGI wrappers that hold on any server: daphne, uvicorn and `manage.py serve`.

A project's `asgi.py` puts them together (see `tidewire.asgi`). A scope passes them in this order:

  middleware.py        EngineMiddleware, around everything: starts the engine, answers `lifespan`
    addresses.py       the client's address, behind a known number of proxies
    request_log.py     makes the current request; its log line, id and figures
    answer_headers.py  Date on every answer, no length on those without content
    body_limit.py      bounds request bodies: 413; refuses compressed ones: 415
    probes.py          /healthz, /readyz, /metrics, before any check of the host or of TLS
    door_router.py     the doors over HTTP (tidewire/doors/), which hold no view's place
    view_limit.py      bounds concurrent requests in views: 503; of one account: 429
    holders.py         which account, or address, a request counts for
  threaded_handler.py  `http`: Django's sync handler on long-lived threads
  websocket_router.py  `websocket`: routes, and 403 for unknown paths and foreign origins
    origins.py         which Origin headers may open a WebSocket and read refusals

  problems.py          refusals that no view has seen, as problem documents (RFC 9457)
  urls.py, health.py   routes and views of the probes
  worker_port.py       /healthz and /metrics of a worker that serves no requests
  lifecycle.py         whether this process serves or drains
"""
