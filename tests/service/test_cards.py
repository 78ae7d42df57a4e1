"""Publishing a scorecard: one proposes, another approves, and from its moment on the policy decides by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from creditline.errors import CreditlineError
from creditline.policy import load_policy
from creditline.scoring.card import Axis, Card, Term
from creditline.scoring.compiled import compiled
from creditline.service.cards import (
    WAITING,
    approve,
    card_of,
    challengers,
    champion,
    end,
    in_force,
    person,
    policies_using,
    propose,
    proposed,
    same_person,
)
from creditline.service.run import run_home
from creditline.store import Home, ProposedCard
from tests.service.scored import DAY, START, TRAINED, by_arrears, by_draws, card, lived, policy, written

NOW = START + 200 * DAY
WIDE = "".join(chr(ord(each) + 0xFEE0) if each != " " else "\u3000" for each in "Li Wei")
"""As an input method for Chinese may write it."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        base = policy()
        opened.publish(base.name, base.version, base.text, START)
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, by_arrears())


def offered(home: Home, file: Path, by: str = "Li Wei", role: str = "champion", now: int = NOW) -> ProposedCard:
    return propose(home, file, "trial", by=by, role=role, now=now)


# -- who -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other", ["li wei", "LI WEI ", "  Li  Wei", WIDE, "Li\u200b Wei", "Li\u00a0Wei", "\u2060Li Wei\t"]
)
def test_a_name_written_otherwise_is_the_same_person(other: str) -> None:
    assert same_person("Li Wei", other)


@pytest.mark.parametrize(
    ("first", "second"), [("Zoë", "Zoe\u0308"), ("STRASSE", "straße"), ("ﬁona", "Fiona"), ("李伟", "李伟 ")]
)
def test_letters_that_are_written_in_two_ways_are_the_same(first: str, second: str) -> None:
    assert same_person(first, second)


@pytest.mark.parametrize(
    ("first", "second"), [("Li Wei", "Li Wen"), ("李伟", "李薇"), ("Zoë", "Zoe"), ("Li Wei", "Wei Li")]
)
def test_other_names_are_other_people(first: str, second: str) -> None:
    assert not same_person(first, second)


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * 101, "Li\x07Wei"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(CreditlineError, match="--by"):
        person("--by", name)


def test_a_name_is_kept_trimmed_and_in_one_form() -> None:
    assert person("--by", "  Zoe\u0308 \t Li ") == "Zoë Li"


# -- proposing ---------------------------------------------------------------------------------------


def test_a_proposal_says_what_is_proposed_for_what_and_by_whom(home: Home, file: Path) -> None:
    kept = propose(home, file, "trial", by=" Li  Wei ", note=" fits the late payers ", now=NOW)
    assert home.cards() == [kept]
    assert (kept.hash, kept.source) == (by_arrears().hash, file.read_text("utf-8"))
    assert (kept.data_sha256, kept.code_version) == (TRAINED["data_sha256"], TRAINED["version"])
    assert (kept.policy, kept.policy_version, kept.role) == ("trial", policy().version, "champion")
    assert (kept.proposed_by, kept.proposed_at, kept.note) == ("Li Wei", NOW, "fits the late payers")
    assert card_of(kept.source) == by_arrears()
    assert [each.name for each in home.policies()] == ["trial"], "a proposal publishes nothing"


def test_a_card_changed_by_hand_is_refused(home: Home, file: Path) -> None:
    file.write_text(file.read_text("utf-8").replace("-120", "120"), "utf-8")
    with pytest.raises(CreditlineError, match="hash"):
        offered(home, file)
    assert home.cards() == []


def test_a_card_over_facts_the_policy_does_not_have_is_refused(home: Home, tmp_path: Path) -> None:
    file = written(tmp_path, card(Term((Axis("shoe_size", below=(40.0,)),), (0, 1, 2))))
    with pytest.raises(CreditlineError, match=r"shoe_size.*no fact the policy can score"):
        offered(home, file)
    file = written(tmp_path, card(Term((Axis("employment", choices=(("astronaut",),)),), (0, 1, 2))))
    with pytest.raises(CreditlineError, match="astronaut"):
        offered(home, file)


