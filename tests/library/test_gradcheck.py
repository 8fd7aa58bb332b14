"""What the gradient checker says, and the numbers underneath it."""
import itertools
import warnings

import numpy as np
import pytest
from checker_cases import absolute, network, quartic
from hypothesis import given
from hypothesis import strategies as st

from chainrule import SoftmaxCrossEntropy, check_gradient, complex_step_gradient, numerical_gradient
from chainrule.gradcheck import EPS, tolerance

EXACT = 4 * EPS


def test_central_differences_find_the_slope_of_a_cubic_to_seven_digits():
    theta = np.array([[0.5, -2.0], [30.0, 0.0]])
    slope = numerical_gradient(lambda t: np.sum(t**3), theta)
    assert np.allclose(slope, 3 * theta**2, rtol=1e-7, atol=1e-10)


def test_central_differences_take_steps_in_proportion_to_large_entries_and_never_below_the_given_step():
    seen = []
    numerical_gradient(lambda t: seen.append(t.copy()) or 0.0, np.array([0.5, 200.0]), step=1e-3)
    assert np.allclose([s[0] - 0.5 for s in seen[:2]], [1e-3, -1e-3], rtol=1e-9)
    assert np.allclose([s[1] - 200 for s in seen[2:]], [0.2, -0.2], rtol=1e-9)
    assert len(seen) == 4


def test_central_differences_of_whole_numbers_are_not_cut_to_whole_numbers():
    assert np.allclose(numerical_gradient(lambda t: np.sum(t**2) / 4, np.array([1, 3])), [0.5, 1.5])


def test_the_complex_step_is_exact_to_rounding_and_leaves_theta_alone():
    theta = np.array([[0.3, -1.7], [2.2, 0.0]])
    before = theta.copy()
    slope = complex_step_gradient(lambda t: np.sum(np.exp(t) * np.sin(t)), theta)
    assert np.allclose(slope, np.exp(theta) * (np.sin(theta) + np.cos(theta)), rtol=EXACT, atol=0)
    assert np.array_equal(theta, before)


def test_the_complex_step_moves_one_entry_at_a_time():
    seen = []
    complex_step_gradient(lambda t: seen.append(t.copy()) or 0.0, np.zeros((2, 2)))
    assert [np.count_nonzero(t.imag) for t in seen] == [1] * 4
    assert [np.flatnonzero(t.imag)[0] for t in seen] == [0, 1, 2, 3]
    assert all(t.imag.max() == 1e-30 for t in seen)


def test_tolerance_is_a_billionth_of_an_entry_plus_64_eps_of_the_largest():
    a, b = np.array([1000.0, 1.0, 0.0]), np.array([1000.0, 2.0, 0.0])
    assert np.allclose(tolerance(a, b), 1e-9 * np.array([1000, 2, 0]) + 64 * EPS * 1000, rtol=1e-14, atol=0)
    assert np.array_equal(tolerance(np.zeros(2), np.zeros(2)), [0, 0])
    assert tolerance(np.empty(0), np.empty(0)).shape == (0,)
    assert np.array_equal(tolerance(a, -b), tolerance(a, b))


def test_a_right_gradient_is_told_in_one_sentence():
    f, g, theta = network()
    assert str(check_gradient(f, g, theta)) == (
        "The gradient agrees with the complex step (step 1e-30) in each of 54 entries.")


def test_a_wrong_entry_is_named_with_tensor_entry_both_values_rule_and_step():
    f, g, theta = network()
    right = g["W2"][3, 1]
    g["W2"][3, 1] *= 1.5
    report = check_gradient(f, g, theta)
    assert (report.tensor, report.entry, report.rule, report.step) == ("W2", (3, 1), "complex step", 1e-30)
    assert report.given == g["W2"][3, 1] and np.isclose(report.expected, right, rtol=1e-12)
    assert (report.wrong, report.judged) == (1, 54)
    assert str(report) == (f"The gradient is {report.given:.6g} at entry (3, 1) of W2; the complex step (step 1e-30) "
                           f"gives {right:.6g}. 1 of 54 entries disagree.")


def test_values_that_look_alike_are_printed_with_twelve_digits():
    f, g, theta = quartic()
    report = check_gradient(f, g * (1 + 1e-8), theta)
    assert f"is {report.given:.12g} at" in str(report) and f"gives {report.expected:.12g}. " in str(report)


