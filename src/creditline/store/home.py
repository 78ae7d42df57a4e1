"""The home of one lender's data: a folder with the log, the decisions derived from it, and the policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import local
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from creditline.events.canonical import body_of
from creditline.events.event import Event
from creditline.events.kinds import KINDS, OutcomeObserved
from creditline.facts.slices import Slices
from creditline.lines.decision import Decision
from creditline.store import cards, columns, database, derived, log, outbox, products, promises, schema
from creditline.store.cards import ProposedCard, Shadows, Verdict
from creditline.store.database import StoreError
from creditline.store.derived import PublishedPolicy
from creditline.store.log import Appended
from creditline.store.outbox import Letter, State
from creditline.store.products import PublishedProduct

FILE = "creditline.db"

Int64s = NDArray[np.int64]


class ObservedOutcome(msgspec.Struct, frozen=True):
    """What became of a line. Moments in microseconds since 1970 UTC."""

    at: int
    known: int
    defaulted: bool


class Home:
    """One opened home. Safe for many readers; writers take turns. Close it, or use it in a ``with``."""

    def __init__(self, path: Path, engine: sa.Engine) -> None:
        self.path = path
        self._engine = engine
        self._turn = local()

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open the home in this folder, made if need be, its database brought to the newest version."""
        folder = Path(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            remedy = "give a folder that exists or may be made, with --home or CREDITLINE_HOME"
            raise StoreError("home", str(folder), remedy, f"cannot be used ({error.strerror})") from error
        engine = database.connect(folder / FILE)
        database.migrate(engine)
        return cls(folder, engine)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the writer's place: what this thread reads and writes within is one transaction.

        What was read therefore still holds when it is written on; an exception undoes everything. A turn within a
        turn is part of it.
        """
        if self._held() is not None:
            yield
            return
        with database.writing(self._engine) as connection:
            self._turn.connection = connection
            try:
                yield
            finally:
                self._turn.connection = None

    def _held(self) -> sa.Connection | None:
        connection: sa.Connection | None = getattr(self._turn, "connection", None)
        return connection

    def _reading(self) -> AbstractContextManager[sa.Connection]:
        held = self._held()
        return database.reading(self._engine) if held is None else nullcontext(held)

    def _writing(self) -> AbstractContextManager[sa.Connection]:
        held = self._held()
        return database.writing(self._engine) if held is None else nullcontext(held)

    def append(self, events: Sequence[Event]) -> Appended:
        """Add events to the log in one transaction; see ``store.log.append`` for what is refused."""
        with self._writing() as connection:
            return log.append(connection, events)

    def events(self, line: str | None = None, until_position: int | None = None) -> Iterator[Event]:
        """Events of the log as they were stated, outcomes too, in order of position, up to one if given."""
        with self._reading() as connection:
            yield from log.read(connection, line, until_position)

    def events_by_line(self, lines: Sequence[str]) -> Iterator[tuple[str, list[Event]]]:
        """Each of these lines that is in the log, in the order given, with its events in order of position."""
        with self._reading() as connection:
            yield from log.read_lines(connection, lines)

    def slices(self, lines: Sequence[str] | None = None, until_position: int | None = None) -> Slices:
        """The log in columns, lines in order of id, without outcomes; see ``store.columns.load``."""
        with self._reading() as connection:
            return columns.load(connection, lines, until_position)

    def lines(self) -> list[str]:
        """Ids of all lines, sorted."""
        with self._reading() as connection:
            return list(connection.execute(sa.select(schema.lines.c.id).order_by(schema.lines.c.id)).scalars())

    def lines_lent_on(self) -> list[str]:
        """Ids of the lines on which the lending core agreed to a draw, sorted."""
        with self._reading() as connection:
            return log.lines_lent_on(connection)

    def lines_with_loan(self, loan: str) -> list[str]:
        """Ids of the lines that know a loan by this id, sorted."""
        with self._reading() as connection:
            return log.lines_with_loan(connection, loan)

    def lines_moved(self, position: int, kinds: Iterable[str]) -> list[str]:
        """Ids of the lines with events of these kinds after a position of the log, sorted."""
        with self._reading() as connection:
            return log.lines_moved(connection, position, kinds)

    def position(self) -> int:
        """Position of the last event in the log, 0 when it is empty."""
        with self._reading() as connection:
            return connection.execute(sa.select(sa.func.max(schema.events.c.position))).scalar() or 0

    def mark(self, position: int) -> str | None:
        """Digest of the event at a position, in hex: equal marks, the same log up to there. None where none is."""
        query = sa.select(schema.events.c.digest).where(schema.events.c.position == position)
        with self._reading() as connection:
            digest = connection.execute(query).scalar()
        return None if digest is None else bytes(digest).hex()

    def beginning(self) -> int | None:
        """The moment of the earliest event in the log, microseconds; None when it is empty."""
        with self._reading() as connection:
            return connection.execute(sa.select(sa.func.min(schema.events.c.at))).scalar()

    def outcomes(self) -> dict[str, bool]:
        """Whether each line defaulted, by the latest outcome observed for it."""
        return {line: each.defaulted for line, each in self.outcomes_observed().items()}

    def outcomes_observed(self) -> dict[str, ObservedOutcome]:
        """The latest outcome observed for each line that has one; those that were voided count for nothing."""
        spec, events, voids = KINDS["outcome.observed"], schema.events, schema.events.alias()
        voided = sa.exists().where(
            voids.c.line == events.c.line,
            voids.c.kind == KINDS["event.voided"].code,
            sa.func.json_extract(voids.c.payload, "$.event") == events.c.id,
        )
        query = (
            sa.select(schema.lines.c.id, events.c.at, events.c.known, events.c.payload)
            .join_from(events, schema.lines)
            .where(events.c.kind == spec.code, ~voided)
            .order_by(events.c.known, events.c.position)
        )
        said: dict[str, ObservedOutcome] = {}
        with self._reading() as connection:
            for line, at, known, payload in connection.execute(query):
                body = body_of(spec, payload)
                assert isinstance(body, OutcomeObserved)
                said[line] = ObservedOutcome(at, known, body.defaulted)
        return said

    def record(self, decisions: Iterable[Decision], lines: Iterable[str] = ()) -> None:
        """Put these decisions in place of what stands for their lines and for ``lines``, in one transaction."""
        with self._writing() as connection:
            derived.record(connection, decisions, lines)

    def decisions(self, line: str | None = None) -> list[Decision]:
        """Decisions of one line or of all, by line and number."""
        with self._reading() as connection:
            return derived.decisions(connection, line)

    def publish(
        self, policy_name: str, version: str, source_text: str, effective_from: int, *, published_at: int | None = None
    ) -> None:
        """Keep a policy version for good, in force from a moment in microseconds; the same again changes nothing."""
        with self._writing() as connection:
            derived.publish(connection, policy_name, version, source_text, effective_from, published_at)

    def policies(self) -> list[PublishedPolicy]:
        """Published versions in the order in which they come into force."""
        with self._reading() as connection:
            return derived.policies(connection)

    def publish_product(self, name: str, version: str, source_text: str, *, published_at: int | None = None) -> None:
        """Keep a product version for good; the same again changes nothing, another text is a StoreError."""
        with self._writing() as connection:
            products.publish(connection, name, version, source_text, published_at)

    def products(self) -> list[PublishedProduct]:
        """Published product versions in the order in which they were published."""
        with self._reading() as connection:
            return products.products(connection)

    def propose_card(self, card: ProposedCard) -> ProposedCard:
        """Keep a proposed scorecard for good; it comes back with its number. StoreError where it waits already."""
        with self._writing() as connection:
            return cards.propose(connection, card)

    def decide_card(self, number: int, verdict: Verdict) -> None:
        """Keep what was decided on a proposed scorecard; StoreError where it was decided on already."""
        with self._writing() as connection:
            cards.decide(connection, number, verdict)

    def cards(self) -> list[ProposedCard]:
        """Proposed scorecards with their verdicts, in the order in which they were proposed."""
        with self._reading() as connection:
            return cards.cards(connection)

    def record_shadows(self, card: int, lines: Sequence[str], line: Int64s, number: Int64s, points: Int64s) -> None:
        """Keep a challenger's points beside decisions; ``line`` is each decision's place in ``lines``."""
        with self._writing() as connection:
            cards.record_shadows(connection, card, lines, line, number, points)

    def shadows(self, card: int, until: int | None = None) -> Shadows:
        """A challenger's points beside the decisions made up to a moment, or all of them."""
        with self._reading() as connection:
            return cards.shadows(connection, card, until)

    def enqueue_letters(self, letters: Iterable[Letter]) -> int:
        """Put notices into the outbox; how many were new or changed. See ``store.outbox.enqueue``."""
        with self._writing() as connection:
            return outbox.enqueue(connection, letters)

    def letters(self, line: str | None = None, state: State | None = None, late_at: int | None = None) -> list[Letter]:
        """Notices of the outbox by deadline: of one line, in one state, or late at a moment."""
        with self._reading() as connection:
            return outbox.letters(connection, line, state, late_at)

    def mark_letter(self, number: int, state: Literal["sent", "read"], at: int) -> bool:
        """Note that a notice was sent or read at a moment; False where it was already."""
        with self._writing() as connection:
            return outbox.mark(connection, number, state, at)

    def drop_letter(self, number: int) -> bool:
        """Take a notice out of the outbox that nobody was sent; False where it was sent or is none."""
        with self._writing() as connection:
            return outbox.drop(connection, number)

    def keep_proof(self, seal: str, content: str) -> None:
        """Keep the proof of a plan taken up for good; the same again changes nothing."""
        with self._writing() as connection:
            promises.keep(connection, seal, content)

    def proof(self, seal: str) -> str | None:
        """The proof with this seal as it was kept; None where there is none."""
        with self._reading() as connection:
            return promises.proof(connection, seal)

    def lines_promised(self) -> list[str]:
        """Ids of the lines on which a plan was ever taken up, sorted."""
        with self._reading() as connection:
            return promises.lines_promised(connection)

    def promise_told(self, line: str, event: str) -> str | None:
        """What was last told of the plan taken up by an event of a line; None where nothing was."""
        with self._reading() as connection:
            return promises.told(connection, line, event)

    def tell_promise(self, line: str, event: str, state: str, at: int) -> None:
        """Note what was told of the plan taken up by an event, at a moment in microseconds."""
        with self._writing() as connection:
            promises.tell(connection, line, event, state, at)

    def put(self, key: str, value: Any) -> None:
        """Keep a small fact about the home: anything JSON can say."""
        row = {"key": key, "json": msgspec.json.encode(value).decode()}
        with self._writing() as connection:
            connection.execute(sa.delete(schema.about).where(schema.about.c.key == key))
            connection.execute(sa.insert(schema.about), row)

    def get(self, key: str) -> Any:
        """The small fact under this key, None when there is none."""
        with self._reading() as connection:
            text = connection.execute(sa.select(schema.about.c.json).where(schema.about.c.key == key)).scalar()
        return None if text is None else msgspec.json.decode(text)
