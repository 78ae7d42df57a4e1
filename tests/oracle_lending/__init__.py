"""The naive oracle of the lending core: a line's account, day by day, written from docs/lending.md alone.

It shares with the lending core the terms of a loan and nothing else: fractions instead of scaled whole numbers, every
calendar day walked, every stretch of interest worked out anew whenever it is asked for.
"""

from .account import Book, Late, Loan, quote, walk
from .operations import Draw, Operation, Repay, Reschedule, WriteOff
from .plan import Planned, first_plan

__all__ = [
    "Book",
    "Draw",
    "Late",
    "Loan",
    "Operation",
    "Planned",
    "Repay",
    "Reschedule",
    "WriteOff",
    "first_plan",
    "quote",
    "walk",
]
