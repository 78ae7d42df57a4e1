"""What changed between two versions of a policy, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from creditline.policy.model import Policy
from creditline.policy.source import Plain, Source

_ABSENT = object()


@dataclass(frozen=True)
class Change:
    """One part that differs: where, what it was and what it is; None where it was not, or is no more."""

    path: str
    before: str | None
    after: str | None


def differences(before: Policy, after: Policy) -> list[Change]:
    """Every leaf that differs, in order of path; rules are matched by code, lists as wholes."""
    return list(_compare(_keyed(before), _keyed(after), ""))


def _keyed(policy: Policy) -> Plain:
    """The policy's content with its rules by code; their order is a part of its own."""
    root = Source(policy.text, policy.name).root
    assert isinstance(root, dict)
    rules = root.get("rules")
    listed = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    by_code: dict[str, Plain] = {str(rule["code"]): rule for rule in listed}
    order: list[Plain] = list(by_code)
    return {**root, "rules": by_code, "rules in order": order}


def _compare(before: object, after: object, path: str) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from _compare(
                before.get(key, _ABSENT), after.get(key, _ABSENT), f"{path}.{key}" if path else str(key)
            )
    else:
        yield Change(path, _told(before), _told(after))


def _told(value: object) -> str | None:
    if value is _ABSENT:
        return None
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_told(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(str(_told(part)) for part in value) + "]"
    return str(value)
