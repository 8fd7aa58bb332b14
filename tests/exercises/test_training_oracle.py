"""The answers of the training assignment by a second way: differences, powers, walks that are really walked."""
import re

import numpy as np
import pytest

from chainrule import MLP, HalfSquaredError, Sigmoid, train
from chainrule.exercises import find, training
from chainrule.exercises._judge import judge
from chainrule.gradcheck import complex_step_gradient, numerical_gradient

SEEDS = range(4)


def trials(id):
    exercise = find(id)
    return [(case.inputs, exercise.answer(**case.inputs)) for seed in SEEDS for case in exercise.cases(seed)]


def test_the_loss_of_an_epoch_is_the_mean_over_its_examples():
    rng = np.random.default_rng(7)
    batches = [[rng.normal(size=size) for size in (4, 4, 3)] for _ in range(5)]
    means = np.array([[b.mean() for b in row] for row in batches])
    found = find("training.epoch_loss").answer(means, np.array([4.0, 4, 3]))
    assert np.allclose(found, [np.concatenate(row).mean() for row in batches])


def test_each_step_brings_the_walk_nearer_to_the_bottom_of_its_batch_by_the_factor_of_a_bowl():
    for given, end in trials("training.descend"):
        gradient, theta, batches, rate = given.values()
        curve = gradient(theta + 1, batches[0]) - gradient(theta, batches[0])          # a bowl: the same everywhere
        by_powers = theta
        for rows in batches:
            middle = theta - gradient(theta, rows) / curve
            by_powers = middle + (1 - rate * curve) * (by_powers - middle)
        np.testing.assert_allclose(end, by_powers, rtol=1e-10)


def distance(curvatures, rate, steps):
    """How far from the bottom a walk from (1, 1, …) is after so many steps."""
    at = np.ones(len(curvatures))
    for _ in range(steps):
        at = at - rate * curvatures * at
    return np.max(np.abs(at))


def test_the_limit_the_factor_and_the_best_rate_are_those_of_walks():
    for given, (limit, best, factor) in trials("training.rates"):
        for row, rate, at_most, finest, times in zip(*given.values(), limit, best, factor, strict=True):
            assert distance(row, 0.99 * at_most, 300) < 1 < distance(row, 1.01 * at_most, 300)
            assert distance(row, rate, 101) / distance(row, rate, 100) == pytest.approx(times, rel=1e-6)
            assert distance(row, finest, 200) < min(distance(row, other * finest, 200) for other in (0.98, 1.02))
        assert np.any(given["rate"] > limit) and np.any(factor > 1) and np.any(factor < 1)


def test_one_step_goes_against_the_measured_slope_of_the_mean_loss():
    rng = np.random.default_rng(7)
    X, Y, A, B = (rng.normal(size=s) for s in ((5, 3), (5, 2), (3, 4), (4, 2)))

    def loss(A, B):
        return sum(0.5 * np.sum((np.tanh(x @ A) @ B - y) ** 2) for x, y in zip(X, Y, strict=True)) / 5
    new_A, new_B = find("training.one_step").answer(X, Y, A, B, 0.3)
    assert np.allclose(new_A, A - 0.3 * numerical_gradient(lambda W: loss(W, B), A), rtol=0, atol=1e-8)
    assert np.allclose(new_B, B - 0.3 * numerical_gradient(lambda W: loss(A, W), B), rtol=0, atol=1e-8)


def test_momentum_is_a_sum_of_slopes_whose_weights_are_powers():
    for given, (theta, velocity) in trials("training.momentum"):
        slopes, rate, memory = given["slopes"], given["rate"], given["memory"]
        ages = np.arange(len(slopes))[::-1]
        np.testing.assert_allclose(velocity, -rate * memory**ages @ slopes, rtol=1e-10, atol=1e-12)
        geometric = (1 - memory ** (ages + 1)) / (1 - memory)           # how far each slope has carried theta by now
        np.testing.assert_allclose(theta, given["theta"] - rate * geometric @ slopes, rtol=1e-10, atol=1e-12)


def test_an_epoch_in_one_order_is_what_the_library_trains():
    """`step` as a step of the library's network: its own loop over batches ends at the same weights."""
    rng = np.random.default_rng(3)
    X, Y, net, loss = rng.normal(size=(11, 3)), rng.normal(size=(11, 2)), MLP.random((3, 4, 2), rng), HalfSquaredError()
    ours = net.with_parameters(net.parameters())

    def step(theta, rows):
        here = net.with_parameters(theta)
        trace = here.forward(X[rows])
        return theta - 0.1 * np.concatenate([a.ravel() for a in here.slopes(
            here.backward(trace, loss.slope(trace[-1], Y[rows]))).values()])
    end = find("training.epochs").answer(step, net.parameters(), np.arange(11), 4, 5, seed=8)
    train(ours, loss, X, Y, rate=0.1, epochs=5, batch_size=4, rng=np.random.default_rng(8))
    np.testing.assert_allclose(end, ours.parameters(), rtol=1e-10)


