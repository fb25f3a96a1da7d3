"""The city: what districts cannot settle, and the whole picture."""

from __future__ import annotations

from agents.runtime.stage import Chunks, Stage


def attach(stage: Stage) -> None:
    """Give the stage its agent: each chunk is decoded and decided; its lane commits it."""

    @stage.agent
    async def city(chunks: Chunks) -> None:
        async for chunk in chunks:
            chunk.apply()
