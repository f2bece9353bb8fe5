import sys

import pytest

from dystrack.core.errors import ConfigurationError
from dystrack.core.hooks import warm_up
from fakes import fixed_pipeline


@pytest.fixture
def offer(monkeypatch):
    """Have the module of `fixed_pipeline` offer a function `warm_up`."""
    return lambda function: monkeypatch.setattr(
        sys.modules["fakes"], "warm_up", function, raising=False
    )


@pytest.mark.parametrize(("takes_options", "given"), [(True, {"answer": (1, 2, 3)}), (False, {})])
def test_it_gets_the_options_where_it_takes_them(offer, takes_options, given):
    calls = []
    offer((lambda **kwargs: calls.append(kwargs)) if takes_options else lambda: calls.append({}))
    warm_up(fixed_pipeline, {"answer": (1, 2, 3)})
    assert calls == [given]


def test_a_refusal_is_raised(offer):
    def refuse():
        raise ConfigurationError("`method` is 'b'")

    offer(refuse)
    with pytest.raises(ConfigurationError, match="method"):
        warm_up(fixed_pipeline, {})


def test_any_other_failure_is_left_to_the_first_prescan(offer, caplog):
    def broken():
        raise RuntimeError("no reader")

    offer(broken)
    warm_up(fixed_pipeline, {})
    assert "no reader" in caplog.text


def test_unknown_options_are_refused_without_a_warm_up():
    warm_up(fixed_pipeline, {"answer": (1, 2, 3)})
    warm_up(dict, {"anything": 1})
    with pytest.raises(ConfigurationError, match="thresh"):
        warm_up(fixed_pipeline, {"thresh": 1})
