"""What people's files rely on: paths, parameter names, order, defaults."""

import importlib
import inspect

import pytest

PROMISES = {
    "dystrack.manager.manager.run_dystrack_manager": (
        "target_dir, image_analysis_func, max_checks=None, max_triggers=None, end_on_esc=True, "
        'delay=1.0, recurse=False, file_start="", file_end="", file_regex="", img_kwargs={}, '
        'img_cache={}, img_err_fallback=True, tra_method="txt", tra_kwargs={}, '
        "tra_err_resume=False, write_txt=True"
    ),
    "dystrack.manager.cmdline.run_via_cmdline": (
        "argv, image_analysis_func, analysis_kwargs={}, analysis_cache={}, manager_kwargs={}"
    ),
    "dystrack.manager.transmitters.send_coords_txt": (
        'fpath, z_pos=None, y_pos=None, x_pos=None, msg="_", precision=4'
    ),
    "dystrack.manager.transmitters.send_coords_winreg": (
        'z_pos=None, y_pos=None, x_pos=None, codeM="focus", errMsg=None'
    ),
    "dystrack.pipelines.center_of_mass.analyze_image": (
        'target_path, channel=None, method="intensity", gauss_sigma=3.0, count_reduction=0.5, '
        "await_write=2, warn_8bit=True, show=False, verbose=False"
    ),
    "dystrack.pipelines.lateral_line.analyze_image": (
        "target_path, channel=None, gauss_sigma=3.0, count_reduction=0.5, blank_fract=0.2, "
        "default_catchup_fract=0.2, default_step_fract=0.125, await_write=2, warn_8bit=True, "
        "show=False, verbose=False"
    ),
    "dystrack.pipelines.chick_node.analyze_image": (
        "target_path, channel=None, await_write=2, warn_8bit=True, show=False, verbose=False"
    ),
    "dystrack.pipelines.minimal_example.analyze_image": (
        "target_path, channel=None, await_write=2, warn_8bit=True, verbose=False"
    ),
    "dystrack.pipelines.utilities.loading.robustly_load_image_after_write": (
        "target_path, await_write=2"
    ),
    "dystrack.pipelines.utilities.constraints.constrain_z_movement": (
        "z_pos, z_size, limit_fract=0.1"
    ),
}


@pytest.mark.parametrize("path", PROMISES)
def test_promised_signatures(path):
    module, name = path.rsplit(".", 1)
    function = getattr(importlib.import_module(module), name)
    promised = {}
    exec(f"def promise({PROMISES[path]}): ...", promised)  # noqa: S102 - our own table
    wanted = [
        (p.name, p.default) for p in inspect.signature(promised["promise"]).parameters.values()
    ]
    given = list(inspect.signature(function).parameters.values())
    assert [(p.name, p.default) for p in given[: len(wanted)]] == wanted
    assert all(p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for p in given[: len(wanted)])
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in given[len(wanted) :])
    assert name in importlib.import_module(module).__all__
