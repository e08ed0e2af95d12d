"""`make verify`: what takes too long, too much of a machine, or too many programs for `make test`; and its report.

`python -m tests.verify` runs all steps, one after the other, and writes docs/verify-report.md; `--only soak` runs one
of them and writes nothing. A step that fails does not stop the others.

steps.py     what is run, and why
clean.py     this revision in a fresh clone, with a new HOME and nothing of ours in the environment
report.py    what came of it, as a page to commit
"""
