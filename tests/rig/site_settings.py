"""The settings of the sites that tests start: those of the product, with passwords that are hashed quickly.

Each account of a test costs two hashes, each a quarter of a second of processor time. A test that is about hashing
makes its site with DJANGO_SETTINGS_MODULE=backend.settings.
"""

from backend import settings

globals().update({name: value for name, value in vars(settings).items() if name.isupper()})
PASSWORD_HASHERS = ["tests.rig.quick_passwords.QuickPasswordHasher", *settings.PASSWORD_HASHERS[1:]]
