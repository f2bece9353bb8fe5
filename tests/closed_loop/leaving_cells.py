"""A simulated layer of cells, some of which leave it one after the other."""

from dataclasses import dataclass

import numpy as np

from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.samples.textures import cell_membranes

_EDGE_X_UM = -20.0
_RADIUS_UM = 6.0


@dataclass(frozen=True)
class LayerWithLeavers:
    """A layer to the left of the middle; each leaver comes out of it and moves to the right.

    Leavers are given as the time in s at which each is at x = 2 µm, its y in µm then, and its speed
    in µm/s along x and y.
    """

    leavers: tuple[tuple[float, float, float, float], ...]

    def place(self, number, time_s):
        """Return where a leaver is, relative to the middle of the sample."""
        at_s, y_um, x_speed, y_speed = self.leavers[number]
        since_s = time_s - at_s
        return PositionUm(0.0, y_um + y_speed * since_s, 2.0 + x_speed * since_s)

    def is_outside(self, number, time_s):
        return self.place(number, time_s).x > _EDGE_X_UM + _RADIUS_UM + 1.0

    def paint(self, light, grid, centre, time_s):
        here = grid.relative_to(centre)
        inside = np.outer(np.abs(here.y_um) < 65.0, here.x_um < _EDGE_X_UM)
        inside = inside & (abs(here.z_um) < 8.0)
        cells = cell_membranes(9.0, (3, 10, 10), 1.5, 0).plane(here)
        light += np.where(inside, 0.45 + 0.4 * cells, 0.0).astype(np.float32)
        for number in range(len(self.leavers)):
            middle = self.place(number, time_s)
            squares = (
                np.add.outer(np.square(here.y_um - middle.y), np.square(here.x_um - middle.x))
                + (here.z_um - middle.z) ** 2
            )
            ball = 0.9 * np.clip(3.0 * (1 - squares / _RADIUS_UM**2), 0.0, 1.0)
            np.maximum(light, ball.astype(np.float32), out=light)

    def extent(self, time_s):
        return PositionUm(-8.0, -65.0, -60.0), PositionUm(8.0, 65.0, _EDGE_X_UM)

    def aim(self, field):
        return PositionUm(0.0, 0.0, 0.0)
