"""The product's password hasher with few rounds."""

from api.auth.hashers import PBKDF2PasswordHasher


class QuickPasswordHasher(PBKDF2PasswordHasher):
    """Reads and makes the same hashes; only the number of rounds, which each hash states, is another."""

    iterations = 100
