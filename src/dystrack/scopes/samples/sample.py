"""Simulated living samples whose true position is known.

A sample is a moving body (`bodies`) among fixed surroundings (`layers`), on a path (`motion`), seen
by a detector (`imaging`). It looks the same at any time for the same seed.
"""

from dataclasses import dataclass, field

import numpy as np

from dystrack.scopes.geometry import PositionUm, View
from dystrack.scopes.samples.bodies import Body
from dystrack.scopes.samples.imaging import Imaging
from dystrack.scopes.samples.layers import Layer
from dystrack.scopes.samples.motion import Motion
from dystrack.scopes.writing.writers import Stack

__all__ = ["Sample"]

_NOISE = 3  # its own stream: a path has 1 and 2


@dataclass(frozen=True)
class Sample:
    """A living sample.

    Attributes
    ----------
    body : Body
        What is to be followed.
    motion : Motion
        Path of the body.
    surroundings : tuple of Layer
        What else shines.
    imaging : Imaging
        Detector.
    seed : int
        Equal seeds give equal noise at equal times, whatever the path.
    """

    body: Body
    motion: Motion = field(default_factory=Motion)
    surroundings: tuple[Layer, ...] = ()
    imaging: Imaging = field(default_factory=Imaging)
    seed: int = 0

    def position_um(self, time_s: float) -> PositionUm:
        """Return where the point is, in the world, that a pipeline looks for.

        It is the middle of an organoid or of cells, the edge of a node, or the tip of a
        primordium's leading edge.
        """
        return self.motion.position_um(time_s)

    def target_um(self, time_s: float, field_um: PositionUm) -> PositionUm:
        """Return the best place in the world for the middle of a field of such a size."""
        return self.position_um(time_s).plus(self.body.aim(field_um))

    def is_in_view(self, time_s: float, view: View) -> bool:
        """Return whether nothing of the body that matters is cut off; never so in a black scan."""
        if self.imaging.is_dropout(time_s):
            return False
        position = self.position_um(time_s)
        low, high = self.body.extent(time_s)
        return view.contains(position.plus(low), position.plus(high))

    def render(self, time_s: float, view: View) -> Stack:
        """Return the image that a scan gives: uint8 or uint16, (Z, Y, X) or (Y, X)."""
        stack = np.zeros(view.scan.shape_zyx, f"u{view.scan.bit_depth // 8}")
        if not self.imaging.is_dropout(time_s):
            self._expose(time_s, view, stack)
        return stack.reshape(view.scan.shape)

    def _expose(self, time_s: float, view: View, stack: Stack) -> None:
        random = np.random.default_rng([self.seed, _NOISE, round(time_s * 1000)])
        centre = self.position_um(time_s)
        for index, shift in enumerate(self.imaging.shifts(len(stack), random)):
            grid = view.plane(index, shift)
            light = np.zeros(stack.shape[1:], np.float32)
            for layer in (*self.surroundings, self.body):
                layer.paint(light, grid, centre, time_s)
            self.imaging.expose(light, stack[index], time_s, random)
