"""`manage.py doctor`: looks at a set-up from outside and inside, and says of each fault what to do.

finding.py         what one look found
configuration.py   the start-up checks, static files, descriptors, disk
certificates.py    the certificate of TLS and its key
stores.py          the database: reachable, writable, migrated, its timeouts, pooler and clock
history.py         whether the database has lost writes since the last visit
layer.py           Redis: its kind, its timeouts and its clock
edge.py            nodes of Centrifugo, and their tables
upkeep.py          processes, chores and jobs
site.py            the site as a client reaches it: proxies, Origin, upgrade, clock
examination.py     all of them, in order
"""
