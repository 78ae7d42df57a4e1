"""Where the log, its decisions and the policies are kept. Imports domain rooms; no domain room imports it."""

from creditline.store.cards import ProposedCard, Shadows, Verdict
from creditline.store.derived import PublishedPolicy
from creditline.store.home import Home, ObservedOutcome
from creditline.store.log import Appended, Refusal
from creditline.store.outbox import Letter
from creditline.store.products import PublishedProduct

__all__ = [
    "Appended", "Home", "Letter", "ObservedOutcome", "ProposedCard", "PublishedPolicy", "PublishedProduct", "Refusal",
    "Shadows", "Verdict",
]  # fmt: skip
