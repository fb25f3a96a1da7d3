"""Inputs that have records which never arrive: noticed, and a reason to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from agents.runtime.lane import Lane
from schemas.errors import ChengyunError

if TYPE_CHECKING:
    from agents.runtime.stage import Stage
    from agents.runtime.transport import Consumer

log = logging.getLogger(__name__)

VIGIL_S = 5.0


class StageFailedError(ChengyunError):
    """A stage cannot go on; the message says why and what to do."""

    code = "stage_failed"


class Suspicion:
    """Counts, lane by lane, how often in a row an input had more than was read of it.

    Args:
        patience: how often that may be.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self._strikes: dict[int, int] = {}
        self._reads: dict[int, int] = {}

    def look(self, lane: Lane, ends: Mapping[str, int]) -> bool:
        """One look at a lane; True when it is stuck.

        Args:
            ends: where each input ends for a committed reader, by bare topic name.
        """
        silent = lane.behind(ends) and self._reads.get(lane.number) == lane.reads
        self._reads[lane.number] = lane.reads
        self._strikes[lane.number] = self._strikes.get(lane.number, 0) + 1 if silent else 0
        return self._strikes[lane.number] > self.patience


async def look_for_stuck_inputs(stage: Stage, consumer: Consumer) -> None:
    """End the stage when an input has records and none of them reaches its lane."""
    suspicion = Suspicion(round(stage.options.stuck_s / VIGIL_S))
    while True:
        await asyncio.sleep(VIGIL_S)
        lanes = list(stage.lanes.values())
        inputs = {
            lane.number: {
                name: TopicPartition(physical, lane.number)
                for name, physical in stage.physical.items()
            }
            for lane in lanes
        }
        try:
            _, ends = await consumer.bounds([tp for its in inputs.values() for tp in its.values()])
        except (KafkaError, OSError, TimeoutError) as error:
            log.info("the ends of the inputs are not known now: %r", error)
            continue
        for lane in lanes:
            its = {name: ends[tp] for name, tp in inputs[lane.number].items()}
            if suspicion.look(lane, its):
                stage.fail(
                    StageFailedError(
                        f"stage {stage.options.stage} partition {lane.number}: its input has "
                        f"records up to {its} and none has arrived for "
                        f"{stage.options.stuck_s:.0f} s. Operator action: start the worker "
                        f"again; nothing was lost."
                    )
                )
                return
