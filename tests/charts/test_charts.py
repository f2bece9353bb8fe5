import pytest
from dystrack.charts.charts import Plot, Scale, linear_scale, logarithmic_scale
from dystrack.charts.drawing import Area, Dot, Line, Words


@pytest.mark.parametrize(
    ("low", "high", "n", "ticks"),
    [
        (0, 10, 5, (0, 2, 4, 6, 8, 10)),
        (0, 1, 5, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (-45, 45, 5, (-40, -20, 0, 20, 40)),
        (120, 1210, 4, (500, 1000)),
        (0, 0.003, 5, (0, 0.001, 0.002, 0.003)),
        (3, 3, 5, (2.6, 2.8, 3.0, 3.2, 3.4)),
    ],
)
def test_a_linear_scale_has_round_numbers(low, high, n, ticks):
    scale = linear_scale(low, high, n)
    assert scale.ticks == pytest.approx(ticks)
    assert (scale.share(scale.low), scale.share(scale.high)) == (0, 1)
    assert scale.low <= low <= high <= scale.high


@pytest.mark.parametrize(
    ("low", "high", "ends", "ticks"),
    [
        (0.07, 86, (0.05, 100), (0.1, 1, 10, 100)),
        (50, 2000, (50, 2000), (50, 100, 200, 500, 1000, 2000)),
        (0.2, 0.9, (0.2, 1), (0.2, 0.5, 1)),
        (3, 3, (2, 5), (2, 5)),
        (1, 1, (1, 2), (1, 2)),
    ],
)
def test_a_logarithmic_scale_ends_with_round_numbers(low, high, ends, ticks):
    scale = logarithmic_scale(low, high)
    assert (scale.low, scale.high) == pytest.approx(ends)
    assert scale.ticks == pytest.approx(ticks)


def test_equal_factors_are_equal_distances():
    scale = logarithmic_scale(1, 100)
    assert scale.share(10) == pytest.approx(0.5)
    assert scale.share(0) == 0


def a_plot():
    return Plot(200, 100, Scale(0, 10, (0, 5, 10)), Scale(0, 2, (0, 2)), "Time / h", "Way / µm")


def test_values_lie_between_the_axes():
    plot = a_plot()
    assert plot.place(0, 0) == (plot.left, plot.top + plot.plot_height)
    assert plot.place(10, 2) == (plot.left + plot.plot_width, plot.top)


def test_what_is_put_in_lies_above_the_grid():
    plot = a_plot()
    plot.curve([0, 5], [0, 1], "good")
    plot.dots([5], [1], "bad", tips=["here"])
    plot.area((0, 0), (5, 2), "still")
    plot.legend([("good", "well"), ("bad", "not so")])
    drawing = plot.finish("A chart")
    assert (drawing.width, drawing.height, drawing.caption) == (200, 100, "A chart")
    curve, dot, area = drawing.marks[-7:-4]
    assert isinstance(curve, Line)
    assert curve.points == (plot.place(0, 0), plot.place(5, 1))
    assert dot == Dot(*plot.place(5, 1), 2.6, "bad", "here")
    assert area == Area(*plot.place(0, 2), plot.plot_width / 2, plot.plot_height, "still")
    texts = [mark.text for mark in drawing.marks if isinstance(mark, Words)]
    assert texts == ["0", "5", "10", "Time / h", "0", "2", "Way / µm", "well", "not so"]