def test_the_worst_entry_of_all_tensors_is_named():
    f, g, theta = network()
    g["W1"][0, 0] *= 1 + 1e-6
    g["W3"][2, 1] *= 1 + 1e-3
    g["b3"][0] *= 1 + 1e-5
    report = check_gradient(f, g, theta)
    assert (report.tensor, report.entry, report.wrong) == ("W3", (2, 1), 3)


def test_the_worst_of_several_differences_is_named_too():
    f, g, theta = absolute()
    g[1] *= 1.001
    g[2] *= 1.3
    report = check_gradient(f, g, theta)
    assert (report.entry, report.rule, report.wrong, report.judged) == ((2,), "central difference", 2, 4)
    assert report.step == 6e-6 and "central difference (step 6e-06)" in str(report)


def test_f_that_loses_the_imaginary_part_is_noticed_and_said():
    f, g, theta = absolute()
    report = check_gradient(lambda t: f(t["A"]), {"A": g}, {"A": theta})
    assert report.rule == "central difference" and report.judged == 4
    assert "f loses the complex step in A; np.abs" in str(report)


def test_float32_is_said_to_be_judged_less_sharply():
    f, g, theta = quartic()
    report = check_gradient(f, g.astype(np.float32), theta)
    assert report.ok and "float32" in str(report)
    assert not check_gradient(f, (1.01 * g).astype(np.float32), theta).ok
    assert "float32" not in str(check_gradient(f, g, theta))


def test_unresolved_entries_are_named_and_are_no_pass():
    report = check_gradient(lambda t: np.abs(t[0]) + 1e-13 * t[1], np.array([1.0, 1e-13]), np.array([0.7, 1.1]))
    assert not report.ok and not report.wrong and report.unresolved == [("", (1,))]
    assert str(report).startswith("Nothing contradicts the gradient, but 1 of 2 entries are too small for the central "
                                  "difference (step 6e-06), first entry (1,).")


@pytest.mark.parametrize("size, resolved", [(5e-8, False), (5e-7, True)])
def test_an_entry_is_resolved_if_its_error_bar_is_a_thousandth_of_it(size, resolved):
    report = check_gradient(lambda t: np.abs(t[0]) + size * t[1], np.array([1.0, size]), np.array([0.7, 1.1]))
    assert report.ok == resolved and len(report.unresolved) == (not resolved)


def test_an_entry_that_differences_do_resolve_is_not_called_unresolved():
    assert check_gradient(lambda t: np.abs(t[0]) + 1e-5 * t[1], np.array([1.0, 1e-5]), np.array([0.7, 1.1])).ok


def test_a_kink_is_named_with_its_two_sides():
    report = check_gradient(lambda t: np.sum(np.maximum(t, 0) + 2 * t), np.array([2.0, 3.0]), np.array([0.0, 0.5]))
    assert report.ok and len(report.kinks) == 1
    name, entry, low, high = report.kinks[0]
    assert (name, entry) == ("", (0,)) and np.allclose([low, high], [2, 3], rtol=1e-6)
    assert "f has a kink in 1 of them" in str(report) and "from 2 to 3" in str(report)


@pytest.mark.parametrize("slope, right", [(-1, True), (0.3, True), (1, True), (1.001, False), (-1.001, False)])
def test_at_a_kink_any_slope_between_the_two_sides_is_right_and_no_other(slope, right):
    assert check_gradient(lambda t: np.sum(np.abs(t)), np.array([slope, 1.0]), np.array([0.0, 2.0])).ok == right


def test_a_steep_bend_is_not_taken_for_a_kink():
    # tanh(1000 t) bends within 1e-3 of 0, far wider than the step: a wrong slope between its sides is wrong.
    theta = np.array([3e-4])
    right = 1000 * (1 - np.tanh(1000 * theta) ** 2)
    assert check_gradient(lambda t: np.sum(np.tanh(1000 * t)), right, theta).ok
    assert not check_gradient(lambda t: np.sum(np.tanh(1000 * t)), 0.999 * right, theta).ok


