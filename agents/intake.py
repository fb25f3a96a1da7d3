"""The intake desk: every report enters here, and leaves as a report for a street or a reply."""

from __future__ import annotations

from agents.runtime.stage import Chunks, Stage


def attach(stage: Stage) -> None:
    """Give the stage its agent: each chunk is decoded and decided; its lane commits it."""

    @stage.agent
    async def intake(chunks: Chunks) -> None:
        async for chunk in chunks:
            chunk.apply()
