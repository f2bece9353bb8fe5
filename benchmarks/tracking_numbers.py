"""How calm, how wary and how persistent is the tracker? Without images: a point and some noise.

::

    python benchmarks/tracking_numbers.py [--seeds 16]
"""

import argparse
import math
from typing import Any

import numpy as np

from dystrack.core.coordinates import PixelPosition, VoxelSize
from dystrack.manager.tracking.tracker.looks import Failure, Look, TrackState
from dystrack.manager.tracking.tracker.prediction import step

SHAPE, VOXEL = (21, 200, 500), VoxelSize(2.0, 0.42, 0.42)
FRAME = np.multiply(SHAPE, VOXEL)
MARGIN = 0.35


class Numbers:
    """A stage over a sample that is only a point, and a pipeline that sees it with some noise."""

    def __init__(self, mode: str, seed: int, noise: float, *, at_once: bool = False) -> None:
        self._state = TrackState(mode)
        self._random = np.random.default_rng([seed, 2])
        self._noise, self._at_once = noise, at_once
        self._camera = np.zeros(3)
        self._moves: tuple[tuple[float, float, float], ...] = ()
        self.time_s = 0.0
        self.travel = 0.0

    def look(self, place: np.ndarray, wrong: PixelPosition | None = None) -> np.ndarray:
        """Look at a sample at a place in the world; return where the main scan goes."""
        frame = Look(0.0, SHAPE, VOXEL, None)
        off = place - self._camera
        noisy = off + self._noise * FRAME * self._random.standard_normal(3)
        inside = bool(np.all(np.abs(off[1:]) < 0.5 * FRAME[1:]))
        answer = wrong or (frame.pixel_at(tuple(noisy)) if inside else None)
        failure = None if answer else Failure.NO_TARGET
        look = Look(self.time_s, SHAPE, VOXEL, answer, "OK", failure, self._moves)
        tracked = step(self._state, look)
        main, then = tracked.main or frame.pixel_at((0.0,) * 3), tracked.next
        end = frame.offset_of(then) if then else (0.0,) * 3
        self.travel += float(
            np.linalg.norm(frame.offset_of(main))
            + np.linalg.norm(np.subtract(end, frame.offset_of(main)))
        )
        self._state, self._moves = tracked.state, (end,)
        scanned = self._camera + frame.offset_of(main)
        self._camera = self._camera + end
        self.time_s += 5.0 if self._at_once and tracked.next_in_s == 0 else 300.0
        return np.asarray(scanned)

    @property
    def camera(self) -> np.ndarray:
        """Where the next prescan is taken."""
        return self._camera


def in_view(scanned: np.ndarray, place: np.ndarray) -> bool:
    """Return whether a point lies well inside a field."""
    return bool(np.all(np.abs(scanned - place)[1:] < MARGIN * FRAME[1:]))


def measure_rest(n_seeds: int) -> None:
    """Print how far the stage travels over a sample that rests."""
    modes = ("smooth", "auto", "lead")
    print_head("Travel at rest as a share of `off`", "noise, share of the frame", *modes)
    for noise in (0.001, 0.004, 0.008, 0.012, 0.02):
        travels = {}
        for mode in ("off", *modes):
            scopes = [Numbers(mode, seed, noise) for seed in range(n_seeds)]
            for scope in scopes:
                for _ in range(60):
                    scope.look(np.zeros(3))
            travels[mode] = sum(scope.travel for scope in scopes)
        print_row(noise, *(f"{travels[mode] / travels['off']:.3f}" for mode in modes))


def wandering(seed: int, n: int, speed: float, wander: float) -> np.ndarray:
    """Return a path in shares of the frame."""
    steps = np.random.default_rng([seed, 1]).normal(0.0, wander, (n, 3)) * (0.3, 1.0, 1.0)
    return np.cumsum(steps, 0) + np.arange(n)[:, None] * (0.0, 0.25 * speed, speed)