def test_large_tensors_are_judged_along_directions_unless_every_entry_is_asked_for():
    f, g, theta = network((64, 40, 10))
    report = check_gradient(f, g, theta)
    assert report.ok and report.judged == 0
    assert str(report).startswith("The gradient agrees with the complex step (step 1e-30) along two random directions")
    assert check_gradient(f, g, theta, every_entry=True).judged == 64 * 40 + 40 + 40 * 10 + 10
    f, g, theta = network()
    assert check_gradient(f, g, theta, every_entry=False).judged == 0


def test_at_a_thousand_parameters_every_entry_is_still_judged():
    theta = np.linspace(0.1, 1, 1000)
    assert check_gradient(lambda t: np.sum(t**2), 2 * theta, theta).judged == 1000
    theta = np.linspace(0.1, 1, 1001)
    assert check_gradient(lambda t: np.sum(t**2), 2 * theta, theta).judged == 0


def test_when_directions_disagree_only_that_tensor_is_searched():
    f, g, theta = network((64, 40, 10))
    g["W2"][17, 3] += 1e-7
    report = check_gradient(f, g, theta)
    assert (report.tensor, report.entry, report.judged) == ("W2", (17, 3), 400)


@given(st.integers(0, 10**6))
def test_directions_never_miss_an_error_of_one_part_in_a_million(seed):
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(7, 3))
    error = rng.normal(size=theta.shape)
    g = 2 * theta
    g = g + 1e-6 * np.linalg.norm(g) * error / np.linalg.norm(error)
    assert not check_gradient(lambda t: np.sum(t**2), g, theta, every_entry=False, rng=rng).ok


@pytest.mark.parametrize("error, agrees", [(0.8e-11, True), (1.2e-11, False)])
def test_along_a_direction_a_hundred_billionth_of_the_gradient_is_the_limit(error, agrees):
    theta = np.linspace(0.5, 1.5, 6)
    v = np.random.default_rng(3).normal(size=(2, 6))[1]       # the second direction counts as well
    g = 2 * theta
    g = g + error * np.linalg.norm(g) * v / (v @ v)
    report = check_gradient(lambda t: np.sum(t**2), g, theta, every_entry=False, rng=np.random.default_rng(3))
    assert (report.judged == 0) == agrees


@pytest.mark.parametrize("error, agrees", [(0.5e-4, True), (2e-4, False)])
def test_in_float32_the_limit_along_a_direction_is_a_ten_thousandth(error, agrees):
    theta = np.linspace(0.5, 1.5, 6)
    v = np.random.default_rng(3).normal(size=(2, 6))[0]
    g = 2 * theta
    g = (g + error * np.linalg.norm(g) * v / (v @ v)).astype(np.float32)
    report = check_gradient(lambda t: np.sum(t**2), g, theta, every_entry=False, rng=np.random.default_rng(3))
    assert (report.judged == 0) == agrees


@given(st.integers(0, 10**6))
def test_directions_never_alarm_for_a_right_gradient(seed):
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=(5, 4))
    M = rng.normal(size=(4, 3))
    report = check_gradient(lambda t: np.sum(np.tanh(t @ M)), (1 - np.tanh(theta @ M) ** 2) @ M.T, theta,
                            every_entry=False, rng=rng)
    assert report.ok and report.judged == 0


def test_the_generator_given_is_the_one_that_draws_the_directions():
    f, g, theta = quartic()
    seen = []
    for seed in (1, 1, 2):
        points = []
        check_gradient(lambda t, points=points: points.append(np.imag(t).copy()) or f(t), g, theta, every_entry=False,
                       rng=np.random.default_rng(seed))
        seen.append(np.array([p for p in points if np.any(p)]))
    assert np.array_equal(seen[0], seen[1]) and not np.any(seen[0] == seen[2])
    assert len(seen[0]) == 2                      # two directions, and no more


def test_the_checker_is_silent_and_raises_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_gradient(lambda t: np.sum(np.log(t)), np.array([1e9]), np.array([1e-9])).ok
        assert check_gradient(lambda t: float(np.real(t[0]) ** 2), np.array([1.0]), np.array([0.5])).ok


def test_an_imaginary_part_that_is_lost_is_no_warning_to_the_reader():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert check_gradient(lambda t: float(t[0]) ** 2, np.array([1.0]), np.array([0.5])).ok
    assert not seen


def test_the_complex_step_decides_where_differences_cannot():
    # With 1e6 added, differences see four digits at best; the error is a millionth.
    f, g, theta = quartic()
    assert check_gradient(lambda t: f(t) + 1e6, g * (1 + 1e-6), theta).wrong == 5


