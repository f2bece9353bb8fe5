"""A simulated microscope and the real manager, joined on disk and by one clock."""

from dataclasses import dataclass

from closed_loop.shared_clock import SharedClock
from dystrack.manager.events import SessionStarted
from dystrack.manager.manager import run_dystrack_manager
from dystrack.scopes.geometry import Um
from dystrack.scopes.hand_off import FolderHandOff
from dystrack.scopes.scenes import SCENES, make_sample
from dystrack.scopes.simulator import Microscope, MicroscopeSettings, Site
from dystrack.tools.demo import scene_pipeline
from fakes import Recorder

SITE_DISTANCE_UM = 5000.0
CENTRED = Um(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Joined:
    """What a microscope saw, and what a session told."""

    visits: list
    told: Recorder
    stats: dict


def join(folder, sites, settings, pipeline, clock=None, **session):
    """Let a microscope run to its end, tracked by the manager."""
    clock = clock or SharedClock()
    told, visits = Recorder(), []
    hand_off = FolderHandOff(folder, timeout_s=100.0, clock=clock)
    microscope = Microscope(sites, folder, hand_off, settings)

    def listen(event):
        told(event)
        if isinstance(event, SessionStarted):
            clock.run_beside(lambda: visits.extend(microscope.run()))

    _, stats = run_dystrack_manager(
        folder,
        pipeline,
        progress=False,
        end_on_esc=True,
        clock=clock,
        on_event=listen,
        should_stop=lambda: clock.has_ended,
        **session,
    )
    clock.finish()
    return Joined(visits, told, stats)


def scene_sites(scene, difficulty="easy", n=1, seed=0, misplacement=CENTRED):
    starts = [Um(0.0, 0.0, i * SITE_DISTANCE_UM) for i in range(n)]
    samples = [make_sample(scene, difficulty, seed=seed + i, start=s) for i, s in enumerate(starts)]
    return [Site(sample, misplacement) for sample in samples]


def track_scene(folder, scene, n_time_points, *, difficulty="easy", session=None, **settings):
    """Follow the sample of a scene with the pipeline that is made for it."""
    kind = SCENES[scene]
    sites = settings.pop("sites", None) or scene_sites(scene, difficulty)
    scope = MicroscopeSettings(
        kind.prescan,
        kind.main_scan,
        n_time_points=n_time_points,
        interval_s=kind.interval_s,
        **settings,
    )
    options = {"file_start": "prescan", "img_kwargs": kind.pipeline_options, **(session or {})}
    return join(folder, sites, scope, scene_pipeline(scene), **options)