def test_where_to_stop_by_looking_at_every_stretch_of_the_curve():
    for given, (stopped, best) in trials("training.stop"):
        losses, patience = given["losses"], int(given["patience"])
        for curve, end, kept in zip(losses, stopped, best, strict=True):
            ends = [k for k in range(patience, len(curve))          # nothing in the last epochs beats what was before
                    if min(curve[k - patience + 1:k + 1]) >= min(curve[:k - patience + 1])]
            assert end == min([*ends, len(curve) - 1]) and kept == list(curve).index(min(curve[:int(end) + 1]))
        assert np.any(losses.argmin(axis=1) > stopped) and stopped[-1] == losses.shape[1] - 1


@pytest.mark.parametrize("seed", SEEDS)
def test_slopes_of_the_parabola_are_those_of_its_loss(seed):
    for case in find("training.parabola").cases(seed):
        slopes, *arrays, _ = case.inputs.values()
        loss, *found = slopes(*arrays)
        for k, slope in enumerate(found):
            def one(a, k=k):
                return slopes(*arrays[:k], a, *arrays[k + 1:])[0]
            np.testing.assert_allclose(slope, complex_step_gradient(one, arrays[k]), rtol=1e-9, atol=1e-12)
        net = MLP.random((2, training.HIDDEN, 2), np.random.default_rng(0), hidden=Sigmoid())
        net = net.with_parameters(np.concatenate([a.ravel() for a in arrays]))
        t = np.linspace(0, np.pi, case.n)
        X, Y = np.c_[np.cos(t), np.sin(t)], np.c_[np.cos(t), np.cos(t) ** 2]
        assert loss == pytest.approx(HalfSquaredError()(net.forward(X)[-1], Y))


@pytest.mark.parametrize("n", [15, 21])
def test_the_goal_of_the_parabola_needs_both_inputs(n):
    """The best straight line over the first input alone leaves more than the goal."""
    t = np.linspace(0, np.pi, n)
    A = np.c_[np.cos(t), np.ones(n)]
    floor = np.linalg.lstsq(A, np.cos(t) ** 2, rcond=None)[1][0] / (2 * n)
    goals = [case.inputs["goal"] for seed in range(20) for case in find("training.parabola").cases(seed)]
    assert floor > 0.05 > max(goals)


def test_what_walks_badly_is_told_what_was_measured():
    def never(slopes, W1, b1, W2, b2, goal):
        return [a + 1e9 for a in (W1, b1, W2, b2)]

    def swapped(slopes, W1, b1, W2, b2, goal):
        return slopes(W2, b2, W1, b1)
    assert "grown beyond a million" in judge(find("training.parabola"), never).headline
    assert "in this order" in " ".join(judge(find("training.parabola"), swapped).facts)
    assert "array of 4 numbers" in judge(find("training.epochs"), lambda *x: 3).headline
    assert judge(find("training.epochs"), lambda step, theta, rows, size, count, seed: theta).earned == 0
    assert judge(find("training.descend"), lambda gradient, theta, batches, rate: theta).earned == 0


def walked(losses, patience, begin=0, waits=lambda loss, smallest: loss >= smallest, fresh=True):
    """A walk with a counter: begun at `begin`, counting what `waits`; not `fresh`: the smallest outlives its run."""
    stopped, kept, smallest, best = [], [], np.inf, begin
    for curve in losses:
        waited = 0
        if fresh:
            smallest, best = np.inf, begin
        for epoch in range(begin, len(curve)):
            waited += waits(curve[epoch], smallest)
            if curve[epoch] < smallest:
                smallest, best, waited = curve[epoch], epoch, 0
            if waited >= patience:
                break
        stopped.append(epoch)
        kept.append(best)
    return stopped, kept


@pytest.mark.parametrize("seed", range(20))
def test_a_walk_along_the_curve_that_forgets_one_thing_stops_somewhere_else(seed):
    def ties_wait_not(losses, patience):
        return walked(losses, patience, waits=lambda loss, smallest: loss > smallest)

    def smallest_outlives_its_run(losses, patience):
        return walked(losses, patience, fresh=False)

    def from_the_second(losses, patience):
        return walked(losses, patience, begin=1)

    def ended_with_the_last(losses, patience):
        stopped, best = find("training.stop").answer(losses, patience)
        return stopped, np.where(stopped == losses.shape[1] - 1, stopped, best)
    stop = find("training.stop")
    assert judge(stop, walked, seed).kind == "full"
    for wrong, earned in ((ties_wait_not, 1.5), (ended_with_the_last, 1.5), (smallest_outlives_its_run, 0),
                          (from_the_second, 0)):
        assert judge(stop, wrong, seed).earned == earned, wrong
    assert judge(stop, ties_wait_not, seed).cause is None


