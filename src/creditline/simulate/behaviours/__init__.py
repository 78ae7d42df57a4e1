"""Behaviours: short recipes of habits, each a story with its truth. A recipe plans a life and says its verdict.

The verdict speaks for a lender who knew everything: it may differ from what any rule can see.
"""