@pytest.mark.parametrize("name", ["data_sha256", "version"])
def test_a_card_that_does_not_say_what_made_it_is_refused(home: Home, tmp_path: Path, name: str) -> None:
    training = {each: said for each, said in TRAINED.items() if each != name}
    file = written(tmp_path, replace(by_arrears(), training=training))
    with pytest.raises(CreditlineError, match="does not say"):
        offered(home, file)


def test_what_may_not_be_said_is_refused(home: Home, file: Path) -> None:
    with pytest.raises(CreditlineError, match="choose champion or challenger"):
        offered(home, file, role="emperor")
    with pytest.raises(CreditlineError, match=r"nobodys-line.*is not published in"):
        propose(home, file, "nobodys-line", by="Li Wei", now=NOW)
    with pytest.raises(CreditlineError, match="at most 2000"):
        propose(home, file, "trial", by="Li Wei", note="x" * 2001, now=NOW)
    with pytest.raises(CreditlineError, match="cannot be read"):
        offered(home, file.parent / "absent.yaml")
    assert home.cards() == []


def test_a_card_under_which_a_rule_means_nothing_is_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(CreditlineError, match=r"trial with scorecard .*T10 can never fire"):
        offered(home, written(tmp_path, by_arrears(base=700)))
    assert home.cards() == []


def test_a_card_that_decides_already_is_not_proposed_again(home: Home, tmp_path: Path) -> None:
    own = card(Term((Axis("dpd", below=(30.0,)),), (0, 0, -100)))
    with pytest.raises(CreditlineError, match="decides trial already"):
        offered(home, written(tmp_path, own))


# -- approving ---------------------------------------------------------------------------------------


def test_an_approved_champion_becomes_a_version_in_force_from_its_moment(home: Home, file: Path) -> None:
    kept = offered(home, file)
    since = NOW + 10 * DAY
    done = approve(home, kept.hash[:8], by="Chen Jing", now=NOW + DAY, since=since)
    (verdict,) = done.verdicts
    assert (verdict.verdict, verdict.by, verdict.at, verdict.effective_from) == (
        "approved",
        "Chen Jing",
        NOW + DAY,
        since,
    )
    old, new = home.policies()
    assert (new.name, new.version, new.effective_from, new.published_at) == (
        "trial", verdict.policy_version, since, NOW + DAY,
    )  # fmt: skip
    assert in_force(home, "trial", since - 1).version == old.version
    now = in_force(home, "trial", since)
    assert now.scorecard == compiled(by_arrears(), policy().types)
    assert (now.rules, now.facts) == (policy().rules, policy().facts), "nothing but the card is another"
    assert policies_using(home, by_arrears()) == [new]
    assert (champion(home, "trial", since - 1), champion(home, "trial", since)) == (None, done)


def test_a_card_of_pairs_and_choices_is_in_the_policy_what_it_was_in_its_file(home: Home, tmp_path: Path) -> None:
    kept = offered(home, written(tmp_path, by_draws()))
    approve(home, kept.hash, by="Chen Jing", now=NOW)
    now = in_force(home, "trial", NOW)
    assert now.scorecard is not None
    for drawn, work in ((None, 0), (9_999, None), (10_000, 0), (49_999, 2), (10**9, 3)):
        values = {"drawn_30d": drawn, "employment": work, "dpd": 3}
        said = None if work is None else now.types["employment"].choices[work]
        row = {"drawn_30d": None if drawn is None else drawn / 100, "employment": said}
        assert now.scorecard.points_of(values) == by_draws().score(row)


@pytest.mark.parametrize("by", ["Li Wei", "li wei", " LI  WEI ", WIDE])
def test_the_same_person_does_not_approve(home: Home, file: Path, by: str) -> None:
    kept = offered(home, file)
    with pytest.raises(CreditlineError, match="let another person approve it; Li Wei proposed it"):
        approve(home, kept.hash, by=by, now=NOW)
    assert home.cards() == [kept]
    assert len(home.policies()) == 1


