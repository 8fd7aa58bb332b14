"""The notation table: every deck names every role, or says why it does not."""
import tomllib

import pytest

from chainrule.ledger import course_file, load

DATA = tomllib.loads(course_file("notation.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", DATA["roles"], ids=lambda role: role["name"])
def test_every_deck_names_the_role_or_says_why_not(role):
    assert set(role) == {"name", "house", "code", "shape", *DATA["decks"]}
    for deck in DATA["decks"]:
        assert "$" in role[deck] or role[deck].startswith("– ("), f"{deck}: {role[deck]!r}"
        assert role[deck].count("$") % 2 == 0
        assert "|" not in role[deck], "a bar would end the table cell"


def test_the_table_knows_the_decks_of_the_ledger():
    assert set(DATA["decks"]) == {e.deck for e in load().values()}
