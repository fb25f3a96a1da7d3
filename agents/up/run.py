"""One run of the city from the first topic to the last table."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from aiokafka.errors import KafkaError

from agents import alert_keeper, broker, topic_admin
from agents.cli.desk import LongRead
from agents.ledger import open_ledger
from agents.replay.pour import Fed, FedSoFar
from agents.runtime.clock import Clock
from agents.settings import Settings
from agents.up.city import CityRecord, write_city
from agents.up.count import COUNTED, Count, TierOf, count
from agents.up.figures import look, of_stages
from agents.up.newest import NewestAlerts
from agents.up.picture import Picture
from agents.up.plan import STAGES, Plan
from agents.up.summary import Summary
from agents.up.supervisor import Budget, Supervisor
from agents.up.telling import Teller
from schemas.errors import ChengyunError
from streams.policy import Policy

T = TypeVar("T")
Ending = Literal["time", "done", "asked", "failed"]

READY_S = 120.0
LOOK_S = 1.0
REPLAY_LOOK_S = 2.0
HASTY_LOOK_S = 0.4
QUIET_LOOKS = 4
FEED_STOP_S = 3.0
BROKER_SILENT_S = 4.0


Feeding = Callable[[Callable[[FedSoFar], None], asyncio.Event], Awaitable[Fed]]
"""Feeds the city: told progress and when to stop, answers how it ended."""


class _EndedError(Exception):
    """The run ends before what was waited for has come; `Run.ending` says why."""


@dataclass(slots=True)
class _Feed:
    begun: float | None = None
    fed: Fed | None = None
    first: int = 0
    drained_s: float | None = None
    quiet: int = 0


@dataclass(slots=True)
class Run:
    """Brings the city up, keeps it in view, and takes it down again.

    Args:
        record: what is kept for other commands to find this city.
        feeding: where its events come from.
        tier_of: the tier of an area's code, for the summary.
    """

    plan: Plan
    tell: Teller
    record: CityRecord
    feeding: Feeding
    tier_of: TierOf
    picture: Picture = field(default_factory=Picture)
    ending: Ending | None = None
    message: str | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _hurried: asyncio.Event = field(default_factory=asyncio.Event)
    _feed: _Feed = field(default_factory=_Feed)
    _feed_stop: asyncio.Event = field(default_factory=asyncio.Event)
    _supervisor: Supervisor | None = None
    _seen_s: float = 0.0
    _broker_away: bool = False

    async def go(self) -> Summary:
        """Run until the end that the plan names, a signal, or a failure."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._told_to_stop)
        begun = time.monotonic()
        summary = Summary(
            prefix=self.plan.settings.prefix,
            bootstrap=self.plan.bootstrap,
            logs=str(self.plan.logs),
            ended="failed",
        )
        feed: asyncio.Task[Fed] | None = None
        since: dict[tuple[str, int], int] = {}
        try:
            since = await self._unless_ended(self._lay_out())
            await self._unless_ended(self._start_stages())
            await self._unless_ended(self._await_ready(begun))
            summary.startup_s = time.monotonic() - begun
            feed = asyncio.create_task(self._run_feed())
            await self._keep_in_view(feed)
        except _EndedError:
            pass  # `ending` and `message` say it
        except ChengyunError as error:
            self._fail(error.message)
        finally:
            await self._take_down(feed)
        self.tell.view.close()
        summary.count = await self._count(since)
        if since and not self._hurried.is_set():
            await alert_keeper.finish(*self._kept())
        return self._filled(summary)

    def _kept(self) -> tuple[Settings, str, Policy]:
        """What the index of alerts is made of."""
        policy = self.tell.words.policy
        if policy is None:
            raise RuntimeError("the city's words were given no names")
        return self.plan.settings, self.plan.bootstrap, policy

    # --- coming up

    async def _lay_out(self) -> dict[tuple[str, int], int]:
        """Create the topics; answer where each ends before this run."""
        plan = self.plan
        specs = topic_admin.wanted_topics(plan.settings, embedded=plan.embedded)
        await topic_admin.apply(plan.settings, plan.bootstrap, specs)
        self.tell.note("up_topics", count=len(specs), prefix=plan.settings.prefix)
        async with open_ledger(plan.settings, plan.bootstrap, COUNTED) as ledger:
            return await ledger.ends(COUNTED)

    async def _start_stages(self) -> None:
        settings = self.plan.settings
        budget = Budget(settings.restart_limit, settings.restart_window_s)
        self._supervisor = Supervisor(self.plan, self.plan.workers, budget, self.tell)
        self.tell.note("up_workers", logs=self.plan.logs)
        await self._supervisor.start()
        write_city(settings.data_dir, self.plan.home, self.record)

    async def _await_ready(self, begun: float) -> None:
        """Wait until every stage is ready, showing what is waited for."""
        end = time.monotonic() + READY_S
        while not self.picture.ready:
            if time.monotonic() > end:
                waiting = [s.stage for s in self.picture.stages.values() if not s.ready]
                named = "、".join(self.tell.words.word(stage) for stage in waiting)
                self._fail(self._say_not_ready(named))
            await self._look(begun, 0.3)
        self.tell.note("up_ready", seconds=time.monotonic() - begun)

    def _say_not_ready(self, named: str) -> str:
        return self.tell.words.say(
            "up_not_ready", seconds=READY_S, stages=named, log=self.plan.logs
        )

    # --- running

    async def _run_feed(self) -> Fed:
        self.tell.note("up_feeding", source=self.plan.source)
        self._feed.begun = time.monotonic()
        return await self.feeding(self._fed_so_far, self._feed_stop)

    def _fed_so_far(self, so_far: FedSoFar) -> None:
        self.picture.fed = (so_far.events, so_far.total)
        self.picture.fed_until = so_far.event_time

    async def _keep_in_view(self, feed: asyncio.Task[Fed]) -> None:
        """Look, show, and find out when it is over."""
        ready_at = time.monotonic()
        plan = self.plan
        async with AsyncExitStack() as stack:
            ledger = await stack.enter_async_context(
                open_ledger(plan.settings, plan.bootstrap, NewestAlerts.TOPICS)
            )
            newest = NewestAlerts(ledger)
            await newest.begin()
            keeper: asyncio.Task[None] | None = None
            while self.ending is None:
                if keeper is None and not self._hurries():
                    keeper = asyncio.create_task(alert_keeper.keep(*self._kept()))
                    stack.callback(keeper.cancel)
                pause = self._pause()
                if plan.run_s is not None:
                    left = ready_at + plan.run_s - time.monotonic()
                    self.picture.left_s = left
                    if left <= 0:
                        self._end("time")
                        break
                    pause = min(pause, left)
                await self._look(ready_at, pause, newest)
                await self._mind_broker(newest)
                self._see_feed(feed)

    async def _look(self, begun: float, pause_s: float, newest: NewestAlerts | None = None) -> None:
        """One look at everything, shown; then wait a little, or less when it is over.

        Raises:
            _EndedError: it is over.
        """
        picture, supervisor = self.picture, self._supervisor
        if supervisor is None:
            raise RuntimeError("no stage has been started")
        workers = self.plan.workers
        looks = await asyncio.gather(*(look(self.plan.address_file(w)) for w in workers))
        figures = of_stages(dict(zip(workers, looks, strict=True)))
        now = time.monotonic()
        picture.look(figures, supervisor.running, now - self._seen_s if self._seen_s else 0.0)
        self._seen_s = now
        for stage, restarts in supervisor.restarts.items():
            picture.stages[stage].restarts = restarts
        picture.elapsed_s = now - begun
        picture.city_time = self._city_time()
        if self.plan.event_time:
            self._see_progress()
        if newest is not None:
            picture.newest = await newest.look()
        self.tell.view.show(picture)
        self._keep_record()
        await self._unless_ended(asyncio.sleep(pause_s))

    async def _mind_broker(self, newest: NewestAlerts) -> None:
        """Tell when the broker is away, and start our own again; the stages go on by themselves."""
        if newest.silent_s < BROKER_SILENT_S:
            if self._broker_away:
                self._broker_away = False
                self.tell.note("up_broker_back")
            return
        if self._broker_away:
            return
        self._broker_away = True
        self.tell.note("up_broker_gone", seconds=newest.silent_s)
        if self.plan.embedded:
            starting = asyncio.to_thread(broker.start, self.plan.settings)
            await self._unless_ended(starting)

    def _city_time(self) -> datetime | None:
        if not self.plan.event_time:
            return Clock.of(self.plan.settings).now()
        return self.picture.complete_until(self._lanes()) or self.picture.fed_until

    def _see_progress(self) -> None:
        """How much of a replay's time has passed through every tier."""
        plan, picture = self.plan, self.picture
        picture.event_time = True
        reached = picture.complete_until(self._lanes())
        if plan.begins is None or plan.until is None or reached is None:
            return
        whole, gone = plan.until - plan.begins, reached - plan.begins
        done = picture.done = min(1.0, max(0.0, gone / whole)) if whole else 1.0
        if done > 0.01 and self._feed.begun is not None:
            picture.remaining_s = (time.monotonic() - self._feed.begun) * (1 - done) / done

    def _lanes(self) -> dict[str, int]:
        return {stage: self.plan.sizing.partitions(stage) for stage in STAGES}

    def _keep_record(self) -> None:
        """Let others know that the city was alive just now, a few times a minute."""
        now = datetime.now(UTC)
        seen = self.record.seen_at
        if seen is None or (now - seen).total_seconds() > 5:
            self.record = self.record.model_copy(update={"seen_at": now})
            write_city(self.plan.settings.data_dir, self.plan.home, self.record)

    def _see_feed(self, feed: asyncio.Task[Fed]) -> None:
        """Notice that the feed has ended, and when every tier has had all of it."""
        mine = self._feed
        if not feed.done() or mine.begun is None:
            return
        if mine.fed is None:
            error = feed.exception()
            if error is not None:
                why = error.message if isinstance(error, ChengyunError) else repr(error)
                self._fail(self.tell.words.say("up_feed_failed", why=why))
            mine.fed = feed.result()
            events = mine.fed.events - mine.fed.resumed_from
            self.tell.note("up_fed", events=events, seconds=mine.fed.seconds)
        if mine.drained_s is None and mine.fed.complete and self._is_drained():
            mine.drained_s = time.monotonic() - mine.begun
            self.tell.note("up_drained", seconds=mine.drained_s)
            if self.plan.until_done:
                self._end("done")

    def _pause(self) -> float:
        """Seconds until the next look: a replay at full speed needs the machine for itself."""
        if self._draining() and (self.picture.done or 1.0) > 0.9:
            return HASTY_LOOK_S
        return REPLAY_LOOK_S if self.plan.event_time else LOOK_S

    def _hurries(self) -> bool:
        """Whether a replay at full speed is under way: what can wait waits for its end."""
        return self.plan.event_time and self._feed.drained_s is None

    def _draining(self) -> bool:
        return self._feed.fed is not None and self._feed.drained_s is None

    def _is_drained(self) -> bool:
        """Whether the last event is through every tier."""
        if self.plan.event_time and self.plan.until is not None:
            reached = self.picture.complete_until(self._lanes())
            return reached is not None and reached >= self.plan.until
        quiet = self.picture.ready and self.picture.rate < 1.0
        self._feed.quiet = self._feed.quiet + 1 if quiet else 0
        return self._feed.quiet >= QUIET_LOOKS

    # --- ending

    def _told_to_stop(self) -> None:
        """A signal: the first ends the run in order, the second hurries."""
        if self._stop.is_set():
            self._hurried.set()
            if self._supervisor is not None:
                self._supervisor.hurry()
            return
        self._end("asked")

    def _end(self, ending: Ending, message: str | None = None) -> None:
        if self.ending is None:
            self.ending, self.message = ending, message
        self._stop.set()

    def _fail(self, message: str) -> None:
        self._end("failed", message)
        raise _EndedError

    async def _unless_ended(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it, unless the run ends first.

        Raises:
            _EndedError: the run has ended; the work was abandoned.
        """
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stop.wait())
        waiting: set[asyncio.Future[Any]] = {task, stopped}
        if self._supervisor is not None:
            waiting.add(self._supervisor.failed)
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if self._supervisor is not None and self._supervisor.failed.done():
            self._end("failed", self.tell.why(self._supervisor.failed.result()))
        raise _EndedError

    async def _take_down(self, feed: asyncio.Task[Fed] | None) -> None:
        """Stop the feed, then the workers; what they have not committed comes again."""
        begun = time.monotonic()
        self.tell.note("up_stopping")
        self._feed_stop.set()
        if feed is not None:
            await asyncio.wait({feed}, timeout=0 if self._hurried.is_set() else FEED_STOP_S)
            if not feed.done():
                feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)
            if self._feed.fed is None and not feed.cancelled() and feed.exception() is None:
                self._feed.fed = feed.result()
        if self._supervisor is not None:
            await self._supervisor.stop()
            now = datetime.now(UTC)
            self.record = self.record.model_copy(update={"seen_at": now, "ended_at": now})
            write_city(self.plan.settings.data_dir, self.plan.home, self.record)
        text = "up_hurry" if self._hurried.is_set() else "up_stopped"
        self.tell.note(text, seconds=time.monotonic() - begun)

    async def _count(self, since: dict[tuple[str, int], int]) -> Count | None:
        """Count the run from its topics, unless somebody is in a hurry or they are not there."""
        if self._hurried.is_set() or not since:
            return None
        self.tell.note("up_counting")
        plan = self.plan
        counting = asyncio.ensure_future(self._count_all(since))
        hurried = asyncio.ensure_future(self._hurried.wait())
        await asyncio.wait({counting, hurried}, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not counting.done():
            counting.cancel()
        try:
            return await counting
        except asyncio.CancelledError:
            return None
        except (ChengyunError, KafkaError) as error:
            self.tell.view.note(f"{plan.bootstrap}: {error}")
            return None

    async def _count_all(self, since: dict[tuple[str, int], int]) -> Count:
        plan = self.plan
        progress = LongRead(self.tell.words)
        try:
            async with open_ledger(plan.settings, plan.bootstrap, COUNTED) as ledger:
                return await count(ledger, self.tier_of, progress, since)
        finally:
            progress.end()

    def _filled(self, summary: Summary) -> Summary:
        mine = self._feed
        summary.ended = self.ending or "failed"
        summary.message = self.message
        written, _ = self.picture.fed
        first = mine.fed.resumed_from if mine.fed is not None else 0
        summary.events = (mine.fed.events if mine.fed is not None else written) - first
        if mine.fed is not None:
            summary.seconds = mine.fed.seconds
        elif mine.begun is not None:
            summary.seconds = time.monotonic() - mine.begun
        summary.drained_s = mine.drained_s
        summary.cpu_s = {name: stage.cpu_s for name, stage in self.picture.stages.items()}
        if self._supervisor is not None:
            summary.restarts = self._supervisor.restarts
        return summary
