"""`make verify`: checks that need too much time, machine or software for `make test`, and their report.

`python -m tests.verify` runs all steps and writes docs/verify-report.md. `--only soak` runs one step again and keeps
the results of the others. A step that fails does not stop the others.

steps.py     the steps, with the reason for each
clean.py     this revision in a fresh clone, with a new HOME and an empty environment
report.py    the results, as a page to commit
"""
