"""``creditline product``: list products, show one, check product files and publish them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, NowOption, echo_json, existing, present_moment
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.lending.product import Product

_LANG = preferred_language()

product_app = typer.Typer(no_args_is_help=True, help=text("product.help", _LANG))
"""``creditline product``."""

ProductArgument = Annotated[str, typer.Argument(metavar="PRODUCT", help=text("product.product_help", _LANG))]


def register(app: typer.Typer) -> None:
    """Add ``product`` to the application."""
    app.add_typer(product_app, name="product")


@product_app.command("list", help=text("product.list_help", _LANG))
def list_products(home: HomeOption = HOME_DEFAULT, as_json: JsonOption = False) -> None:
    """List the products that come with the package, then those published in the home, if there is one."""
    from creditline.lending.product import load_product, shipped_products

    found: list[tuple[Product, int | None]] = [(load_product(name), None) for name in shipped_products()]
    shipped = len(found)
    found += _published(home)
    if as_json:
        echo_json([_row_plain(product, at, shipped=n < shipped) for n, (product, at) in enumerate(found)])
        return
    _print_list(found, shipped, _LANG)


@product_app.command("show", help=text("product.show_help", _LANG))
def show(product: ProductArgument, home: HomeOption = HOME_DEFAULT, as_json: JsonOption = False) -> None:
    """Print what a product offers and at what price; exit status 2 where it cannot be read."""
    found = _found(product, home)
    if as_json:
        echo_json(_plain(found))
        return
    console = Console(highlight=False)
    console.print(Text(f"{found.title[_LANG]}  {found.name}@{found.version}", style="bold"), soft_wrap=True)
    for label, value in _about(found, _LANG):
        console.print(Text(text("statement.colon", _LANG, label=label, value=value)), soft_wrap=True)


@product_app.command("check", help=text("product.check_help", _LANG))
def check(
    products: Annotated[list[str], typer.Argument(metavar="PRODUCT...", help=text("product.file_help", _LANG))],
    as_json: JsonOption = False,
) -> None:
    """Check products; the first with mistakes ends with status 2 and all its mistakes."""
    from creditline.lending.product import load_product

    read = [load_product(name) for name in products]
    if as_json:
        echo_json([{"name": each.name, "version": each.version} for each in read])
        return
    for each in read:
        typer.echo(text("product.sound", _LANG, name=each.name, version=each.version[:12]))


@product_app.command("publish", help=text("product.publish_help", _LANG))
def publish(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help=text("product.file_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Put a product's version into the home, so that draws may name it; the same again changes nothing."""
    from creditline.lending.product import load_product
    from creditline.service.lending import publish_product
    from creditline.store import Home

    read = load_product(product)
    with Home.open(home) as opened:
        reference = publish_product(opened, read, now=present_moment(now))
    if as_json:
        echo_json({"name": read.name, "version": read.version, "product": reference})
    else:
        typer.echo(text("product.published", _LANG, reference=reference))


def _published(home: Path) -> list[tuple[Product, int | None]]:
    """Products of a home with the moments they were published; none where there is no home."""
    from creditline.service.lending import products_of
    from creditline.store import Home
    from creditline.store.home import FILE

    if not (home / FILE).is_file():
        return []
    with Home.open(home) as opened:
        read = products_of(opened)
        return [(read[each.reference], each.published_at) for each in opened.products()]


def _found(name: str, home: Path) -> Product:
    """A product by a reference in the home, whole or cut short after the @; else a file or a shipped name."""
    from creditline.lending.product import load_product

    if "@" not in name or Path(name).is_file():
        return load_product(name)
    near = [
        product for product, _ in _published(existing(home)) if f"{product.name}@{product.version}".startswith(name)
    ]
    if len(near) != 1:
        problem = "names several versions" if near else "is not published in the home"
        raise CreditlineError("product", name, "see them with: creditline product list", problem)
    return near[0]


