"""An app for servers that believe each replica, for a run in which the judge must find violations."""
