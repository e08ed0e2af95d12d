"""Reads beside a replica that is held behind: `python -m tests.replicas` says what it shows."""
