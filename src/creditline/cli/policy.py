"""``creditline policy``: check a policy, show it, compare two, print its kernel or its SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, echo_json
from creditline.clock import SystemClock, parse_moment
from creditline.i18n import Language, preferred_language, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from creditline.policy import Policy, Rule
    from creditline.policy.source import Problem

STATUS_MISTAKEN = 2
"""Exit status of ``policy check`` when a policy has mistakes."""

STATUS_DIFFERENT = 1
"""Exit status of ``policy diff`` when the two differ."""

_LANG = preferred_language()

PolicyArgument = Annotated[str, typer.Argument(metavar="POLICY", help=text("policy.policy_help", _LANG))]
DialectOption = Annotated[str, typer.Option("--dialect", help=text("policy.dialect_help", _LANG))]
AtOption = Annotated[str | None, typer.Option("--at", help=text("policy.at_help", _LANG))]

policy_app = typer.Typer(no_args_is_help=True, help=text("policy.help", _LANG))


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(policy_app, name="policy")


@policy_app.command("check", help=text("policy.check_help", _LANG))
def check(
    policies: Annotated[list[str], typer.Argument(metavar="POLICY...", help=text("policy.policy_help", _LANG))],
    as_json: JsonOption = False,
) -> None:
    """Check policies; the first with mistakes ends with status 2 and all its mistakes. Warnings leave the status 0."""
    from creditline.policy import PolicyErrors, load_policy, shipped_policies
    from creditline.policy.advice import advice

    told: list[dict[str, object]] = []
    for name in policies:
        try:
            policy = load_policy(name)
        except PolicyErrors as errors:
            if not as_json:
                raise
            told.append({"file": errors.place, "sound": False, "mistakes": _problems(errors.problems)})
            continue
        warnings = advice(policy, f"{name}.yaml" if name in shipped_policies() else name)
        counts = {"facts": len(policy.facts), "rules": len(policy.rules)}
        if as_json:
            version = {"policy": policy.name, "version": policy.version}
            found = {"mistakes": [], "warnings": _problems(warnings)}
            told.append({"file": name, "sound": True, **version, **counts, **found})
            continue
        typer.echo(text("policy.sound", _LANG, name=policy.name, **counts, version=policy.version[:12]))
        for each in warnings:
            typer.echo(text("policy.warning", _LANG, problem=each))
    if as_json:
        echo_json({"policies": told})
    if not all(each["sound"] for each in told):
        raise typer.Exit(STATUS_MISTAKEN)


def _problems(problems: Sequence[Problem]) -> list[dict[str, object]]:
    return [
        {
            "file": each.file,
            "line": each.line,
            "column": each.column,
            "message": each.message,
            "remedy": each.suggestion,
        }
        for each in problems
    ]


@policy_app.command("show", help=text("policy.show_help", _LANG))
def show(policy: PolicyArgument, as_json: JsonOption = False) -> None:
    """Print a policy so that it can be read at a glance, or as JSON."""
    from rich.console import Console
    from rich.markup import escape

    from creditline.policy import load_policy

    read = load_policy(policy)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(_plain(read)), indent=2).decode())
        return
    console = Console(highlight=False)
    console.print(f"[bold]{escape(read.title[_LANG])}[/bold]  {read.name}  {read.version[:12]}  {read.currency}")
    console.print(_rules(read, _LANG))
    console.print(_facts(read, _LANG))


def _rules(policy: Policy, lang: Language) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=text("policy.rules", lang), title_justify="left", expand=True)
    for name in ("code", "then", "when", "cure", "reason"):
        table.add_column(text(f"policy.{name}", lang), no_wrap=name in ("code", "then"))
    for rule in policy.rules:
        cure = rule.texts.get("cure", text("policy.default_cure", lang) if rule.severity in (1, 2) else "")
        table.add_row(rule.code, _then(rule, lang), escape(rule.texts["when"]), escape(cure), escape(rule.reason[lang]))
    return table


def _then(rule: Rule, lang: Language) -> str:
    days = rule.cooling_off // 86_400_000_000
    return rule.then if not days else text("policy.then_days", lang, then=rule.then, days=days)


def _facts(policy: Policy, lang: Language) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=text("policy.facts", lang), title_justify="left", expand=True)
    table.add_column(text("policy.fact", lang), no_wrap=True)
    table.add_column(text("policy.definition", lang))
    for fact in policy.facts:
        table.add_row(fact.name, escape(", ".join(f"{key}: {value}" for key, value in fact.text.items())))
    return table


def _plain(policy: Policy) -> dict[str, object]:
    return {
        "policy": policy.name,
        "version": policy.version,
        "title": policy.title,
        "currency": policy.currency,
        "consents": policy.consents,
        "facts": {fact.name: {key: str(value) for key, value in fact.text.items()} for fact in policy.facts},
        "rules": [
            {
                "code": rule.code,
                "then": rule.then,
                "cooling_off_days": rule.cooling_off / 86_400_000_000,
                "reason": rule.reason,
                "answered_by": rule.answered_by,
                **rule.texts,
            }
            for rule in policy.rules
        ],
    }


@policy_app.command("diff", help=text("policy.diff_help", _LANG))
def diff(before: PolicyArgument, after: PolicyArgument, as_json: JsonOption = False) -> None:
    """Print what differs between two policies; exit status 1 when something does."""
    from creditline.policy import load_policy
    from creditline.policy.difference import differences

    changes = differences(load_policy(before), load_policy(after))
    if as_json:
        rows = [{"path": c.path, "before": c.before, "after": c.after} for c in changes]
        typer.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        for change in changes:
            typer.echo(change.path)
            typer.echo(f"  - {change.before}" if change.before is not None else f"  - ({text('policy.absent', _LANG)})")
            typer.echo(f"  + {change.after}" if change.after is not None else f"  + ({text('policy.absent', _LANG)})")
        if not changes:
            typer.echo(text("policy.same", _LANG))
    if changes:
        raise typer.Exit(STATUS_DIFFERENT)


@policy_app.command("code", help=text("policy.code_help", _LANG))
def code(policy: PolicyArgument) -> None:
    """Print the kernel generated from a policy."""
    from creditline.lines.kernel import kernel_source
    from creditline.policy import load_policy

    typer.echo(kernel_source(load_policy(policy)), nl=False)


@policy_app.command("sql", help=text("policy.sql_help", _LANG))
def sql(policy: PolicyArgument, dialect: DialectOption = "duckdb", at: AtOption = None) -> None:
    """Print a policy as one SQL query, as of a moment (default: now)."""
    from creditline.policy import load_policy
    from creditline.policy.sql import policy_sql

    moment = parse_moment(at) if at else SystemClock().now()
    typer.echo(policy_sql(load_policy(policy), moment, dialect), nl=False)


@policy_app.command("publish", help=text("policy.publish_help", _LANG))
def publish(
    policy: PolicyArgument,
    since: Annotated[str, typer.Option("--from", help=text("policy.from_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
) -> None:
    """Put a policy's version into the home, in force from a moment; ``creditline run`` then decides by it."""
    from creditline.policy import load_policy
    from creditline.store import Home

    read = load_policy(policy)
    with Home.open(home) as opened:
        opened.publish(read.name, read.version, read.text, parse_moment(since))
    typer.echo(text("policy.published", _LANG, name=read.name, version=read.version[:12], since=since))