def wrong_answers(mode: str, wrong_share: float, n_seeds: int) -> tuple[float, float]:
    """Return the share of random wrong answers that are followed, and of main scans in view.

    Wrong answers are spread over the image, as a pipeline's on noise are. One is followed if the
    main scan lies nearer to it than to the sample and more than a tenth of the frame off.
    """
    followed, seen = [], []
    for seed in range(n_seeds):
        scope, random = Numbers(mode, seed, 0.005), np.random.default_rng([seed, 3])
        for index, place in enumerate(wandering(seed, 60, 0.02, 0.01) * FRAME):
            z, y, x = random.random(3)
            answer = PixelPosition(8 + 4 * z, y * (SHAPE[1] - 1), x * (SHAPE[2] - 1))
            is_wrong = random.random() < wrong_share and index > 2  # noqa: PLR2004
            false = scope.camera + Look(0.0, SHAPE, VOXEL, None).offset_of(answer)
            scanned = scope.look(place, answer if is_wrong else None)
            seen.append(in_view(scanned, place))
            if is_wrong:
                off, off_false = (scanned - place)[1:], (scanned - false)[1:]
                far = np.max(np.abs(off) / FRAME[1:]) > 0.1  # noqa: PLR2004
                followed.append(far and np.linalg.norm(off_false) < np.linalg.norm(off))
    return float(np.mean(followed)), float(np.mean(seen))


def measure_wrong_answers(n_seeds: int) -> None:
    """Print how many random wrong answers are followed, and how often the sample is in view."""
    print_head("Random wrong answers", "share wrong", "mode", "followed", "main scans in view")
    for wrong_share in (0.05, 0.15, 0.3):
        for mode in ("off", "smooth", "auto", "lead"):
            followed, seen = wrong_answers(mode, wrong_share, n_seeds)
            print_row(wrong_share, mode, f"{followed:.3f}", f"{seen:.3f}")


def measure_jumps(n_seeds: int) -> None:
    """Print how many jumps are believed at the second look."""
    print_head("Jumps", "length, share of the frame", "at rest", "at 3 % of the frame a look")
    for length in (0.1, 0.2, 0.3, 0.35, 0.45):
        believed = []
        for speed in (0.0, 0.03):
            hits = []
            for seed in range(n_seeds):
                path, angle = wandering(seed, 14, speed, 0.003), 2.4 * seed
                path[12:] += length * np.array([0.0, math.sin(angle), math.cos(angle)])
                scope = Numbers("auto", seed, 0.005)
                scanned = [scope.look(at * FRAME) for at in path][-1]
                hits.append(np.max(np.abs(scanned / FRAME - path[-1])) < 0.05)  # noqa: PLR2004
            believed.append(f"{np.mean(hits):.3f}")
        print_row(length, *believed)


def measure_search(n_seeds: int) -> None:
    """Print how soon a sample is found that went out of view during black frames."""
    print_head("Found within so many looks", "search", "1", "5", "15", "30")
    for name, mode, at_once in (
        ("off: stays", "off", False),
        ("at the next time points", "auto", False),
        ("at once", "auto", True),
    ):
        found = [looks_until_found(mode, seed, at_once=at_once) for seed in range(n_seeds)]
        shares = (np.mean([n <= most for n in found]) for most in (1, 5, 15, 30))
        print_row(name, *(f"{value:.2f}" for value in shares))


def looks_until_found(mode: str, seed: int, *, at_once: bool) -> int:
    """Return how many looks it takes to find a sample that has left while nobody looked."""
    random = np.random.default_rng([seed, 4])
    speed = np.array([0.0, *random.normal(0.0, 0.08, 2)])
    scope = Numbers(mode, seed, 0.005, at_once=at_once)
    for index in range(8):
        scope.look(index * speed * FRAME)
    turn = np.array([0.0, *random.normal(0.0, 0.08, 2)])
    gone_s, n_gone = scope.time_s, int(random.integers(6, 14))
    start = 8 * speed * FRAME
    scope.time_s += 300.0 * n_gone  # nothing arrives for so long
    for n_looks in range(1, 61):
        place = start + (speed + turn) * FRAME * (scope.time_s - gone_s) / 300.0
        if np.all(np.abs(scope.camera - place)[1:] < 0.45 * FRAME[1:]):
            return n_looks
        scope.look(place)
    return 61


def print_row(*cells: Any) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def print_head(title: str, *cells: str) -> None:
    """Print a title and the head of a table."""
    print(f"\n{title}\n")
    print_row(*cells)
    print_row(*("---" for _ in cells))


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=16)
    n_seeds = parser.parse_args().seeds
    measure_rest(n_seeds)
    measure_wrong_answers(4 * n_seeds)
    measure_jumps(10 * n_seeds)
    measure_search(10 * n_seeds)


if __name__ == "__main__":
    main()
