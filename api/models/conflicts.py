"""What the state of things does not allow. Models and views raise it; api/rest/errors.py answers 409."""


class Conflict(Exception):
    """`code` for programs, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
