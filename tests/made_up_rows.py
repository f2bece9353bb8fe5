"""Rows of prescans that never were, for tests of what is drawn of them."""

from dystrack.charts.rows import Row


def a_row(number=1, **changes):
    """Return a row of a sample that moves 2 µm along x per prescan, 1 µm ahead of the stage."""
    x = 2.0 * (number - 1)
    values = {
        "position": "1",
        "number": number,
        "name": f"prescan_{number}.tif",
        "time_s": 60.0 * (number - 1),
        "message": "OK",
        "target": (0.0, 0.0, x + 1.0),
        "stage": (0.0, 0.0, x),
        "step": (0.0, 0.0, 2.0),
        "complete_s": 0.01,
        "analysed_s": 0.04,
        "sent_s": 0.05,
        "distance_um": 1.0,
        "untracked_um": 1.0 + x,
        "in_view": True,
        "untracked_in_view": number < 4,
    }
    return Row(**(values | changes))


def some_rows():
    """Return ten rows: the third failed, the fifth was not sent, the last two were held."""
    outcomes = {3: "failed", 5: "not sent", 9: "held", 10: "held"}
    return [
        a_row(n, outcome=outcomes[n], target=None, message=f"<b>why {n}</b>")
        if n in outcomes
        else a_row(n)
        for n in range(1, 11)
    ]
