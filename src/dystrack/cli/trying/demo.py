"""`dystrack demo`."""

import sys
from pathlib import Path

from dystrack.tools.demo.session import DemoSettings
from dystrack.tools.demo.show import show_demo

__all__ = ["demo"]


def demo(  # a command line has its options as parameters
    scene: str = "organoid",
    *,
    difficulty: str = "normal",
    positions: int = 1,
    time_points: int = 40,
    seconds: float = 20.0,
    speed: float = 1.0,
    seed: int = 0,
    track: str = "off",
    folder: str = "dystrack_demo",
    report: bool = True,
    keep_prescans: bool = False,
) -> None:
    """Track a simulated sample, live, and write a report.

    Parameters
    ----------
    scene : str
        organoid, primordium, node or dividing_cells.
    difficulty : str
        easy, normal or hard.
    positions : int
        Number of samples.
    time_points : int
        Number of times that each is visited.
    seconds : float
        How long the show takes, if the computer is fast enough.
    speed : float
        How many times their usual velocity the samples have.
    seed : int
        Another number gives other samples.
    track : str
        off, smooth, auto or lead: what is made of the pipeline's answers.
    folder : str
        Where the report goes; if there is one already, a number is added to the name.
    report : bool
        Whether to write a report.
    keep_prescans : bool
        Whether to keep the prescans beside the report, for example for dystrack rehearse.
    """
    settings = DemoSettings(
        scene=scene,
        difficulty=difficulty,
        n_positions=positions,
        n_time_points=time_points,
        duration_s=seconds,
        speed=speed,
        seed=seed,
        track=track,
        keeps_pictures=report,
    )
    has_folder = report or keep_prescans
    text = show_demo(
        settings,
        Path(folder) if has_folder else None,
        writes_report=report,
        keeps_prescans=keep_prescans,
    )
    sys.stdout.write(f"\n{text}\n")
