"""Lanes are shared out evenly, completely, and stay where they are if they can."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from agents.runtime.assignor import LaneAssignor, share_out

CLAIMS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "e"]), st.sets(st.integers(0, 20)), min_size=1
)


@given(CLAIMS, st.integers(0, 16))
def test_every_lane_has_one_owner_and_nobody_has_two_more_than_another(
    claims: dict[str, set[int]], lanes: int
) -> None:
    shares = share_out(claims, range(lanes))
    assert sorted(lane for share in shares.values() for lane in share) == list(range(lanes))
    sizes = [len(share) for share in shares.values()]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 16), st.integers(2, 6))
def test_when_a_worker_leaves_the_others_keep_what_they_have(lanes: int, workers: int) -> None:
    before = share_out({f"w{n}": set() for n in range(workers)}, range(lanes))
    left = {member: share for member, share in before.items() if member != "w0"}
    after = share_out(left, range(lanes))
    for member, share in left.items():
        assert share <= after[member]


@given(st.integers(1, 16), st.integers(1, 5))
def test_when_a_worker_comes_it_gets_its_part_and_no_lane_moves_between_the_others(
    lanes: int, workers: int
) -> None:
    before = share_out({f"w{n}": set() for n in range(workers)}, range(lanes))
    after = share_out({**before, "new": set()}, range(lanes))
    assert len(after["new"]) == lanes // (workers + 1)
    for member, share in before.items():
        assert after[member] <= share


def test_the_inputs_of_a_lane_stay_together() -> None:
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: set(range(5)))
    members = {
        name: LaneAssignor(partial(list, held)).metadata(["in-a", "in-b"])
        for name, held in (("x", [0, 4]), ("y", [1]))
    }
    assigned = LaneAssignor(list).assign(cluster, members)
    for member in assigned.values():
        lanes = dict(member.assignment)
        assert lanes["in-a"] == lanes["in-b"]
    assert {0, 4} <= set(dict(assigned["x"].assignment)["in-a"])


def test_a_claim_that_cannot_be_read_is_no_claim() -> None:
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: {0})
    metadata = LaneAssignor(list).metadata(["in"])
    metadata.user_data = b"\xff"
    assigned = LaneAssignor(list).assign(cluster, {"x": metadata})
    assert dict(assigned["x"].assignment) == {"in": [0]}
