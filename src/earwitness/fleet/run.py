"""A whole run: everybody speaks to one door, and what came of it as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from time import process_time

from earwitness.bench.figures import Plain
from earwitness.bench.processes import Watch
from earwitness.fleet.crew import Crew, Plan, Progress
from earwitness.fleet.lines import Door
from earwitness.fleet.recordings import FRAME_SECONDS, Recording
from earwitness.fleet.sockets import allow_sockets
from earwitness.fleet.tally import Tally, order_statistics
from earwitness.fleet.wheel import Wheel

OpenDoor = Callable[[Wheel], Door]


async def run(
    open_door: OpenDoor,
    recordings: Sequence[Recording],
    plan: Plan,
    *,
    pid: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Plain:
    """The figures of one run; ``pid`` is the server's, to measure what it takes.

    Raises InputError where there is no server or no such process; SettingsError where the
    system does not allow so many connections.
    """
    allow_sockets(plan.connected)
    tally = Tally()
    with ExitStack() as stack:
        async with Wheel(FRAME_SECONDS) as wheel:
            crew = Crew(open_door(wheel), recordings, plan, tally)
            watch = stack.enter_context(Watch(pid)) if pid is not None else None
            before = process_time()
            await crew.run(progress)
            took = process_time() - before
    return {
        "streams": plan.speaking,
        "connected": plan.connected,
        "seconds": plan.seconds,
        "duty": plan.duty,
        **tally.figures(),
        "frames": len(wheel.lags),
        "generator": {"lag_ms": order_statistics(wheel.lags), "cpu_s": took},
        **(_taken(watch) if watch else {}),
    }


def _taken(watch: Watch) -> Plain:
    """``server_rss_mib`` is the most at once during the run, the peak that since its start."""
    return {
        "server_cpu_s": watch.cpu_s,
        "server_peak_rss_mib": watch.peak_rss_mib,
        "server_rss_mib": watch.peak_mib_now,
    }
