"""`manage.py loadtest`: sockets that listen to one room while messages are written to it, over the public addresses.

client.py      one socket, as an SDK speaks
crowd.py       the accounts and the room, made for the run and erased after it
run.py         connects, writes, counts
histogram.py   latencies as text
"""
