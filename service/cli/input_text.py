"""The text of an input file, and the error for input that cannot be converted to commands."""

import codecs
from collections.abc import Sequence

SAVE_AS = 'save the file as UTF-8 (in Excel: "Save As" with the file type "CSV UTF-8")'

# The first bytes of files that are not text, what the files are, and what to do.
_NOT_TEXT = {
    b"PK\x03\x04": ("an Excel workbook or another ZIP archive", SAVE_AS),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", SAVE_AS),
    b"\x1f\x8b": ("compressed", "decompress it, for example with `gunzip --stdout FILE`"),
}


class InvalidInput(Exception):
    """The input cannot be converted to commands. `problems` has one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def decode(content: bytes) -> str:
    """Return the text of a file in UTF-8 with `\\n` as the only line break. Raises InvalidInput."""
    for begin, (kind, advice) in _NOT_TEXT.items():
        if content.startswith(begin):
            raise InvalidInput([f"the input is {kind}: {advice}"])
    # A text in UTF-16 without a byte order mark has a NUL in each letter of ASCII.
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:200]:
        raise InvalidInput([f"the input is UTF-16: {SAVE_AS}"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput([f"line {line}, byte {error.start}: the input is not UTF-8: {SAVE_AS}"]) from None
    # The last character may be the end-of-file character of DOS.
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\x1a")


def rows_text(values: Sequence[int]) -> str:
    """Return ascending row numbers as a text, such as `row 2` or `rows 2, 4 to 7, 9`."""
    spans: list[list[int]] = []
    for value in values:
        if spans and value == spans[-1][1] + 1:
            spans[-1][1] = value
        else:
            spans.append([value, value])
    texts = (f"{first}" if first == last else f"{first} to {last}" for first, last in spans)
    return f"row{'s' if len(values) > 1 else ''} {', '.join(texts)}"