def test_nobody_approves_twice(home: Home, file: Path) -> None:
    kept = offered(home, file)
    approve(home, kept.hash, by="Chen Jing", now=NOW)
    with pytest.raises(CreditlineError, match="is approved already"):
        approve(home, kept.hash, by="Wang Fang", now=NOW)
    assert len(home.policies()) == 2


def test_of_two_who_approve_at_once_one_does(home: Home, file: Path) -> None:
    kept = offered(home, file)
    told: list[object] = []

    def approving(by: str) -> None:
        try:
            told.append(approve(home, kept.hash, by=by, now=NOW))
        except CreditlineError as error:
            told.append(error.problem)

    people = [Thread(target=approving, args=(by,)) for by in ("Chen Jing", "Wang Fang", "Zhao Min")]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert sorted(map(str, told)).count("is approved already") == 2
    assert (len(home.policies()), len(home.cards()[0].verdicts)) == (2, 1)


def test_a_later_version_is_not_overtaken_unseen(home: Home, file: Path) -> None:
    """What is planned for later has the old card in it: approved before it, the new one would end unnoticed."""
    planned = policy(cutoff=530)
    home.publish("trial", planned.version, planned.text, NOW + 30 * DAY)
    kept = offered(home, file)
    with pytest.raises(CreditlineError, match=r"--from.*would take its place; give 2026-08-19T00:00:00Z or later"):
        approve(home, kept.hash, by="Chen Jing", now=NOW)
    approve(home, kept.hash, by="Chen Jing", now=NOW, since=NOW + 30 * DAY)
    now = in_force(home, "trial", NOW + 30 * DAY)
    assert now.rules == planned.rules
    assert now.scorecard == compiled(by_arrears(), planned.types)


def test_a_card_that_no_longer_fits_the_policy_is_not_approved(home: Home, file: Path) -> None:
    kept = offered(home, file)
    text = policy().text.replace("dpd", "days_late")
    home.publish("trial", "v2", text, NOW + DAY)
    with pytest.raises(CreditlineError, match="no fact the policy can score"):
        approve(home, kept.hash, by="Chen Jing", now=NOW + 2 * DAY)
    assert home.cards() == [kept]


def test_a_policy_that_comes_along_goes_on_deciding_about_what_was_before(tmp_path: Path) -> None:
    """Published alone, the new version would also decide about all the years before it."""
    with Home.open(tmp_path / "fresh") as home:
        home.append(lived(2))
        kept = propose(home, written(tmp_path, by_arrears_of_consumer()), "consumer-line", by="Li Wei", now=NOW)
        approve(home, kept.hash, by="Chen Jing", now=NOW)
        first, second = home.policies()
        shipped = load_policy("consumer-line")
        assert (first.version, first.effective_from) == (shipped.version, START)
        assert (second.name, second.effective_from) == ("consumer-line", NOW)
        assert in_force(home, "consumer-line", NOW - 1).version == shipped.version


def by_arrears_of_consumer() -> Card:
    made = [Axis("worst_dpd_90d", below=(1.0, 30.0)), Axis("score", below=(600.0, 700.0))]
    return card(*(Term((axis,), (0, 100, 20, -80)) for axis in made))


def test_the_policy_decides_by_the_new_card_from_then_on(home: Home, file: Path) -> None:
    """Ten points for none overdue, where the old card gave none; -120 from 30 days, where it gave -100."""
    home.append(lived(40))
    base = policy("consumer-line")
    home.publish(base.name, base.version, base.text, START)
    since = START + 60 * DAY
    kept = propose(home, file, "consumer-line", by="Li Wei", now=START + 10 * DAY)
    approve(home, kept.hash, by="Chen Jing", now=START + 50 * DAY, since=since)
    run_home(home)
    before = {each.points for each in home.decisions() if each.at < since}
    after = {each.points for each in home.decisions() if each.at >= since}
    assert before == {600, 500}
    assert after == {610, 570, 480}


# -- rejecting and withdrawing -----------------------------------------------------------------------


