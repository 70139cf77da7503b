"""How a command ends without success."""

from openesm.text import Language, Message

DONE = 0
REFUSED = 1
NO_AGENT = 2  # also a wrong command line, as argparse has it


class FailureError(Exception):
    """A command that ends with a text of the catalogue and an exit code."""

    def __init__(self, message: Message, code: int = REFUSED) -> None:
        self.message = message
        self.code = code
        super().__init__(str(message))

    @classmethod
    def of(cls, name: str, /, **args: object) -> "FailureError":
        """The failure whose text is `name` of the room esmctl."""
        return cls(Message(f"esmctl.{name}", tuple(args.items())))

    def text(self, language: Language = "en") -> str:
        return self.message.text(language)
