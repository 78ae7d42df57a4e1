"""The library of behavioural facts, and policies with its facts beside their own."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

from creditline.errors import CreditlineError
from creditline.policy.model import Policy
from creditline.policy.reading import read_policy

FILE = "behaviour.facts.yaml"

Spec = Mapping[str, Any]
"""A fact as a policy file writes it."""


@cache
def behaviour() -> Mapping[str, Spec]:
    """The facts of the library by name, in its order, as a policy file writes them."""
    facts: dict[str, Spec] = _library()["facts"]
    return facts


@cache
def helpers() -> frozenset[str]:
    """Facts of the library that only serve its others."""
    return frozenset(_library()["helpers"])


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """What the facts of the library are called to people, by name and language."""
    said: dict[str, dict[str, str]] = _library()["words"]
    return said


def with_behaviour(policy: Policy, only: Collection[str] | None = None) -> Policy:
    """The policy with the library's facts beside its own, a version of its own.

    Names it has already stay the policy's; a fact that would then read another meaning than the library's is left out
    too. With ``only``, no facts but these and what they read. Raises CreditlineError for a policy that does not write
    its facts one a line.
    """
    return read_policy(with_facts(policy.text, additions(policy, only)), f"{policy.name} with behaviour")


def additions(policy: Policy, only: Collection[str] | None = None) -> dict[str, Spec]:
    """The facts ``with_behaviour`` adds, in the library's order."""
    library = behaviour()
    own = {fact.name: fact.text for fact in policy.facts}
    foreign = {name for name in library if name in own and dict(own[name]) != dict(library[name])}
    out = foreign | {name for name in library if name not in own and foreign & _rests_on(name)}
    wanted = set(library) if only is None else set().union(*({name} | _rests_on(name) for name in only))
    return {name: spec for name, spec in library.items() if name in wanted and name not in out and name not in own}


def with_facts(policy_text: str, facts: Mapping[str, Spec]) -> str:
    """A policy's text with these facts of the library, and their words, under those it has."""
    if not facts:
        return policy_text
    lines = {name: f"{name}: {json.dumps(spec, ensure_ascii=False)}" for name, spec in facts.items()}
    text = _under("facts", list(lines.values()), policy_text)
    named = [f"{name}: {json.dumps(words()[name], ensure_ascii=False)}" for name in facts]
    if not re.search(r"^words:", text, re.MULTILINE):
        text = text.rstrip("\n") + "\nwords:\n"
    return _under("words", named, text)


def _under(key: str, lines: list[str], text: str) -> str:
    """The text with lines added at the head of a block, as deep as those that follow."""
    head = re.search(rf"^{key}:[ \t]*(#.*)?$\n?", text, re.MULTILINE)
    if head is None:
        remedy = f"write {key}: on a line of its own, with one fact a line below it"
        raise CreditlineError("policy", f"{key}:", remedy, "cannot be added to")
    below = re.match(r"(?:[ \t]*(?:#.*)?\n)*([ ]+)\S", text[head.end() :])
    depth = below[1] if below else "  "
    return text[: head.end()] + "".join(f"{depth}{line}\n" for line in lines) + text[head.end() :]


@cache
def _rests_on(name: str) -> frozenset[str]:
    """Names of the library's facts that one of them reads, through others too."""
    text = str(behaviour()[name].get("sql", ""))
    read = frozenset(re.findall(r"[a-z][a-z0-9_]*", text)) & behaviour().keys()
    return read.union(*(_rests_on(other) for other in read))


@cache
def _library() -> Mapping[str, Any]:
    content = (resources.files("creditline") / "policies" / FILE).read_text(encoding="utf-8")
    read: dict[str, Any] = yaml.safe_load(content)
    return read


__all__ = ["additions", "behaviour", "helpers", "with_behaviour", "with_facts", "words"]
