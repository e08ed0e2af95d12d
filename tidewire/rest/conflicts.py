"""The error of a change that the present state does not allow. REST answers it with 409."""


class Conflict(Exception):
    """`code` is for programs, `detail` for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
