"""What a policy file says of promises, every mistake told at its place."""

from __future__ import annotations

from collections.abc import Sequence

from creditline.facts.definitions import DefinitionError, parse_window
from creditline.facts.parsing import closest
from creditline.policy.model import SEVERITY, Promise, Rule
from creditline.policy.source import Path, Plain, Source

GRAVITIES = tuple(then for then, severity in SEVERITY.items() if severity > 0)
"""Words that stand for every rule that does this to a line."""

DEFAULT = ("terminate",)


def read_promise(source: Source, said: Plain, rules: Sequence[Rule]) -> Promise:
    """What is under ``promise:``; without it a week of grace, and what ends a line for good overrides."""
    spec = source.mapping(said, ("promise",), {"grace", "overridden_by"})
    grace = Promise().grace
    if "grace" in spec:
        try:
            grace = parse_window(spec["grace"], "grace", calendar=False).us
        except DefinitionError as error:
            source.add(("promise", "grace"), error.message, error.suggestion)
    path: Path = ("promise", "overridden_by")
    named = source.listed(spec["overridden_by"], path) if "overridden_by" in spec else list(DEFAULT)
    may = [rule for rule in rules if rule.severity > 0 and rule.on_line]
    known = [*(rule.code for rule in may), *GRAVITIES]
    for number, each in enumerate(named):
        if each in known:
            continue
        mild = each in [rule.code for rule in rules]
        what = f"{each} does nothing to a line that was closed" if mild else f"no rule has the code {each!r}"
        remedy = f"name a rule that freezes, closes or terminates a line, or one of {', '.join(GRAVITIES)}"
        source.add((*path, number), what, remedy if mild or len(str(each)) < 2 else closest(str(each), known))
    return Promise(grace, tuple(rule.code for rule in may if rule.code in named or rule.then in named))


__all__ = ["read_promise"]