def test_another_person_rejects_and_the_proposer_withdraws(home: Home, file: Path) -> None:
    rejected = end(home, offered(home, file).hash, by="Chen Jing", why="its data ends too early", now=NOW)
    assert (rejected.state, rejected.verdicts[0].why) == ("rejected", "its data ends too early")
    withdrawn = end(home, offered(home, file).hash, by="LI WEI", why="a better one comes", now=NOW)
    assert withdrawn.state == "withdrawn"
    with pytest.raises(CreditlineError, match="is withdrawn already"):
        approve(home, withdrawn.hash, by="Chen Jing", now=NOW)


def test_a_reason_is_asked_for(home: Home, file: Path) -> None:
    kept = offered(home, file)
    with pytest.raises(CreditlineError, match="gives no reason"):
        end(home, kept.hash, by="Chen Jing", why="  ", now=NOW)
    assert home.cards() == [kept]


def test_a_challenger_runs_until_it_is_withdrawn(home: Home, file: Path) -> None:
    kept = offered(home, file, role="challenger")
    assert challengers(home, "trial") == []
    with pytest.raises(CreditlineError, match="says nothing here"):
        approve(home, kept.hash, by="Chen Jing", now=NOW, since=NOW)
    approved = approve(home, kept.hash, by="Chen Jing", now=NOW)
    assert challengers(home, "trial") == challengers(home) == [approved]
    assert challengers(home, "consumer-line") == []
    assert len(home.policies()) == 1, "a challenger decides nothing"
    ended = end(home, kept.hash, by="Chen Jing", why="no better", now=NOW)
    assert [each.verdict for each in ended.verdicts] == ["approved", "withdrawn"]
    assert challengers(home) == []


def test_a_champion_is_not_withdrawn_but_followed(home: Home, file: Path) -> None:
    kept = offered(home, file)
    approve(home, kept.hash, by="Chen Jing", now=NOW)
    with pytest.raises(CreditlineError, match="propose the card that should take its place"):
        end(home, kept.hash, by="Chen Jing", why="it was a mistake", now=NOW)


def test_a_challenger_that_did_well_becomes_champion(home: Home, file: Path) -> None:
    first = offered(home, file, role="challenger")
    approve(home, first.hash, by="Chen Jing", now=NOW)
    second = offered(home, file, role="champion")
    done = approve(home, first.hash[:10], by="Chen Jing", now=NOW)
    assert (done.number, done.role) == (second.number, "champion")
    assert champion(home, "trial", NOW) == done
    assert [each.state for each in home.cards()] == ["approved", "approved"]


# -- by hash -----------------------------------------------------------------------------------------


def test_a_hash_names_one_proposal_or_none(home: Home, file: Path, tmp_path: Path) -> None:
    kept = offered(home, file)
    other = policy("other")
    home.publish("other", other.version, other.text, START)
    propose(home, file, "other", by="Li Wei", now=NOW)
    for hash_, told in ((kept.hash[:7], "too short"), ("0123456789", "not proposed here"), (kept.hash, "--policy")):
        with pytest.raises(CreditlineError, match=told):
            proposed(home, hash_, WAITING)
    assert proposed(home, f" {kept.hash[:8].upper()} ", WAITING, policy="trial") == kept
    more = ProposedCard(kept.hash[:8] + "0" * 56, "", "d", "v", "trial", "v", "champion", "Li Wei", NOW)
    home.propose_card(more)
    with pytest.raises(CreditlineError, match="give more of its hash"):
        proposed(home, kept.hash[:8], WAITING, policy="trial")
    assert msgspec.structs.replace(more, number=3) == proposed(home, more.hash, WAITING)


def test_versions_that_decide_by_a_card_are_found_by_the_card_itself(home: Home, file: Path, tmp_path: Path) -> None:
    """Other rules around the same card use it too; a policy without its facts does not, and that is no error."""
    kept = offered(home, file)
    approve(home, kept.hash, by="Chen Jing", now=NOW)
    changed = in_force(home, "trial", NOW).text.replace("points < 520", "points < 530")
    home.publish("trial", "edited", changed, NOW + DAY)
    shipped = load_policy("taiwan-panel")
    home.publish(shipped.name, shipped.version, shipped.text, START)
    found = policies_using(home, by_arrears())
    assert [each.effective_from for each in found] == [NOW, NOW + DAY]
    assert champion(home, "trial", NOW + 2 * DAY) is not None