def test_rounding_is_forgiven_only_where_it_is_the_whole_slope():
    f, g, theta = network()
    theta["idle"], g["idle"] = np.ones(2), np.array([1e-17, 0.0])
    assert check_gradient(f, g, theta).ok
    g["idle"][0] = 1e-12
    assert not check_gradient(f, g, theta).ok
    g["idle"][0] = 1e-17
    assert not check_gradient(lambda t: f(t) + 1e-16 * np.sum(t["idle"]), g, theta).ok


def test_rounding_is_measured_against_the_largest_slope_of_all_tensors():
    # A single idle tensor: its own slopes say nothing about what rounding is here.
    theta = {"busy": np.array([1.0, 1e-9]), "idle": np.ones(1)}
    g = {"busy": 2 * theta["busy"], "idle": np.array([1e-15])}
    assert check_gradient(lambda t: np.sum(t["busy"] ** 2), g, theta).ok


@pytest.mark.parametrize("largest, idle, right", [(1e4, 1e-11, True), (1e4, 1e-9, False), (1e-4, 1e-15, False)])
def test_what_counts_as_rounding_grows_with_the_largest_slope(largest, idle, right):
    g = {"busy": np.full(2, largest), "idle": np.array([idle])}
    theta = {"busy": np.array([0.3, 0.7]), "idle": np.ones(1)}
    assert check_gradient(lambda t: largest * np.sum(t["busy"]), g, theta).ok == right


def test_rounding_on_both_sides_is_no_alarm_even_where_the_two_disagree():
    loss, differ = SoftmaxCrossEntropy(), 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        Z, Y = rng.normal(size=(9, 4)), np.eye(4)[rng.integers(0, 4, 9)]
        theta, slope = {"Z": Z, "shift": np.array([0.3])}, loss.slope(Z + 0.3, Y)
        g = {"Z": slope, "shift": np.array([slope.sum()])}
        step = complex_step_gradient(lambda s, Z=Z, Y=Y: loss(Z + s, Y), theta["shift"])
        differ += step[0] != 0 and abs(step[0] - g["shift"][0]) > 0.1 * abs(step[0])
        assert check_gradient(lambda t, Y=Y: loss(t["Z"] + t["shift"], Y), g, theta).ok
    assert differ > 3                             # so the question did arise


def test_fifty_times_the_rounding_is_no_longer_rounding():
    loss, alarms = SoftmaxCrossEntropy(), 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        Z, Y = rng.normal(size=(9, 4)), np.eye(4)[rng.integers(0, 4, 9)]
        theta = {"Z": Z, "shift": np.array([0.3])}
        g = {"Z": loss.slope(Z + 0.3, Y), "shift": np.array([1e-15])}
        alarms += not check_gradient(lambda t, Y=Y: loss(t["Z"] + t["shift"], Y), g, theta).ok
    assert alarms > 10                            # in the others the spread itself is as large


def test_flat_entries_pass_under_differences_only_when_f_does_not_move_at_all():
    theta = np.array([0.7, 1.1])
    assert check_gradient(lambda t: np.abs(t[0]), np.array([1.0, 0.0]), theta).ok
    assert not check_gradient(lambda t: np.abs(t[0]) + 1e-11 * t[1], np.array([1.0, 0.0]), theta).ok
    assert not check_gradient(lambda t: np.abs(t[0]), np.array([1.0, 1e-14]), theta).ok


def test_a_loss_in_float32_widens_the_error_bar_instead_of_raising_an_alarm():
    theta = np.array([0.5, 0.25])
    report = check_gradient(lambda t: np.float32(np.sum(np.abs(t) ** 2)), 2 * theta, theta)
    assert not report.wrong and len(report.unresolved) == 2


