"""`manage.py serve`: daphne, with what production needs and bare daphne lacks.

on any server, as ASGI middleware (routing.Realtime puts it on)
  addresses.py   whose request it is, behind a known number of proxies
  bodies.py      request bodies are counted, and cut off at the limit
  views.py       a bound on concurrent sync views
  requests.py    Django's sync handler, on long-lived threads
  problems.py    the refusals of the three, as problem documents
  lifecycle.py   is this process serving, or draining?

under `serve` only
  supervisor.py  N workers on one listening socket: restarts, signals
  listening.py   that socket: bound here, or handed down by systemd or Supervisor
  notify.py      tells systemd, and the supervisor, that we are ready
  worker.py      one process: the application, the server, its signals
  daphne.py      daphne's server, with our protocols
  http.py        requests: limits before memory is spent, deadlines
  sockets.py     WebSockets: limits, close reasons, finished frames
  writing.py     finished frames straight to the socket (internals of Twisted, gated by version)
  admission.py   how many sockets, from whom, how fast
  drain.py       the orderly end
"""
