"""Policy versions published in a home, and which of them decides for a line."""

from __future__ import annotations

from functools import cached_property

from creditline.errors import CreditlineError
from creditline.lines.decision import Decision
from creditline.policy import Policy, read_policy
from creditline.store import Home


class Versions:
    """Policy versions published in a home, each read when it is first asked for."""

    def __init__(self, home: Home) -> None:
        self._by_force = home.policies()
        self.published = {each.version: each for each in self._by_force}
        self._home = home
        self._read: dict[str, Policy] = {}

    def __getitem__(self, version: str) -> Policy:
        if version not in self._read:
            if version not in self.published:
                remedy = "run the policy again: creditline run"
                raise CreditlineError("policy", version, remedy, f"is not published in {self._home.path}")
            published = self.published[version]
            self._read[version] = read_policy(published.source, f"{published.name}.yaml")
        return self._read[version]

    def in_force(self, last: Decision, moment: int) -> Policy:
        """The version of the policy that decided last which is in force at a moment, else the one that decided."""
        name = self.published[last.policy].name if last.policy in self.published else ""
        begun = [each for each in self._by_force if each.name == name and each.effective_from <= moment]
        return self[begun[-1].version if begun else last.policy]

    @cached_property
    def codes(self) -> frozenset[str]:
        """Codes of all rules of all versions, and of declined applications."""
        policies = [self[version] for version in self.published]
        declined = {policy.approve.code for policy in policies if policy.approve is not None}
        return frozenset(rule.code for policy in policies for rule in policy.rules) | declined


__all__ = ["Versions"]
