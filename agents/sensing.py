"""The sensing desk: readings come in, only findings go on to the streets."""

from __future__ import annotations

from agents.runtime.stage import Chunks, Stage


def attach(stage: Stage) -> None:
    """Give the stage its agent: each chunk is decoded and decided; its lane commits it."""

    @stage.agent
    async def sensing(chunks: Chunks) -> None:
        async for chunk in chunks:
            chunk.apply()
