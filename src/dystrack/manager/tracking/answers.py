"""Where a target may lie."""

from dystrack.core.coordinates import PixelPosition
from dystrack.core.errors import RefusedMoveError

__all__ = ["check_inside_image"]

# No camera or scanner has more; holds where the image does not tell its shape.
_LARGEST_AXIS_PX = 1_000_000


def check_inside_image(
    position: PixelPosition, shape_zyx: tuple[int, int, int] | None, margin_px: float
) -> None:
    """Refuse a target outside its image.

    Parameters
    ----------
    position : PixelPosition
        The target.
    shape_zyx : tuple of int or None
        Size of the image along Z, Y, X; None where the file does not tell.
    margin_px : float
        How far outside a target may lie in pixels; infinite to allow any.

    Raises
    ------
    RefusedMoveError
        If it lies further outside along any axis.
    """
    sizes = shape_zyx or (_LARGEST_AXIS_PX,) * 3
    for axis, value, size in zip("zyx", position, sizes, strict=True):
        lowest, highest = 0 - margin_px, size - 1 + margin_px
        if not lowest <= value <= highest:
            msg = (
                f"Target is outside the image: {axis} = {value:.1f} px, allowed {lowest:g} to "
                f"{highest:g}. Nothing of it was sent. Check the pipeline's settings, such as "
                "`channel`; `frame_margin_px` allows targets beyond the border."
            )
            raise RefusedMoveError(msg)
