"""Creditline: decides, explains, repairs, reopens and proves credit lines from one policy file."""

__version__ = "0.1.0"
