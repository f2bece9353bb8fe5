"""A simulated microscope and the real manager, joined on disk and by one clock."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from closed_loop.shared_clock import SharedClock
from dystrack.core.protocols import SYSTEM_CLOCK
from dystrack.manager.events import SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.hand_off import FolderHandOff
from dystrack.scopes.samples.scenes import SCENES, make_sample
from dystrack.scopes.simulated.simulator import Microscope, MicroscopeSettings, Site
from dystrack.tools.demo.session import scene_pipeline
from fakes import Recorder

SITE_DISTANCE_UM = 5000.0
_CHECK_EVERY_S = 0.05  # on a simulated clock nothing wakes the watcher
CENTRED = PositionUm(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Joined:
    """What a microscope saw, and what a session told."""

    visits: list
    told: Recorder
    stats: dict


class RealTime:
    """Stands in for a shared clock where things shall happen in real time."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(1)
        self._work = None

    def run_beside(self, work):
        self._work = self._pool.submit(work)

    def finish(self):
        self._work.result()
        self._pool.shutdown()

    @property
    def has_ended(self):
        return self._work.done()


def join(folder, sites, settings, pipeline, *, in_real_time=False, **session):
    """Let a microscope run to its end, tracked by the manager."""
    beside = RealTime() if in_real_time else SharedClock()
    clock = SYSTEM_CLOCK if in_real_time else beside
    told, visits = Recorder(), []
    hand_off = FolderHandOff(
        folder, timeout_s=100.0, clock=clock, answer_files=session.get("answer_files", False)
    )
    microscope = Microscope(sites, folder, hand_off, settings)

    def listen(event):
        told(event)
        if isinstance(event, SessionStarted):
            beside.run_beside(lambda: visits.extend(microscope.run()))

    _, stats = run_dystrack_manager(
        folder,
        pipeline,
        progress=False,
        delay=_CHECK_EVERY_S,
        clock=clock,
        on_event=listen,
        should_stop=lambda: beside.has_ended,
        **session,
    )
    beside.finish()
    return Joined(visits, told, stats)


def scene_sites(scene, difficulty="easy", n=1, seed=0, misplacement=CENTRED):
    starts = [PositionUm(0.0, 0.0, i * SITE_DISTANCE_UM) for i in range(n)]
    samples = [make_sample(scene, difficulty, seed=seed + i, start=s) for i, s in enumerate(starts)]
    return [Site(sample, misplacement) for sample in samples]


def track_scene(folder, scene, n_time_points, *, difficulty="easy", n=1, session=None, **settings):
    """Follow the sample of a scene with the pipeline that is made for it."""
    kind = SCENES[scene]
    sites = settings.pop("sites", None) or scene_sites(scene, difficulty, n)
    scope = MicroscopeSettings(
        kind.prescan,
        kind.main_scan,
        n_time_points=n_time_points,
        interval_s=kind.interval_s,
        **settings,
    )
    options = {"file_start": "prescan", "img_kwargs": kind.pipeline_options, **(session or {})}
    return join(folder, sites, scope, scene_pipeline(scene), **options)
