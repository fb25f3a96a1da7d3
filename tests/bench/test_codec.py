"""The codec's bench measures every message it names, and reads what it wrote."""

from __future__ import annotations

from agents.bench.codec import measure, samples


def test_every_sample_is_read_back_and_timed() -> None:
    found = measure(runs=2, repetitions=20)
    assert [line["message"] for line in found] == [sample.name for sample in samples()]
    assert all(line["read_us"]["min"] > 0 and line["write_us"]["min"] > 0 for line in found)
