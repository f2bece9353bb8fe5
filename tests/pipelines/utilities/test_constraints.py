import pytest
from hypothesis import given
from hypothesis import strategies as st

from dystrack.pipelines.utilities.constraints import constrain_z_movement


@pytest.mark.parametrize(
    ("z_pos", "z_size", "limit_fract", "expected"),
    [
        (0.0, 21, 0.1, 8.0),
        (20.0, 21, 0.1, 12.0),
        (7.9, 21, 0.1, 8.0),
        (-50.0, 9, 0.2, 2.4),
        (1.7, 9, 0.2, 2.4),
        (3.0, 2, 0.1, 0.6),
        (1.0, 5, 0.0, 2.0),
    ],
)
def test_limit_bites(z_pos, z_size, limit_fract, expected):
    with pytest.warns(UserWarning, match="z was limited from"):
        assert constrain_z_movement(z_pos, z_size, limit_fract) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("z_pos", "z_size", "limit_fract"),
    [(10, 21, 0.1), (8.0, 21, 0.1), (12.0, 21, 0.1), (0.0, 1, 0.1), (0.0, 21, 0.5)],
)
def test_limit_does_not_bite(z_pos, z_size, limit_fract):
    constrained = constrain_z_movement(z_pos, z_size, limit_fract)
    assert constrained == z_pos
    assert type(constrained) is float


@pytest.mark.filterwarnings("ignore:z was limited")
@given(st.floats(allow_nan=False), st.integers(1, 500), st.floats(0, 0.5, allow_subnormal=False))
def test_result_is_always_within_the_limits(z_pos, z_size, limit_fract):
    distance = abs(constrain_z_movement(z_pos, z_size, limit_fract) - (z_size - 1) / 2)
    assert distance <= limit_fract * (z_size - 1) * (1 + 1e-9) + 1e-9
