"""Durations, whole units and calendar months, in microseconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Policy = dict[str, Any]
"""A policy as YAML gives it."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}


def duration(text: str) -> int:
    """Microseconds of ``30m``, ``48h``, ``3d``, ``2w``, ``1y``; ValueError for calendar months."""
    match = re.fullmatch(r"(\d+)(m|h|d|w|y)", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration; write for example 48h or 30d")
    return int(match[1]) * UNITS[match[2]]


def months(text: str) -> int | None:
    """The number of calendar months of ``3mo``, None for any other duration."""
    match = re.fullmatch(r"(\d+)mo", text)
    return int(match[1]) if match else None


def offset(policy: Policy) -> int:
    """The policy's offset from UTC in microseconds, 0 where it gives none."""
    text = str(policy.get("utc_offset", "+00:00"))
    moment = datetime.strptime(text, "%z")
    shift = moment.utcoffset()
    assert shift is not None
    return shift // MICROSECOND


def month_of(policy: Policy, t: int) -> int:
    """The calendar month a moment lies in, counted from year 0."""
    zone = timezone(timedelta(microseconds=offset(policy)))
    local = (EPOCH + timedelta(microseconds=t)).astimezone(zone)
    return local.year * 12 + local.month - 1


def month_start(policy: Policy, month: int) -> int:
    """The first moment of a calendar month."""
    return (datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND - offset(policy)


def in_window(policy: Policy, window: str, at: int, t: int) -> bool:
    """Whether a moment lies in the window that ends with ``t``."""
    if at > t:
        return False
    count = months(window)
    if count is not None:
        return month_of(policy, at) > month_of(policy, t) - count
    return at > t - duration(window)
