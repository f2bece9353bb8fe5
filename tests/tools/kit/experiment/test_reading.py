"""Experiment files: what they give, and the one line that each wrong one ends with."""

from pathlib import Path

import attrs
import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.manager.setting_rules import Choice, Number, setting
from dystrack.manager.settings import SETTING_NAMES
from dystrack.pipelines import lateral_line
from dystrack.tools.kit.experiment.reading import read_experiment
from dystrack.tools.kit.experiment.sections import PURPOSES, section_of, settings_in

PACKAGE = "dystrack.pipelines"
NAME = '[pipeline]\nname = "lateral_line"\n'


@attrs.frozen(kw_only=True)
class Bells:
    """Whom to wake.

    Attributes
    ----------
    loudness : float
        How loud. Up to the neighbours.
    tone : str
        Which sound.
    """

    loudness: float = setting(1.0, Number())
    tone: str = setting("ding", Choice(("ding", "dong")))


OTHERS = {"bells": Bells}


def read(folder: Path, text: str | bytes):
    path = folder / "experiment.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_experiment(path, PACKAGE, OTHERS)


def test_every_section_arrives(tmp_path):
    read_file = read(
        tmp_path,
        NAME
        + """
isolate = false
[options]
gauss_sigma = 2
channel = 1
[watching]
file_start = "prescan"
[limits]
max_step_um = [10, 50.5, inf]
max_failures = 4
[tracking]
track = "auto"
img_err_fallback = "stay"
[sending]
answer_files = true
tra_kwargs = { depth = 3 }
[bells]
tone = "dong"
""",
    )
    assert read_file.image_analysis_func is lateral_line.analyze_image
    assert read_file.analysis_kwargs == {"gauss_sigma": 2.0, "channel": 1}
    assert type(read_file.analysis_kwargs["gauss_sigma"]) is float
    assert read_file.manager_kwargs == {
        "isolate": False,
        "file_start": "prescan",
        "max_step_um": [10, 50.5, float("inf")],
        "max_failures": 4,
        "track": "auto",
        "img_err_fallback": "stay",
        "answer_files": True,
        "tra_kwargs": {"depth": 3},
    }
    assert read_file.sections == {"bells": Bells(tone="dong")}


def test_a_pipeline_is_looked_for_beside_the_file(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "def follow(target_path, halo=1.0, weights=None):\n    return 0, 0, 0, 'OK', {}\n", "utf-8"
    )
    monkeypatch.chdir("/")
    text = '[pipeline]\nname = "mine.py:follow"\n[options]\nweights = [1, 2]\n[cache]\nhalo = 3\n'
    read_file = read(tmp_path, text)
    assert read_file.image_analysis_func.__name__ == "follow"
    assert (read_file.analysis_kwargs, read_file.analysis_cache) == (
        {"weights": [1, 2]},
        {"halo": 3.0},
    )


@pytest.mark.parametrize("complete", [False, True])
def test_a_path_among_the_options_is_seen_from_the_file(tmp_path, monkeypatch, complete):
    monkeypatch.chdir("/")
    model = tmp_path / "lab" / "fish.npz"
    shown = model.as_posix() if complete else "lab/fish.npz"
    text = f'[pipeline]\nname = "pixel_classifier"\n[options]\nmodel = "{shown}"\naim = "left"\n'
    assert read(tmp_path, text).analysis_kwargs == {"model": str(model), "aim": "left"}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + NAME.replace("\n", "\r\n"),
        NAME.replace(" = ", "\t=\t"),
        NAME.replace("\n", "\t\n\t"),
    ],
)
def test_a_mark_at_the_start_line_ends_of_windows_and_tabs_are_taken(tmp_path, text):
    assert read(tmp_path, text.encode()).manager_kwargs == {}


def test_every_setting_stands_in_one_section():
    shown = [name for section in PURPOSES for name in settings_in(section)]
    assert sorted(shown) == sorted(set(SETTING_NAMES) - {"img_kwargs", "img_cache"})
    assert all(name in settings_in(section_of(name)) for name in shown)
    assert section_of("img_kwargs") == section_of("gauss_sigma") == ""


