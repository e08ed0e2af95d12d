"""A help desk, written by plain habits: an app that knows nothing of Tidewire in its models.

Integer keys, a default manager that hides rows, multi-table inheritance, relations without a model of their own, a
column that is merely called `version`, and a model of Django's own (`auth.Group`). Installed for all in-process tests,
live only in those of `tests/tidewire`.
"""
