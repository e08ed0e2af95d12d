"""An app for the engine's own tests: live models in more shapes than the product has.

Installed for all in-process tests, live only in those of this folder: `tests/tidewire/conftest.py` registers
`declarations.LIVE`, so that the product's schema does not know of it.
"""
