import base64
import gzip
import json
import re

from dystrack.charts.latencies import latency_chart
from dystrack.charts.rows import time_axis
from dystrack.charts.script import figure_places, figure_scripts, plotly_script
from made_up_rows import some_rows

ROWS = some_rows()
FIGURES = [latency_chart(ROWS, time_axis(ROWS))]


def unpacked(page, name):
    (data,) = re.findall(rf'<script type="text/plain" id="{name}">([^<]*)</script>', page)
    return gzip.decompress(base64.b64decode(data))


def test_a_page_carries_its_figures_and_what_draws_them():
    page = figure_scripts(FIGURES, "word")
    assert json.loads(unpacked(page, "figures")) == [FIGURES[0].as_json()]
    assert unpacked(page, "plotly") == plotly_script()
    assert b"plotly.js v" in plotly_script()[:200]
    assert len(page) < 2_500_000


def test_only_its_own_script_may_run():
    page = figure_scripts(FIGURES, "word")
    opened = re.findall(r"<script(?! type=.text/plain)[^>]*>", page)
    assert opened == ['<script nonce="word">']


def test_no_figure_can_be_sent_anywhere():
    page = figure_scripts(FIGURES, "word")
    assert b"sendChartToCloud" in plotly_script()  # what it offers unless told
    assert "showSendToCloud: false" in page
    assert 'plotlyServerURL: ""' in page


def test_a_figure_has_a_place_that_says_what_it_shows():
    place = figure_places(FIGURES, 7)
    assert 'data-figure="7"' in place
    assert f'aria-label="{FIGURES[0].caption}"' in place
