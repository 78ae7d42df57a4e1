"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditline.i18n import preferred_language, text

HOME_DEFAULT = Path("creditline-home")
"""The home where neither ``--home`` nor ``CREDITLINE_HOME`` names one."""

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CREDITLINE_HOME", help=text("intake.home_help", preferred_language()))
]
"""The folder of the home; give it ``HOME_DEFAULT`` as its default."""

JsonOption = Annotated[bool, typer.Option("--json", help=text("intake.json_help", preferred_language()))]
"""Print one JSON document in place of text."""
