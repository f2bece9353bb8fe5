"""The experiment as one generator of events, for whoever runs Micro-Manager's acquisitions.

In pymmcore-gui or napari-micromanager::

    core.run_mda(tracking_events(driver, scope))

The runner asks for the next event once the last one has been carried out, so the generator is the
loop: it yields the events of a prescan, waits for its answer, moves, and yields the main scan's.
"""

from typing import TYPE_CHECKING

from dystrack.scopes.driver import Driver
from dystrack.scopes.guard import placed
from dystrack.scopes.micromanager.bridge import MicroManagerScope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import useq

__all__ = ["tracking_events"]


def tracking_events(driver: Driver, scope: MicroManagerScope) -> "Iterator[useq.MDAEvent]":
    """Go through an experiment as events of Micro-Manager: planes, or hardware-sequenced stacks.

    Raises
    ------
    ScopeError
        If the microscope fails; a scan that fails ends the acquisition.
    """
    try:
        yield from _events(driver, scope)
    finally:
        scope.series.close()


def _events(driver: Driver, scope: MicroManagerScope) -> "Iterator[useq.MDAEvent]":
    steps = driver.steps()
    scan = next(steps, None)
    while scan is not None:
        prescan = None
        recipe = scope.recipe_of(is_main=scan.is_main)
        if recipe is not None:
            with driver.guard.scanning() as here:
                with scope.scanning(recipe) as events:
                    yield from events
                if scan.is_main:
                    scope.keep_main_scan(scan.stem)
                else:
                    prescan = placed(scope.taken_prescan(), here)
        try:
            scan = steps.send(prescan)
        except StopIteration:
            return
