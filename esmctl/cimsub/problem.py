"""How a command ends without success."""

from esmctl.cimsub.wording import Code


class RefusedError(Exception):
    """The server, or the way to it, says no.

    Attributes:
        text: for the user.
        code: the exit code that it means.
        status: the CIM status code, 0 where there is none.
    """

    def __init__(self, text: str, code: Code = Code.ERROR, status: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.status = status
