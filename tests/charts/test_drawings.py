import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from dystrack.charts.drawing import (
    DARK,
    LIGHT,
    Area,
    Dot,
    Drawing,
    Line,
    Picture,
    Words,
    text_width,
)
from dystrack.charts.drawing_png import paint, png_bytes
from dystrack.charts.drawing_svg import colour_styles, svg_of
from PIL import Image, ImageFont

from dystrack.charts import drawing_png

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
MARKS = (
    Area(10, 10, 30, 20, "good", 0.5, "an area"),
    Line(((0, 0), (50, 0), (50, 40)), "series_1", 2.0),
    Line(((0, 60), (90, 60)), "bad", 3.0, is_dashed=True),
    Dot(70, 20, 5, "series_2", "a dot"),
    Words(20, 50, "12 µm", "ink", 14.0, "middle", is_bold=True),
    Picture(60, 40, 16, 8, PIXELS),
)
DRAWING = Drawing(100, 80, MARKS, "Some marks")


def elements(drawing):
    root = ET.fromstring(svg_of(drawing))  # noqa: S314 - our own text
    return root, [element.tag.rpartition("}")[2] for element in root]


def test_svg_has_an_element_for_each_mark():
    root, tags = elements(DRAWING)
    assert root.get("viewBox") == "0 0 100 80"
    assert root.get("aria-label") == "Some marks"
    assert tags == ["rect", "polyline", "polyline", "circle", "text", "image"]
    assert [title.text for title in root.findall(".//{*}title")] == ["an area", "a dot"]


def test_svg_holds_its_pictures():
    root, _ = elements(DRAWING)
    href = root[-1].get("href")
    data = base64.b64decode(href.removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), PIXELS)


def test_svg_escapes_text():
    nasty = '</text><script>"&'
    marks = (Words(0, 0, nasty), Dot(0, 0, 1, "ink", nasty))
    root, tags = elements(Drawing(10, 10, marks, nasty))
    assert tags == ["text", "circle"]
    assert root[0].text == root[1][0].text == root.get("aria-label") == nasty


def test_every_role_has_a_colour_in_light_and_dark():
    assert LIGHT.keys() == DARK.keys()
    used = set(re.findall(r"var\(--(\w+)\)", svg_of(DRAWING)))
    assert used <= LIGHT.keys()
    for role, colour in [*LIGHT.items(), *DARK.items()]:
        assert f"--{role}:{colour};" in colour_styles()


def painted(drawing):
    return np.asarray(Image.open(io.BytesIO(paint(drawing)))).astype(int)


def rgb(role):
    return list(bytes.fromhex(LIGHT[role][1:]))


def test_png_is_twice_as_large_and_shows_the_marks():
    image = painted(DRAWING)
    assert image.shape == (160, 200, 3)
    assert image[150, 100].tolist() == rgb("page")
    assert image[40, 140].tolist() == rgb("series_2")
    half = [(a + b) / 2 for a, b in zip(rgb("good"), rgb("page"), strict=True)]
    assert image[50, 70].tolist() == pytest.approx(half, abs=2)
    assert image[85, 125].tolist() == pytest.approx(PIXELS[0, 0].tolist(), abs=6)
    assert (image[90:101, 15:65] < 100).any()


def test_a_dashed_line_has_gaps():
    row = painted(DRAWING)[120]
    is_line = (row == rgb("bad")).all(axis=1)
    assert 5 < is_line.sum() < 160
    assert np.count_nonzero(np.diff(is_line.astype(int)) == 1) >= 8


def test_png_needs_no_font_of_the_system(monkeypatch):
    monkeypatch.setitem(drawing_png._FONTS, True, ())
    monkeypatch.setitem(drawing_png._FONTS, False, ("no such font.ttf",))
    drawing_png._font.cache_clear()
    image = painted(Drawing(60, 20, (Words(2, 15, "5 µm"),)))
    drawing_png._font.cache_clear()
    as_written = painted_by_own_font("5 um")
    assert np.abs(image - as_written).max() == 0


def painted_by_own_font(text):
    drawing_png._font.cache_clear()
    font = ImageFont.load_default(52)
    assert font.getlength(text) > 0
    image = painted(Drawing(60, 20, (Words(2, 15, text),)))
    drawing_png._font.cache_clear()
    return image


def test_grey_pictures_are_pictures_too():
    assert Image.open(io.BytesIO(png_bytes(PIXELS[..., 0]))).mode == "L"


def test_longer_text_is_wider():
    assert text_width("wider text", 10) > text_width("text", 10)
