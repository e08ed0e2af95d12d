"""A chat as the tutorials build it, for comparison under the same driver.

It has a group per room on the core Redis layer, a mailbox per socket, `async_to_sync(group_send)` in `post_save`, and
checks membership at subscribe. Nothing in it is worse than it is usually written. It has the URLs that the driver
calls.

settings.py, urls.py, asgi.py   the project
chat/                           models, signals, views, the consumer
compare.py                      one plan, both systems, one table
fanout.py                       server CPU per delivered event, one stream and many sockets
"""
