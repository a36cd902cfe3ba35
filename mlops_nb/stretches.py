"""Long stretches of letters and digits in a text, found by a search for bytes.

A regular expression looks at each character several times, one by one; most texts hold few long
words, and outputs can be very long.
"""

from __future__ import annotations

from collections.abc import Iterator


class Stretches:
    """Finds stretches of certain characters, each as long as it goes.

    Parameters
    ----------
    characters : str
        What they consist of, in ASCII.
    least : int
        Characters that one has at least.
    """

    def __init__(self, characters: str, least: int) -> None:
        self._marks = bytes(120 if chr(code) in characters else 32 for code in range(256))
        self._least = b"x" * least

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where each begins and ends, in characters."""
        # One byte for each character, whatever its alphabet: places stay the same.
        marked = text.encode("ascii", "replace").translate(self._marks)
        start = marked.find(self._least)
        while start >= 0:
            end = marked.find(b" ", start)
            end = len(marked) if end < 0 else end
            yield start, end
            start = marked.find(self._least, end)