@pytest.mark.parametrize("change, words", [
    (lambda f, g, t: (f, g[:2], t), "shape (2,), its parameters (5,)"),
    (lambda f, g, t: (f, g, t.astype(int)), "theta holds int64"),
    (lambda f, g, t: (f, g.astype(int), t), "the gradient holds int64"),
    (lambda f, g, t: (f, g * np.nan, t), "the gradient is empty or holds NaN"),
    (lambda f, g, t: (f, g, t / 0.0), "theta is empty or holds NaN"),
    (lambda f, g, t: (f, {"W": g}, {"b": t}), "names ['W'], the parameters ['b']"),
    (lambda f, g, t: (f, {"W": g[1:]}, {"W": t}), "The gradient of W has shape (4,)"),
    (lambda f, g, t: (lambda t: np.log(-1 - 0 * t[0]), g, t), "f is nan at theta"),
    (lambda f, g, t: (lambda t: 1j, g, t), "f is 1j at theta"),
    (lambda f, g, t: (lambda t: t, g, t), "returned float64 of shape (5,)"),
    (lambda f, g, t: (lambda t: "one", g, t), "f must return one number"),
])
def test_what_cannot_be_judged_is_refused_with_the_reason(change, words):
    with np.errstate(all="ignore"):
        f, g, theta = change(*quartic())
    with pytest.raises((TypeError, ValueError)) as caught:
        check_gradient(f, g, theta)
    assert words in str(caught.value)


def test_f_that_works_in_place_and_f_that_is_random_are_told_apart():
    def in_place(t):
        t *= 1.0 + EPS * 4
        return 1.0
    with pytest.raises(ValueError, match="changes its parameters in place"):
        check_gradient(in_place, np.zeros(2), np.ones(2))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="two values at one theta"):
        check_gradient(lambda t: rng.normal(), np.zeros(2), np.ones(2))


def test_a_part_of_five_millionths_that_the_complex_step_cannot_see_is_noticed():
    theta = np.random.default_rng(16).normal(size=4)
    assert not check_gradient(lambda t: np.sum(t**2) + 5e-6 * np.sum(np.real(t) ** 2), 2 * theta, theta).ok


def test_differences_report_the_slope_at_half_the_step():
    # exp(50 t) bends enough for its third derivative to show: h²/6 · 50³ is 200 times the rounding.
    report = check_gradient(lambda t: np.exp(50 * np.real(t[0])), np.array([51.0]), np.array([0.0]))
    assert report.rule == "central difference"
    assert np.isclose(report.expected, 50 + 50**3 * 3e-6**2 / 6, rtol=0, atol=2e-9)


@pytest.mark.parametrize("theta", [*np.linspace(1e-7, 1e-6, 10), *np.linspace(2e-6, 12e-6, 6)])
def test_the_step_grows_shorter_where_f_ends_nearby(theta):
    report = check_gradient(lambda t: np.sum(np.log(t)), np.array([1 / theta]), np.array([theta]))
    assert report.ok and not report.notes


@pytest.mark.parametrize("seed", range(12))
def test_the_rounding_of_a_large_loss_is_not_taken_for_a_kink(seed):
    theta = np.random.default_rng(seed).normal(size=3)
    assert not check_gradient(lambda t: np.sum(np.sin(t)) + 1e6, 1.001 * np.cos(theta), theta).ok


def test_slopes_that_are_exactly_zero_agree_without_a_second_look():
    theta = {"busy": np.ones(2), "dead": np.ones(3)}
    report = check_gradient(lambda t: np.sum(t["busy"]), {"busy": np.ones(2), "dead": np.zeros(3)}, theta,
                            every_entry=False)
    assert report.ok and report.judged == 0
    assert not check_gradient(lambda t: 0 * np.sum(t), np.zeros(2), np.ones(2)).notes


@pytest.mark.parametrize("error, right", [(0.8e-9, True), (1.5e-9, False)])
def test_an_entry_may_be_off_by_a_billionth_and_no_more(error, right):
    theta = np.array([1.0, 2.0, 0.5])
    assert check_gradient(lambda t: np.sum(t**2), 2 * theta * np.array([1, 1, 1 + error]), theta).ok == right


def test_behind_an_alarm_that_a_kink_explains_the_worst_of_the_others_is_named_and_all_are_counted():
    report = check_gradient(lambda t: np.sum(np.maximum(t, 0)), np.array([0.0, 1.001, 1.002, 1.0]),
                            np.array([0.0, 0.5, 0.7, 0.9]))
    assert (report.entry, report.wrong, len(report.kinks)) == ((2,), 2, 1)


def test_differences_rank_entries_by_how_many_error_bars_they_are_off():
    report = check_gradient(lambda t: np.abs(1e4 * t[0]) + np.abs(t[1]), np.array([10001.0, 1.5]), np.array([0.9, 0.8]))
    assert (report.entry, report.wrong) == ((1,), 2)


