"""The naive oracle: the policy language in the slowest, plainest Python, written from its page alone.

It shares with the kernel the kinds of events and the form of a decision, and nothing else. Every fact is counted
anew over all events at every moment; every moment at which anything could change is visited, and many more.
"""

from .exact import Number
from .judge import fired, held, points
from .measure import facts
from .state import State
from .walk import life

__all__ = ["Number", "State", "facts", "fired", "held", "life", "points"]
