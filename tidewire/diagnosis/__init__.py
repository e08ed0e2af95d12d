"""What the people who run a site ask: is it set up rightly, and why did this user not get this event?

commands.py     the base of `manage.py` commands whose help teaches
users.py        an account by its id or its name
access.py       whether a user could read a stream when an event was written
why.py          why a user did not get an event: one verdict, and what it rests on
why_lines.py    the same for one connection
doctor/         looks at a set-up from inside and outside
"""
