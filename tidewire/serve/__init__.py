"""`manage.py serve`: daphne, with what production needs and daphne alone lacks (docs/decisions/0020-serve.md).

In the order in which a process meets them:

  ../management/commands/serve.py   arguments: one process, or a supervisor with several workers
  listening_socket.py               the socket that all workers share: bound here, or inherited
  systemd.py                        systemd's side: sockets handed down, states told back
  supervisor.py                     N workers until a signal ends them
    workers.py                      their processes: started, restarted when they die
    reload.py                       SIGHUP: replaced one by one, by successors that are ready
    supervisor_pipe.py              what supervisor and worker say to each other
    supervisor_figures.py           the supervisor's metrics
    metrics_folder.py               where it and its workers keep them
  readiness.py                      when a process that has started is ready
  first_requests.py                 what a successor must have answered by then
  worker.py                         one process: application, server, signals
  options.py                        its numbers, from the settings
  file_limit.py                     how many connections the open files allow
  reactor.py                        Twisted's event loop
  server.py                         daphne's server, with the two protocols below
    http_protocol.py                HTTP connections: deadlines for slow senders, back-pressure for slow readers
    http_requests.py                their requests: refusals before memory is spent
      http_places.py                which connections have a place; idle ones give way (idle_connections.py)
      unread_answers.py             bytes that clients have not read, bounded in sum and in time
      unfinished_bodies.py          bytes of bodies that are not answered yet, bounded in sum
      kept_bytes.py                 which client to cut off for either
    websocket_protocol.py           WebSockets: limits, reasons of closes, finished frames
    connection_limits.py            how many WebSockets, from which addresses, how fast (address_rates.py)
    direct_writes.py                finished frames straight to the kernel (private parts of Twisted, tested versions)
  free_memory.py                    freed memory goes back to the system
  drain.py                          the orderly end

What holds on any server (addresses, body and view limits, problem documents) is in tidewire/http/.
"""
