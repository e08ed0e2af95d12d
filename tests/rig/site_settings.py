"""The settings of the sites that tests start: those of the product, except what would cost each start or account
processor time.

A test that is about hashing makes its site with DJANGO_SETTINGS_MODULE=backend.settings.
"""

import gc

from backend import settings

gc.set_threshold(20_000)  # a start makes many objects and little garbage; `serve` sets the same when it has started

globals().update({name: value for name, value in vars(settings).items() if name.isupper()})
# Each account costs two hashes, each a quarter of a second of processor time.
PASSWORD_HASHERS = ["tests.rig.quick_passwords.QuickPasswordHasher", *settings.PASSWORD_HASHERS[1:]]
WHITENOISE_AUTOREFRESH = True  # finds a file when it is asked for, instead of listing all of them at the start