def test_the_steps_of_differences_grow_with_large_entries():
    report = check_gradient(lambda t: np.abs(t[0]) / 1e6, np.array([1e-6]), np.array([1e6]))
    assert report.ok and report.rule == "central difference"


@pytest.mark.parametrize("idle, right", [(5e-6, True), (3e-5, False)])
def test_in_float32_a_hundred_thousandth_of_the_largest_entry_is_rounding(idle, right):
    g, theta = np.array([1.0, idle], np.float32), np.array([0.5, 0.25], np.float32)
    assert check_gradient(lambda t: t[0] + 0 * t[1], g, theta).ok == right


def test_a_shallow_kink_is_still_a_kink():
    f = lambda t: 1 + t[1] + 1e-7 * np.maximum(t[0], 0)  # noqa: E731
    report = check_gradient(f, np.array([0.0, 1.0]), np.zeros(2))
    assert report.ok and len(report.kinks) == 1


def test_a_power_a_little_above_one_is_steep_at_zero_but_no_kink():
    # |t|^1.22: the one-sided slopes at a 64th of the step have come down to 0.4 of their size, so they do meet.
    assert not check_gradient(lambda t: np.sum(np.abs(t) ** 1.22), np.array([0.02]), np.array([0.0])).ok


@pytest.mark.parametrize("side", [1, -1])
def test_flat_means_flat_for_a_hundredth_and_not_for_ever(side):
    assert check_gradient(lambda t: np.abs(t[0]) + (side * np.real(t[1]) > 0.05), np.array([1.0, 0.0]),
                          np.array([0.7, 0.0])).ok


@pytest.mark.parametrize("side", [1, -1])
def test_flat_means_flat_on_both_sides(side):
    report = check_gradient(lambda t: np.abs(t[0]) + (side * np.real(t[1]) > 0.005), np.array([1.0, 0.0]),
                            np.array([0.7, 0.0]))
    assert report.unresolved == [("", (1,))]


@pytest.mark.parametrize("slope, right", [(1000.05, True), (1000.2, False), (-0.05, True), (-0.2, False)])
def test_the_sides_of_a_kink_are_known_to_a_ten_thousandth_of_the_steeper(slope, right):
    f = lambda t: 1000 * np.sum(np.maximum(t, 0))  # noqa: E731
    assert check_gradient(f, np.array([slope, 1000.0]), np.array([0.0, 2.0])).ok == right


def test_f_that_changes_one_tensor_of_several_in_place_is_refused():
    def f(t):
        t["b"] += 0.5
        return np.sum(t["W"]) + 1.0
    with pytest.raises(ValueError, match="changes its parameters in place"):
        check_gradient(f, {"W": np.ones(2), "b": np.zeros(2)}, {"W": np.ones(2), "b": np.ones(2)})


def test_a_report_without_a_worst_entry_names_none():
    f, g, theta = network()
    report = check_gradient(f, g, theta)
    assert (report.tensor, report.entry, report.given, report.expected, report.wrong) == ("", (), 0, 0, 0)
    assert not report.unresolved and not report.kinks and not report.notes


def test_neither_theta_nor_the_gradient_is_changed():
    f, g, theta = network()
    copies = [{name: A.copy() for name, A in T.items()} for T in (g, theta)]
    check_gradient(f, g, theta)
    for T, copy in zip((g, theta), copies, strict=True):
        assert all(np.array_equal(T[name], copy[name]) for name in T)


@pytest.mark.parametrize("f", [lambda t: np.sum(np.sin(t["a"])) + np.sum(t["b"] ** 3), lambda t: 5.0 + 0 * t["a"][0]],
                         ids=["smooth", "constant"])
def test_a_well_behaved_function_is_called_once_an_entry_and_twice_a_tensor(f):
    """Two looks at theta, one complex step an entry, one difference along a line to trust it in each tensor."""
    theta, calls = {"a": np.array([0.3, 1.1, -0.4]), "b": np.array([[0.7, -0.2]])}, itertools.count()

    def counted(t):
        next(calls)
        return f(t)

    gradient = {name: complex_step_gradient(lambda A, name=name: f({**theta, name: A}), theta[name]) for name in theta}
    assert check_gradient(counted, gradient, theta, every_entry=True)
    assert next(calls) == 2 + 5 + 2 * 2
