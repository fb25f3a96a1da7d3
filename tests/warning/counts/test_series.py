"""A series learns its own rhythm, is surprised by what is rare, and is not by what is not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp, isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.warning.counts.evidence import gathered
from streams.warning.counts.expectation import Expectation, least_count
from streams.warning.counts.rhythm import RHYTHMS, Rhythm, Width, daily
from streams.warning.counts.series import Judgement, Series
from streams.warning.counts.stored import decode, encode

WIDTHS: tuple[Width, ...] = ("week", "day", "hour")
QUICK = {width: replace(make(), learn=8) for width, make in RHYTHMS.items()}
COUNTS = st.one_of(st.integers(0, 6), st.sampled_from([0, 0, 40, 900, 10**6, 2**32 - 1, 10**12]))


def noise(mean: list[float], scatter: float, seed: int) -> list[int]:
    """Counts around these means with this ratio of variance to mean."""
    chance = np.random.default_rng(seed)
    mu = np.asarray(mean)
    return [int(y) for y in chance.poisson(chance.gamma(mu / (scatter - 1)) * (scatter - 1))]


def run(rhythm: Rhythm, counts: list[int]) -> list[Judgement]:
    """The judgements of one series."""
    series = Series(rhythm)
    judged = [series.close(at, count) for at, count in enumerate(counts)]
    return [answer for answer in judged if answer is not None]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(WIDTHS), st.lists(COUNTS, min_size=1, max_size=60), st.integers(1, 300))
def test_no_counts_make_it_lose_its_mind(width: Width, counts: list[int], gap: int) -> None:
    series = Series(QUICK[width])
    at = 0
    for number, count in enumerate(counts):
        at += gap if number % 7 == 6 else 1
        answer = series.close(at, count)
        if answer is not None:
            assert 0.0 <= answer.p <= 1.0
            assert 0.0 <= answer.score < 40.0
            assert 0.0 <= answer.p_score <= 1.0
            assert 0.0 < answer.expected.mean < 1e10
        assert np.isfinite(series.terms).all()
        assert np.isfinite(series.sd).all()
        assert np.abs(series.correlation).max() <= 1.0
        assert isfinite(series.scatter)
    assert float(np.linalg.eigvalsh(series.correlation).min()) > -1e-6


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(WIDTHS), st.lists(st.integers(0, 9), min_size=20, max_size=50), st.data())
def test_a_stored_series_goes_on_as_if_it_was_not(
    width: Width, counts: list[int], data: st.DataObject
) -> None:
    whole, parted = Series(QUICK[width], lateness=2), Series(QUICK[width], lateness=2)
    for at, count in enumerate(counts):
        if data.draw(st.booleans()):
            parted = decode(encode(parted), QUICK[width], lateness=2)
        assert whole.close(at, count) == parted.close(at, count)
    assert encode(whole) == encode(parted)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=14, max_size=30))
def test_late_events_give_what_they_had_given_in_time(counts: list[tuple[int, int]]) -> None:
    in_time, late = Series(QUICK["day"], lateness=3), Series(QUICK["day"], lateness=3)
    expected = [in_time.close(at, early + after) for at, (early, after) in enumerate(counts)]
    told: dict[int, Judgement] = {}
    for at, (early, _) in enumerate(counts):
        answer = late.close(at, early)
        if answer is not None:
            told[at] = answer
        due = range(at - 2, len(counts)) if at == len(counts) - 1 else [at - 2]
        for old in due:
            if old >= 0:
                again = late.revise(old, counts[old][1])
                assert again is not None
                told.update((answer.at, answer) for answer in again)
    assert list(told.values()) == [answer for answer in expected if answer is not None]


def test_a_bin_that_can_no_longer_change_is_refused() -> None:
    series = Series(QUICK["day"], lateness=2)
    for at in range(5):
        series.close(at, 1)
    assert series.revise(2) is None
    assert series.revise(3) == []
    with pytest.raises(ValueError, match="wanted one after 4"):
        series.close(4, 1)
    with pytest.raises(ValueError, match="got -1, wanted one from 0"):
        series.close(5, -1)
    with pytest.raises(ValueError, match="count of bin 4: got -1"):
        series.revise(4, -2)


@pytest.mark.parametrize("width", WIDTHS)
def test_nominal_probabilities_hold_when_nothing_happens(width: Width) -> None:
    rhythm = RHYTHMS[width]()
    ps, p_scores = [], []
    for seed, mean in enumerate((0.1, 0.7, 4.0, 30.0)):
        judged = run(rhythm, noise([mean] * (rhythm.learn + 1_500), 1.6, seed))
        ps += [answer.p for answer in judged]
        p_scores += [answer.p_score for answer in judged]
    assert 0.004 < sum(p < 0.01 for p in ps) / len(ps) < 0.015
    assert sum(p < 0.01 for p in p_scores) / len(p_scores) < 0.018


def test_a_rise_is_seen_by_gathered_evidence_before_any_bin_alone_is_rare() -> None:
    counts = noise([5.0] * 364, 1.3, 3)
    for at in range(300, 310):
        counts[at] += 5
    judged = {answer.at: answer for answer in run(daily(), counts)}
    during = [judged[at] for at in range(300, 310)]
    assert min(answer.p for answer in during) > 1e-3
    assert min(answer.p_score for answer in during) < 1e-4
    assert max(judged[at].score for at in range(200, 300)) < max(a.score for a in during)


@pytest.mark.parametrize(("mean", "size", "much"), [(3.0, 1.0, 25), (8.0, 2.0, 40), (0.5, 0.5, 9)])
def test_a_day_far_above_its_own_is_told_at_once(mean: float, size: float, much: int) -> None:
    expected = Expectation(mean, size)
    gathered_only = gathered(replace(daily(), alone=0.0), 0.0, much, expected)
    after = gathered(daily(), 0.0, much, expected)
    assert after.told > 1.25 * gathered_only.told
    # What is carried to the next day is the same.
    assert after.evidence == gathered_only.evidence == gathered_only.told


def test_weeks_behind_a_great_outbreak_are_told_for_what_they_are() -> None:
    counts = noise([2.0] * 80, 1.5, seed=5)
    judged = run(RHYTHMS["week"](), [*counts, 130, 80, 5, 5, 5])
    great, behind = judged[-4], judged[-3:]
    assert great.p_score < 1e-12
    # Weeks somewhat raised may tell what was carried, and not as gravely as the outbreak.
    assert all(1e-6 < week.p_score < 1e-2 for week in behind)


def test_the_rhythm_of_days_and_weekdays_is_expected() -> None:
    means = [
        (6.0 if 8 <= at % 24 < 20 else 0.5) * (0.3 if at // 24 % 7 >= 5 else 1.0)
        for at in range(24 * 7 * 12)
    ]
    judged = run(RHYTHMS["hour"](), noise(means, 1.2, 5))[-24 * 7 :]
    busy = [a.expected.mean for a in judged if means[a.at] == 6.0]
    calm = [a.expected.mean for a in judged if means[a.at] == 0.15]
    assert sum(busy) / len(busy) == pytest.approx(6.0, rel=0.15)
    assert sum(calm) / len(calm) == pytest.approx(0.15, abs=0.15)


def test_a_new_level_is_learned_and_does_not_warn_for_ever() -> None:
    counts = noise([3.0] * 200 + [30.0] * 300, 1.4, 8)
    judged = {answer.at: answer for answer in run(daily(), counts)}
    assert judged[202].p_score < 1e-6
    late = [judged[at] for at in range(420, 500)]
    assert sum(answer.p_score < 1e-3 for answer in late) <= 2
    assert late[-1].expected.mean == pytest.approx(30.0, rel=0.25)


def test_one_event_after_years_of_silence_is_no_alarm_and_ten_are() -> None:
    series = Series(daily())
    for at in range(1_200):
        series.close(at, 0)
    again = decode(encode(series), daily())
    first, burst = series.close(1_200, 1), again.close(1_200, 10)
    assert first is not None
    assert burst is not None
    assert first.p_score > 1e-4
    assert burst.p_score < 1e-4


def test_a_gap_is_unknown_and_not_zero() -> None:
    series = Series(daily())
    for at, count in enumerate(noise([8.0] * 200, 1.3, 2)):
        series.close(at, count)
    answer = series.close(2_000, 8)
    assert answer is not None
    assert answer.expected.mean == pytest.approx(8.0, rel=0.3)
    assert answer.p > 0.05


def test_the_tier_above_tells_what_a_young_series_may_expect() -> None:
    means = [2.0 * (0.2 if at % 7 >= 5 else 1.2) for at in range(300)]
    parent = Series(daily())
    for at, count in enumerate(noise([20 * mean for mean in means], 1.3, 1)):
        parent.close(at, count)
    alone, told = Series(daily()), Series(daily(), parent.prior())
    off_alone = off_told = 0.0
    for at, count in enumerate(noise(means[:28], 1.3, 4)):
        alone.close(at, count)
        told.close(at, count)
        if at >= 7:
            row = daily().regressors(at + 1)
            off_alone += abs(exp(float(alone.terms @ row)) - means[at + 1])
            off_told += abs(exp(float(told.terms @ row)) - means[at + 1])
    assert off_told < 0.8 * off_alone


def test_the_effect_of_holidays_and_rain_is_learned() -> None:
    rhythm = daily(extras=("holiday", "rain"))
    chance = np.random.default_rng(6)
    rain = [float(x) for x in np.log1p(chance.exponential(3.0, 500) * (chance.random(500) < 0.3))]
    means = [4.0 * exp(0.6 * rain[at]) * (3.0 if at % 29 == 0 else 1.0) for at in range(500)]
    series = Series(rhythm)
    for at, count in enumerate(noise(means, 1.2, 9)):
        series.close(at, count, (float(at % 29 == 0), rain[at]))
    holiday, wet = series.terms[rhythm.first_extra :]
    assert exp(holiday) == pytest.approx(3.0, rel=0.3)
    assert wet == pytest.approx(0.6, abs=0.15)
    with pytest.raises(ValueError, match="got 0 values, wanted 2"):
        series.close(500, 1)


@pytest.mark.parametrize("alpha", [1e-2, 1e-4])
def test_the_open_bin_warns_at_the_count_that_would_be_too_rare(alpha: float) -> None:
    counts = noise([2.0] * 120, 1.3, 7)
    for bins in (100, 110, 120):
        series = Series(daily(), lateness=1)
        for at in range(bins):
            series.close(at, counts[at])
        series.open(bins, alpha)
        needed = next(n for n in range(1, 200) if series.observe())
        below = series.close(bins, needed - 1)
        reached = series.revise(bins, 1)
        assert below is not None
        assert reached is not None
        rarest = min(reached[-1].p, reached[-1].p_score)
        assert min(below.p, below.p_score) > alpha >= rarest


def test_a_learning_series_does_not_warn_and_an_unopened_bin_only_counts() -> None:
    series = Series(daily())
    assert not series.observe()
    series.open(0, 1e-3)
    assert not any(series.observe() for _ in range(500))
    assert series.count == 500


def test_a_stored_series_takes_its_open_bin_up_again() -> None:
    rhythm = QUICK["hour"]
    series = Series(rhythm)
    for at in range(40):
        series.close(at, 1)
    series.open(40, 1e-3)
    for _ in range(3):
        series.observe()
    again = decode(encode(series), rhythm)
    again.open(40, 1e-3, count=again.count)
    warned = [series.observe() for _ in range(30)]
    assert warned == [again.observe() for _ in range(30)]
    assert not warned[0]
    assert warned[-1]


@pytest.mark.parametrize(
    ("width", "extras", "lateness"),
    [
        ("hour", (), 3),
        ("hour", ("holiday", "rain"), 2),
        ("day", ("holiday", "rain"), 3),
        ("week", (), 3),
    ],
)
def test_a_stored_series_takes_at_most_450_bytes(
    width: Width, extras: tuple[str, ...], lateness: int
) -> None:
    series = Series(RHYTHMS[width](extras=extras), lateness=lateness)
    for at in range(60):
        series.close(at, 2**32 - 1, (1.0,) * len(extras))
    assert len(series.closed) == lateness
    assert len(encode(series)) <= 450


def test_a_state_of_another_rhythm_or_cut_off_is_refused() -> None:
    state = encode(Series(daily()))
    with pytest.raises(ValueError, match="got 9 terms with 0 extras, wanted 13 with 0"):
        decode(state, RHYTHMS["hour"]())
    with pytest.raises(ValueError, match="wanted version 1"):
        decode(b"\x09" + state[1:], daily())
    with pytest.raises(ValueError, match=f"got {len(state) - 1} bytes"):
        decode(state[:-1], daily())


def test_the_interval_holds_most_outcomes_and_limits_rise() -> None:
    expected = Expectation(6.0, 4.0)
    low, high = expected.interval(0.9)
    chance = np.random.default_rng(1)
    drawn = chance.poisson(chance.gamma(4.0, 6.0 / 4.0, 20_000))
    assert 0.88 < ((drawn >= low) & (drawn <= high)).mean() < 0.97
    limits = [least_count(expected, alpha) for alpha in (0.5, 0.1, 1e-2, 1e-4, 1e-8)]
    assert all(a < b for a, b in pairwise(limits))


def test_three_wild_weeks_of_a_busy_series_do_not_settle_its_scatter() -> None:
    busy, chance, scatter = Series(daily()), np.random.default_rng(4), 1_600 / 60
    for at in range(35):
        busy.close(at, int(chance.choice([20, 100])))
    assert 2.0 < busy.scatter < 0.75 * scatter
    for at in range(35, 400):
        busy.close(at, int(chance.choice([20, 100])))
    assert busy.scatter == pytest.approx(scatter, rel=0.25)


@pytest.mark.parametrize("mean", [1e7, 4e9])
def test_a_series_of_billions_is_not_surprising_for_being_great(mean: float) -> None:
    counts = np.random.default_rng(2).poisson(mean, 200).tolist()
    judged = run(daily(), counts)
    assert min(answer.p_score for answer in judged) > 1e-3