OPTIONS, WATCHING, LIMITS, TRACKING = (
    f"{NAME}[{section}]\n" for section in ("options", "watching", "limits", "tracking")
)
# What stands in the file: what the message has to say, in this order.
WRONG = [
    # No TOML: the line, and what to do about it.
    (NAME + "gauss_sigma 2", "line 3: gauss_sigma 2", "name = value"),
    (OPTIONS + "gauss_sigma = 2,5", "line 4: gauss_sigma = 2,5", "decimal point (3.5)"),
    (OPTIONS + "gauss_sigma = .5", "gauss_sigma = .5", "before and after the point"),
    (OPTIONS + "gauss_sigma = 2.", "gauss_sigma = 2.", "before and after the point"),
    (OPTIONS + "channel = 01", "channel = 01", "without leading zeros"),
    (OPTIONS + "channel =", "channel =", "Give a value behind ="),
    (OPTIONS + "channel = None", "channel = None", "Leave the line out"),
    (OPTIONS + "verbose = True", "verbose = True", "true or false in lower case"),
    (LIMITS + "max_step_um = 50 µm", "max_step_um = 50 µm", "without a unit"),
    (LIMITS + "max_step_um = [10, 50", "max_step_um = [10, 50", "Close the brackets"),
    (
        LIMITS + "max_step_um = 10, 50, 50",
        "max_step_um = 10, 50, 50",
        "several numbers in brackets",
    ),
    (LIMITS + "max failures = 3", "max failures = 3", "without spaces"),
    (WATCHING + "file_end = .tif", "file_end = .tif", "Put text between quotation marks"),
    (WATCHING + "file_start = prescan", "file_start = prescan", "between quotation marks"),
    (WATCHING + 'file_start = "prescan', 'file_start = "prescan', "Close the quotation mark"),
    (WATCHING + "file_start = “prescan”", "file_start = “prescan”", "straight quotation marks"),
    (WATCHING + "recurse: true", "recurse: true", "name = value"),
    ("[pipeline\nname = 3", "line 1: [pipeline", "Close the name of the section"),
    (OPTIONS + "channel = 1\nchannel = 2", "channel = 2", "Keep one of the two"),
    (NAME + NAME, "line 3: [pipeline]", "Keep one of the two"),
    ('[pipeline]\nname = "D:\\data\\new.py"', "data", "between single quotation marks"),
    ('[pipeline]\nname = "D:\\new.py"', "new.py", "between single quotation marks"),
    (
        NAME.encode() + "# für".encode("cp1252"),
        "experiment.toml is not written in UTF-8",
        "Save it",
    ),
    # What word processors, spreadsheets, other languages and other systems make of it.
    (OPTIONS + "gauss_sigma = 1.000,5", "gauss_sigma = 1.000,5", "decimal point"),
    (OPTIONS + "gauss_sigma = '2,5'", "not '2,5'", "2.5 with a decimal point"),
    (OPTIONS + "gauss_sigma = 2;", "gauss_sigma = 2;", "nothing behind it"),
    (OPTIONS + "gauss_sigma = 3,  # px", "gauss_sigma = 3,", "nothing behind it"),
    (OPTIONS + "gauss_sigma = 2.5.1", "gauss_sigma = 2.5.1", "one number"),
    (OPTIONS + "gauss_sigma = 3 4", "gauss_sigma = 3 4", "one number"),
    (OPTIONS + "gauss_sigma == 2", "gauss_sigma == 2", "a single ="),
    (LIMITS + "max_step_um = [10 50 50]", "[10 50 50]", "commas between the values"),
    (LIMITS + "max_step_um = [10; 50; 50]", "[10; 50; 50]", "commas between the values"),
    (LIMITS + "max_step_um = (10, 50, 50)", "(10, 50, 50)", "square brackets"),
    (LIMITS + "max_step_um = [10,5, 50, 50]", "max_step_um is [10, 5, 50, 50]", "or three"),
    (WATCHING + "file_start = `prescan`", "`prescan`", "straight quotation marks"),
    (WATCHING + "file_start = »prescan«", "»prescan«", "straight quotation marks"),
    ("[pipeline]\nname = C:\\lab\\mine.py", "mine.py", "between single quotation marks"),
    ('[pipeline]\nname = "\\\\server\\share\\p.py"', "share", "between single quotation marks"),
    ("pipeline]\nname = 'drift'", "line 1: pipeline]", "Open the name of the section"),
    ("// mine\n" + NAME, "line 1: // mine", "comment with #"),
    ("; mine\n" + NAME, "line 1: ; mine", "comment with #"),
    (NAME.replace(" ", "\u00a0"), "line 2", "nobody sees"),
    (NAME.replace("name", "name\u200b"), "line 2", "nobody sees"),
    (b"\xef\xbb\xbf" + b"\xef\xbb\xbf" + NAME.encode(), "line 1", "nobody sees"),
    (NAME.encode("utf-16"), "experiment.toml is not written in UTF-8", "in Notepad"),
    (NAME.encode("utf-16-le"), "experiment.toml is not written in UTF-8", "in Notepad"),
    # No such section or key: the nearest one.
    (NAME + "[limit]\nmax_failures = 1", "There is no section [limit]", "Did you mean limits?"),
    ("limits = 3\n" + NAME, "limits is 3", "write [limits] above its keys"),
    ("max_failures = 3\n" + NAME, "max_failures = 3 stands in no section", "below [limits]"),
    (LIMITS + "max_stepum = 3", "[limits] has no max_stepum (here 3)", "Did you mean max_step_um?"),
    (WATCHING + "max_failures = 3", "[watching] has no max_failures", "below [limits]"),
    (WATCHING + "gaus = 3", "[watching] has no gaus (here 3)", "stands below [options]"),
    (OPTIONS + "gaus_sigma = 3", "[options] has no gaus_sigma (here 3)", "mean gauss_sigma?"),
    (OPTIONS + "track = 'auto'", '[options] has no track (here "auto")', "below [tracking]"),
    (NAME + "[bells]\ntones = 1", "[bells] has no tones (here 1)", "Did you mean tone?"),
    # The pipeline.
    ("[watching]\nrecurse = true", "[pipeline] name is missing", 'name = "center_of_mass"'),
    ("[pipeline]\nname = 3", "[pipeline] name is 3", 'name = "center_of_mass"'),
    ('[pipeline]\nname = "lateral"', '[pipeline] name is "lateral"', "Did you mean lateral_line?"),
    ("[pipeline]\nname = 'sub/no.py'", "no.py", "There is no folder"),
    # A value that is not allowed.
    (OPTIONS + 'gauss_sigma = "3"', "[options] gauss_sigma expects a number, not '3'", "marks out"),
    (OPTIONS + "channel = 1.5", "[options] channel expects a whole number or none", "not 1.5"),
    (OPTIONS + "verbose = 'yes'", "[options] verbose expects true or false, not 'yes'", ""),
    (OPTIONS + "gauss_sigma = nan", "[options] gauss_sigma expects a number", "not nan"),
    (LIMITS + "max_step_um = [1, 2]", "[limits] max_step_um is [1, 2]", "or three for z, y, x"),
    (LIMITS + "max_failures = -1", "[limits] max_failures is -1", "a whole number of 0 or more"),
    (LIMITS + "max_failures = 2.5", "[limits] max_failures is 2.5", "a whole number"),
    (LIMITS + 'on_runaway = "panic"', '[limits] on_runaway is "panic"', "one of 'warn', 'hold'"),
    (WATCHING + 'recurse = "yes"', '[watching] recurse is "yes"', "Give true or false"),
    (WATCHING + "file_start = 3", "[watching] file_start is 3", "Give a text"),
    (WATCHING + "file_end = '*.tif'", "file_end is '*.tif'", "no wildcards"),
    (WATCHING + "file_regex = '['", "file_regex", "regular expression"),
    (TRACKING + "track = true", "[tracking] track is true", "one of 'off', 'smooth'"),
    (NAME + "timeout_s = 0", "[pipeline] timeout_s is 0", "a number above 0"),
    (NAME + "[sending]\ntra_kwargs = 3", "[sending] tra_kwargs is 3", "a table"),
    (NAME + "[bells]\nloudness = -1", "[bells] loudness is -1", "a number of 0 or more"),
    (
        OPTIONS + "channel = 1\n[cache]\nchannel = 1",
        "channel stands in [options] and in [cache]",
        "Keep",
    ),
    (WATCHING + "end_on_esc = false", "end_on_esc is False", "Set at least one"),
]


@pytest.mark.parametrize(("text", "said", "remedy"), WRONG)
def test_a_wrong_file_ends_with_one_line(tmp_path, text, said, remedy):
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    assert "experiment.toml" in message
    assert said in message
    assert remedy in message[message.index(said) + len(said) :]


def test_there_is_no_such_file(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no file .*other\.toml.*dystrack init"):
        read_experiment(tmp_path / "other.toml", PACKAGE)


def test_a_run_file_is_no_pipeline(tmp_path):
    (tmp_path / "run_it.py").write_text(
        "from dystrack.pipelines.lateral_line import analyze_image as image_analysis_func\n"
        "analysis_kwargs = {'channel': 1}\n",
        "utf-8",
    )
    with pytest.raises(ConfigurationError, match=r"a run file with settings.*dystrack convert"):
        read(tmp_path, '[pipeline]\nname = "run_it.py"\n')
