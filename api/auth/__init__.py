"""Credentials: tokens, API keys, scopes, key bindings, request quotas, and bounds on guessing passwords."""
