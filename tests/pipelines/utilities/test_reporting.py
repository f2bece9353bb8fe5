from dystrack.pipelines.utilities.reporting import report


def test_report_prints_one_line_if_asked(capsys):
    report(False, "unheard")
    report(True, "heard")
    assert capsys.readouterr().out == "heard\n"
