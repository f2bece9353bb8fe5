import pytest

from dystrack.core.errors import IncompleteImageError
from dystrack.images.formats.ome_xml import read_ome_xml

NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def document(content="", *, sizes=(1, 1, 5), extra=""):
    t, c, z = sizes
    return (
        f'<?xml version="1.0"?><OME xmlns="{NAMESPACE}" UUID="urn:uuid:0"><Image><Pixels '
        f'SizeT="{t}" SizeC="{c}" SizeZ="{z}" SizeY="9" SizeX="9" {extra}>{content}</Pixels></Image></OME>'
    ).encode()


@pytest.mark.parametrize(
    ("content", "sizes", "n_linked", "n_pages"),
    [
        ("", (2, 3, 5), 30, 30),
        ("<TiffData/>", (1, 1, 5), 5, 5),
        ('<TiffData IFD="0" PlaneCount="5"/>', (1, 1, 5), 5, 5),
        ('<TiffData IFD="2"/><TiffData IFD="3"/>', (1, 1, 2), 2, 4),
        ('<TiffData IFD="1" NumPlanes="4"/>', (1, 1, 4), 4, 5),
    ],
)
def test_links_to_pages(content, sizes, n_linked, n_pages):
    image = read_ome_xml(document(content, sizes=sizes), n_pages=5)
    assert image.sizes == dict(zip("TCZ", sizes, strict=True))
    assert (image.n_linked, image.n_pages, image.is_spread) == (n_linked, n_pages, False)


def test_samples_of_a_colour_are_no_channels():
    image = read_ome_xml(document('<Channel SamplesPerPixel="3"/>', sizes=(1, 6, 2)), 4)
    assert image.sizes["C"] == 2


@pytest.mark.parametrize(("second", "is_spread"), [("urn:uuid:0", False), ("urn:uuid:1", True)])
def test_planes_in_other_files(second, is_spread):
    links = f'<TiffData IFD="0"/><TiffData IFD="1"><UUID FileName="b">{second}</UUID></TiffData>'
    assert read_ome_xml(document(links, sizes=(1, 1, 2)), 2).is_spread is is_spread


@pytest.mark.parametrize(
    ("unit", "um"), [("", 2.0), ("µm", 2.0), ("nm", 0.002), ("mm", 2000.0), ("pixel", None)]
)
def test_lengths(unit, um):
    extra = 'PhysicalSizeZ="2"' + (f' PhysicalSizeZUnit="{unit}"' if unit else "")
    image = read_ome_xml(document(extra=extra), 5)
    assert image.z_um == (um and pytest.approx(um))
    assert image.y_um is None


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (document()[:-20], "cannot be parsed"),
        (b"<OME></OME>", "describes no image"),
        (document(sizes=(0, 1, 5)), "impossible number"),
        (document(sizes=(9999, 9999, 9999)), "impossible number"),
        (document('<TiffData IFD="-1"/>'), "links 1 planes to page -1"),
        (document('<TiffData PlaneCount="99999999"/>'), "links 99999999"),
    ],
)
def test_what_cannot_be_is_refused(xml, reason):
    with pytest.raises(IncompleteImageError, match=reason):
        read_ome_xml(xml, 5)


def test_a_document_that_explodes_is_refused():
    layers = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "ha">{layers}]><OME>&e11;</OME>'.encode()
    with pytest.raises(IncompleteImageError, match="cannot be parsed"):
        read_ome_xml(bomb, 1)
