"""MQTT: a bridge beside a broker. What devices publish becomes rows, and events of the log reach devices.

    device ── broker ── bridge ── the view of the REST API, in this process ── COMMIT ── acknowledged to the broker
    log ── bridge ── broker ── device

A device signs in to the broker with its credential; the broker decides by two files which the bridge keeps true. The
broker does not tell a subscriber which user has published a message, so the topic does: `keys/{user}/…`, where only
that user may publish.

names.py           the topics
users.py           the broker's users, and what each may do
passwords.py       hashes of passwords, as Mosquitto has them
files.py           the password file and the ACL file
broker_access.py   keeps these files true, and knows when the broker has read them
link.py            one connection to the broker
packets.py         a message as the broker sends it
inlet.py           the connection on which messages arrive, as many as there is room for
bodies.py          payloads become bodies of requests
receipts.py        which deliveries were done
requests.py        a message as a request to a view
incoming.py        messages from devices
reading.py         what is to be published
retained.py        what the broker retains
confirmed.py       what the broker has saved
outgoing.py        events to the broker
bridge.py          the loop
gateway.py         messages for consumers of a project, as ASGI
tables.py          MqttPosition, MqttReceipt
"""
