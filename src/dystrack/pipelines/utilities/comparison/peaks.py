"""Where a peak lies between the samples of a curve."""

__all__ = ["vertex_offset"]


def vertex_offset(before: float, top: float, after: float) -> float:
    """Return how far the vertex of a parabola through three neighbours lies beside the middle one.

    Of logarithms it is the centre of a Gaussian. A line that does not bend down gives 0.0.
    """
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