def test_curves_of_which_each_one_is_right_by_hand():
    def by_hand(losses):
        return [list(map(int, result)) for result in find("training.stop").answer(np.array(losses), 3)]
    assert by_hand([[5, 4, 3, 2, 1, 1.5, 1.6, 1.7, 1.8], [1, 2, 3, 4, .5, 2, 2, 2, 2]]) == [[7, 3], [4, 0]]
    assert by_hand([[3, 2, 2, 2, 2, 2], [1, 2, 3, 4, 5, 6]]) == [[4, 3], [1, 0]]


# ---- what is handed over in a wrong way is not paid, and it is not called by another's name -------------------

EPOCHS, DESCEND, PARABOLA = map(find, ("training.epochs", "training.descend", "training.parabola"))


def cause(verdict):
    return verdict.cause and verdict.cause.function.__name__


def in_batches(step, theta, order, size):
    for k in range(0, len(order), size):
        theta = step(theta, order[k:k + size])
    return theta


def rolled(step, theta, rows, size, count, seed):
    for k in range(1, count + 1):
        theta = in_batches(step, theta, np.roll(rows, k), size)
    return theta


def rolled_by_chance(step, theta, rows, size, count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        theta = in_batches(step, theta, np.roll(rows, rng.integers(len(rows))), size)
    return theta


def batches_in_another_order(step, theta, rows, size, count, seed):
    rng, batches = np.random.default_rng(seed), np.split(rows, range(size, len(rows), size))
    for _ in range(count):
        for k in rng.permutation(len(batches)):
            theta = step(theta, batches[k])
    return theta


def turned_round(step, theta, rows, size, count, seed):
    for k in range(count):
        theta = in_batches(step, theta, rows[::1 - 2 * (k % 2)], size)
    return theta


def dealt(step, theta, rows, size, count, seed):
    for k in range(count):
        theta = in_batches(step, theta, np.concatenate([rows[j::k + 2] for j in range(k + 2)]), size)
    return theta


def by_the_global_generator(step, theta, rows, size, count, seed):
    for _ in range(count):
        np.random.shuffle(rows)
        theta = in_batches(step, theta, rows, size)
    return theta


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("answer, name", [
    (rolled, "never_shuffled"), (turned_round, "never_shuffled"), (rolled_by_chance, "kept_together"),
    (batches_in_another_order, "kept_together"), (dealt, "deaf_to_the_seed")])
def test_epochs_in_no_new_order_lose_the_point_for_orders_and_that_alone(answer, name, seed):
    verdict = judge(EPOCHS, answer, seed)
    assert verdict.bad == ("orders",) and verdict.earned == 4
    assert cause(verdict) in (name, None) and (cause(verdict) or answer is dealt)


def test_a_shuffle_of_the_callers_rows_by_nobodys_seed_loses_two_points_and_no_remark_denies_it():
    verdict = judge(EPOCHS, by_the_global_generator)
    assert verdict.bad == ("rows", "orders") and verdict.earned == 3 and not verdict.remarks
    for mistake in ("the caller's own", "second run with the same seed"):
        assert mistake in verdict.headline


def orders_of(rows, count, seed):
    rng = np.random.default_rng(seed)
    return [rng.permutation(rows) for _ in range(count)]


def handed_anyhow(how):
    """An answer whose steps are right, but for what becomes of theta: `how(start, theta, new)` is the next one."""
    def answer(step, theta, rows, size, count, seed):
        start = theta
        for order in orders_of(rows, count, seed):
            for k in range(0, len(order), size):
                theta = how(start, theta, step(theta, order[k:k + size]))
        return theta
    return answer


def new_each_time(step, theta, rows, size, count, seed):
    for order in orders_of(rows, count, seed):
        for k in range(0, len(order), size):
            new = step(theta, order[k:k + size])
    return new


def start_again_each_epoch(step, theta, rows, size, count, seed):
    for order in orders_of(rows, count, seed):
        end = in_batches(step, theta, order, size)
    return end


@pytest.mark.parametrize("answer, name", [
    (handed_anyhow(lambda start, theta, new: theta + new), "added"),
    (handed_anyhow(lambda start, theta, new: (theta + new) / 2), "added"),
    (handed_anyhow(lambda start, theta, new: theta), "thrown_away"), (new_each_time, "not_handed"),
    (start_again_each_epoch, "restarted")])
def test_each_way_to_lose_theta_has_its_own_name(answer, name):
    verdict = judge(EPOCHS, answer)
    assert verdict.bad == ("handed",) and cause(verdict) == name


def test_a_step_without_a_name_of_ours_is_measured():
    def last_kept_back(step, theta, rows, size, count, seed):
        for order in orders_of(rows, count, seed):
            for k in range(0, len(order), size):
                before, theta = theta, step(theta, order[k:k + size])
        return before

    def whole_again(step, theta, rows, size, count, seed):
        for order in orders_of(rows, count, seed):
            full = len(order) // size * size
            theta = in_batches(step, theta, order[:full], size)
            theta = step(theta, order[-(len(order) - full):])        # all of it, where nothing is left
        return theta
    assert judge(EPOCHS, last_kept_back).bad == ("handed",) and cause(judge(EPOCHS, last_kept_back)) is None
    assert "steps" in judge(EPOCHS, whole_again).bad and cause(judge(EPOCHS, whole_again)) is None


def test_a_walk_that_keeps_no_step_is_not_called_a_change_in_place():
    def never_kept(gradient, theta, batches, rate):
        for rows in batches:
            new = theta - rate * gradient(theta, rows)
        return theta if len(new) else new

    def in_place(gradient, theta, batches, rate):
        for rows in batches:
            theta -= rate * gradient(theta, rows)
        return theta

    def same_place_for_all(gradient, theta, batches, rate):
        for rows in batches:
            gradient(theta, batches[0])
        return theta - rate * gradient(theta, batches[0])
    assert cause(judge(DESCEND, never_kept)) == "step_unkept" and judge(DESCEND, never_kept).earned == 1
    verdict = judge(DESCEND, in_place)
    assert cause(verdict) == "in_place" and verdict.bad == ("untouched",) and not verdict.remarks
    assert judge(DESCEND, same_place_for_all).bad == ("end", "seen")


def learns(still=(), updates=400, on=False, write=False):
    """A loop of updates in which the arrays at the places `still` stand still; `on`: past the goal as well."""
    def answer(slopes, *arrays_and_goal):
        *arrays, goal = arrays_and_goal
        for _ in range(updates):
            loss, *down = slopes(*arrays)
            if loss <= goal and not on:
                break
            new = [a if k in still else a - 0.5 * d for k, (a, d) in enumerate(zip(arrays, down, strict=True))]
            if write:
                for a, b in zip(arrays, new, strict=True):
                    a[:] = b
            else:
                arrays = new
        return arrays
    return answer


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("still, name", [
    ((0,), "parabola_no_first"), ((1,), "parabola_hidden_bias"), ((2,), "parabola_no_second"),
    ((3,), "parabola_output_bias"), ((0, 1), "parabola_second"), ((1, 3), "parabola_biases"), ((0, 3), None),
    ((2, 3), None), ((0, 2), None)])
def test_an_array_that_stands_still_is_named_whether_or_not_the_goal_is_reached(still, name, seed):
    for updates in (20, 400):
        verdict = judge(PARABOLA, learns(still, updates), seed)
        assert cause(verdict) == name and verdict.earned == 0, verdict.headline


def test_401_updates_are_too_many_and_400_are_not():
    assert judge(PARABOLA, learns(updates=400, on=True)).kind == "full"
    verdict = judge(PARABOLA, learns(updates=401, on=True))
    assert verdict.bad == ("within",) and cause(verdict) == "parabola_many"


def test_what_is_written_into_the_arrays_of_the_start_costs_its_point_and_no_remark_denies_it():
    verdict = judge(PARABOLA, learns(write=True))
    assert verdict.bad == ("untouched",) and not verdict.remarks


@pytest.mark.parametrize("wrong, said", [
    (lambda slopes, W1, b1, W2, b2, goal: slopes(W1, b1, W2), "in this order"),
    (lambda slopes, W1, b1, W2, b2, goal: slopes(W1, b1, W2, b2, goal), r"slopes\(\) takes"),
    (lambda slopes, W1, b1, W2, b2, goal: slopes(w1=W1), r"slopes\(\) got an unexpected")])
def test_slopes_asked_for_in_another_way_are_told_by_the_printed_name(wrong, said):
    facts = " ".join(judge(PARABOLA, wrong).facts)
    assert re.search(said, facts) and "watched" not in facts


def test_a_lost_slope_and_a_full_batch_have_names_of_their_own():
    def one_turn_short(theta, slopes, rate, memory):
        velocity = 0 * theta
        for k in range(len(slopes) - 1):
            velocity = memory * velocity - rate * slopes[k]
            theta = theta + velocity
        return theta, velocity
    headline = judge(find("training.momentum"), one_turn_short).headline
    assert "last slope" in headline and "old velocity" not in headline
    for seed in SEEDS:
        for case in find("training.epoch_loss").cases(seed):
            assert len(case.inputs["sizes"]) not in case.inputs["sizes"]
