"""The checker against cases with a known verdict: no false pass, no false alarm, and a sentence for the unusable."""
import pytest
from checker_cases import FRESH, KNOWN

from chainrule import check_gradient


@pytest.mark.parametrize("verdict, build", [pytest.param(v, b, id=f"{v}-{n}") for n, v, b in KNOWN + FRESH])
def test_the_checker_gives_the_verdict_that_a_case_deserves(verdict, build):
    f, gradient, theta = build()
    if verdict == "unusable":
        with pytest.raises((TypeError, ValueError)) as caught:
            check_gradient(f, gradient, theta)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
        return
    report = check_gradient(f, gradient, theta)
    assert report.ok == (verdict == "right"), str(report)
    assert bool(report) == report.ok


def test_there_are_27_known_cases_and_at_least_30_of_our_own():
    assert len(KNOWN) == 27
    assert len(FRESH) >= 30
    assert len({name for name, _, _ in KNOWN + FRESH}) == len(KNOWN) + len(FRESH)