def _print_list(found: list[tuple[Product, int | None]], shipped: int, lang: Language) -> None:
    from creditline.reports.statement import rate_told
    from creditline.reports.tables import Table, labelled, terminal

    names = ("name", "version", "title", "method", "instalments", "rate")
    labels = [text(f"product.{name}", lang) for name in names]
    for caption, part in (("shipped", found[:shipped]), ("published_here", found[shipped:])):
        rows = tuple(
            (
                product.name, product.version[:12], product.title[lang],
                text(f"statement.method_{product.method}", lang), _instalments(product), rate_told(product.rate),
            )
            for product, _ in part
        )  # fmt: skip
        if rows:
            table = Table(
                text(f"product.{caption}", lang), labelled(*labels, text=(0, 1, 2, 3, 4), page_only=(1, 3)), rows
            )
            Console(highlight=False).print(terminal(table))


def _instalments(product: Product) -> str:
    return " ".join(map(str, product.instalments))


def _about(product: Product, lang: Language) -> list[tuple[str, str]]:
    from creditline.reports.statement import money, rate_told

    def said(key: str, **values: object) -> str:
        return text(f"product.{key}", lang, **values)

    fees = product.fees
    kept_back = money(fees.upfront_amount) if fees.upfront_amount else _share(fees.upfront_fraction)
    due_day = (
        said(f"due_{product.due_day}") if isinstance(product.due_day, str) else said("due_on", day=product.due_day)
    )
    cap = product.cap
    pairs = [
        ("currency", product.currency),
        ("principal", said("between", least=money(product.least), most=money(product.most))),
        ("purposes", " ".join(product.purposes)),
        ("method", text(f"statement.method_{product.method}", lang)),
        ("instalments", _instalments(product)),
        (f"every_{product.unit}", str(product.every)),
        ("due_day", due_day),
        ("rate", rate_told(product.rate)),
        ("rates", said("between", least=rate_told(product.rate_from), most=rate_told(product.rate_to))),
        ("day_count", product.day_count),
        ("grace", str(product.grace_days)),
        ("penalty", said("times", multiple=f"{product.penalty_multiple / 10**6:g}")),
        ("upfront_fee", kept_back if fees.upfront_amount or fees.upfront_fraction else ""),
        ("instalment_fee", money(fees.instalment) if fees.instalment else ""),
        ("early_fee", _share(fees.early) if fees.early else ""),
        ("cap", "" if cap is None else said(f"cap_{cap.by}", rate=rate_told(cap.irr))),
    ]
    return [(said(name), value) for name, value in pairs if value]


def _share(millionths: int) -> str:
    return f"{millionths / 10**4:g}%"


def _row_plain(product: Product, published_at: int | None, *, shipped: bool) -> dict[str, Any]:
    from creditline.clock import format_moment

    return {
        "name": product.name,
        "version": product.version,
        "title": dict(product.title),
        "shipped": shipped,
        "published_at": None if published_at is None else format_moment(published_at, product.utc_offset),
    }


def _plain(product: Product) -> dict[str, Any]:
    from creditline.lending.product import rate_text

    cap = product.cap
    return {
        "name": product.name,
        "version": product.version,
        "title": dict(product.title),
        "currency": product.currency,
        "purposes": product.purposes,
        "least": format_minor(product.least),
        "most": format_minor(product.most),
        "method": product.method,
        "instalments": product.instalments,
        "every": product.every,
        "unit": product.unit,
        "due_day": product.due_day,
        "rate": rate_text(product.rate),
        "rate_from": rate_text(product.rate_from),
        "rate_to": rate_text(product.rate_to),
        "day_count": product.day_count,
        "grace_days": product.grace_days,
        "penalty_multiple": f"{product.penalty_multiple / 10**6:g}",
        "fees": {
            "upfront_share": f"{product.fees.upfront_fraction / 10**6:g}",
            "upfront_amount": format_minor(product.fees.upfront_amount),
            "instalment": format_minor(product.fees.instalment),
            "early_share": f"{product.fees.early / 10**6:g}",
        },
        "cost_cap": None if cap is None else {"rate": rate_text(cap.irr), "by": cap.by},
        "source": product.text,
    }


__all__ = ["product_app", "register"]
