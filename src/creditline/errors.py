"""The base of every error that a user can put right."""

from __future__ import annotations


class CreditlineError(Exception):
    """Something a user gave cannot be taken: where, what it was, what is wrong with it and what would be right.

    Rooms derive one type for each thing that can go wrong. The command line prints the message and ends with
    status 2; any other exception is a fault of the program and keeps its traceback.
    """

    def __init__(self, place: str, value: object, remedy: str, problem: str = "is not accepted") -> None:
        """``place`` names the file, field or option, ``remedy`` says what would be right."""
        super().__init__(place, value, remedy, problem)
        self.place = place
        self.value = value
        self.remedy = remedy
        self.problem = problem

    def __str__(self) -> str:
        """Return one line: place, value, problem, remedy."""
        return f"{self.place}: {self.value!r} {self.problem}; {self.remedy}"
