"""Limits on how far a pipeline may send the microscope."""

import warnings

__all__ = ["constrain_z_movement"]


def constrain_z_movement(z_pos: float, z_size: int, limit_fract: float = 0.1) -> float:
    """Keep the next z position near the middle of the stack.

    This lowers the risk that the stage or the sample is pushed against the objective.

    Parameters
    ----------
    z_pos : float
        Position along z in pixels.
    z_size : int
        Number of planes of the stack; 1 in 2-D, where the result is 0.0.
    limit_fract : float, optional, default 0.1
        Greatest distance from the middle, as a fraction of ``z_size - 1``.

    Returns
    -------
    float
        Nearest position to `z_pos` within ``(z_size - 1) / 2 ± limit_fract * (z_size - 1)``.

    Warns
    -----
    UserWarning
        If the position had to be changed.
    """
    last = z_size - 1
    lowest, highest = last / 2 - limit_fract * last, last / 2 + limit_fract * last
    constrained = min(max(z_pos, lowest), highest)
    if constrained != z_pos:
        warnings.warn(
            f"z was limited from {z_pos:.2f} to {constrained:.2f} px (stack of {z_size} planes, "
            f"allowed {lowest:.2f} to {highest:.2f}). If this recurs, the sample leaves the stack: "
            "widen it or shorten the interval.",
            UserWarning,
            stacklevel=2,
        )
    return float(constrained)
