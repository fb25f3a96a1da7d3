"""One stage as a process: start, run until told to stop, end with a meaning.

Exit codes: 0 stopped as asked; 2 refused to start; 70 the stage cannot go on (too many
defects, topics that do not fit, a lane that never commits); 75 stuck, start it again.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from agents.runtime.attributes import read_plainly
from agents.runtime.stage import Stage
from agents.runtime.watchdog import Watchdog
from schemas.errors import ChengyunError, ConfigurationError

log = logging.getLogger(__name__)

EXIT_REFUSED = 2
EXIT_FAILED = 70
HARD_STOP_S = 2.8
BEAT_S = 0.5


def tune() -> None:
    """Settings of the interpreter that a busy lane wants; measured, see `chengyun bench`.

    The consumer's thread must get the interpreter at once when records arrive, and the
    collector must not walk a million states again and again: nothing that a step makes
    refers to itself, so all but the loop's own few cycles goes by reference count.
    """
    read_plainly()
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000, 50, 1_000)


class Worker:
    """Runs one stage in this process until a signal, or until it cannot go on."""

    def __init__(self, attach: Callable[[Callable[[ChengyunError], None]], Stage]) -> None:
        self._ended = asyncio.Event()
        self._reason: ChengyunError | None = None
        self.stage = attach(self._on_failure)
        self.watchdog = Watchdog(self.stage, self.stage.options.stuck_s)

    def _on_failure(self, error: ChengyunError) -> None:
        self._reason = error
        self._ended.set()

    async def run(self) -> int:
        """Run until the end.

        Returns:
            The exit code of the process.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        self.watchdog.start()
        beating = asyncio.create_task(self._beat())
        ended = asyncio.create_task(self._ended.wait())
        over = asyncio.create_task(self._until_faust_ends())
        await asyncio.wait({ended, over}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            self._reason = self._reason or ChengyunError(
                f"stage {self.stage.options.stage}: Faust ended by itself: {over.result()!r}. "
                f"Operator action: start the worker again; nothing was lost."
            )
            log.error("%s", self._reason)
        await self._stop()
        beating.cancel()
        if self._reason is None:
            return 0
        refused = isinstance(self._reason, ConfigurationError)
        return EXIT_REFUSED if refused else EXIT_FAILED

    async def _until_faust_ends(self) -> BaseException | None:
        """Run Faust's app; it should never end before it is told to. Answers why it did."""
        app = self.stage.app
        starting = asyncio.create_task(app.start())
        gone = asyncio.create_task(app.wait_until_stopped())
        await asyncio.wait({starting, gone}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and starting.exception() is not None:
            return starting.exception()
        await gone
        reason: BaseException | None = app.crash_reason
        return reason

    async def _beat(self) -> None:
        while True:
            self.watchdog.beat()
            self.stage.tell_buffered()
            self.stage.observer.alive()
            await asyncio.sleep(BEAT_S)

    async def _stop(self) -> None:
        """Finish what runs, leave the group, be gone in under three seconds."""
        began = time.monotonic()
        name = self.stage.options.stage
        late = threading.Timer(HARD_STOP_S, _end_now, (name, 0 if self._reason is None else 70))
        late.daemon = True
        late.start()
        await self.stage.stop()
        consumer = self.stage.app.consumer
        try:
            await asyncio.wait_for(consumer.leave(), 1.5)
        except Exception as error:  # noqa: BLE001 - the session's end will do it for us
            log.info("stage %s: could not leave the group: %r", name, error)
        log.info("stage %s stopped in %.2f s", name, time.monotonic() - began)
        late.cancel()


def _end_now(name: str, code: int) -> None:
    log.warning("stage %s did not stop in %.1f s, it ends now; nothing is lost", name, HARD_STOP_S)
    logging.shutdown()
    os._exit(code)


def run_stage(
    make: Callable[[Callable[[ChengyunError], None]], Stage],
    last: Callable[[], None] | None = None,
) -> None:
    """Run a stage as this process; does not return.

    Faust's threads are not waited for: everything that counts is committed or was
    abandoned on purpose, and waiting could only hang.

    Args:
        make: builds the stage, given what to call when it cannot go on.
        last: called just before the process ends.
    """

    async def main() -> None:
        try:
            worker = Worker(make)
        except ChengyunError as error:
            _refuse(error, last)
        tune()
        code = await worker.run()
        if last is not None:
            last()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # from inside the loop: closing it would wait for Faust's threads

    asyncio.run(main())


def _refuse(error: ChengyunError, last: Callable[[], None] | None) -> NoReturn:
    """The stage could not even be built: say why, as every command does."""
    if last is not None:
        last()
    logging.shutdown()
    sys.stderr.write(f"chengyun: {error}\n")
    sys.stderr.flush()
    os._exit(EXIT_REFUSED)
