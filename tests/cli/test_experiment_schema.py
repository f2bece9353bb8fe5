"""The shipped schema of experiment files is that of the present settings and pipelines.

``python tests/cli/test_experiment_schema.py`` writes it anew.
"""

import json

from dystrack.cli.pipeline_words import SHIPPED
from dystrack.cli.sections import SECTIONS
from dystrack.tools.kit.experiment.schema import SCHEMA_PATH, experiment_schema


def text_of_schema() -> str:
    schema = experiment_schema(SHIPPED, SECTIONS)
    return json.dumps(schema, indent=1, ensure_ascii=False, default=str) + "\n"


def test_the_shipped_schema_is_current():
    shipped = SCHEMA_PATH.read_text("utf-8")
    assert shipped == text_of_schema(), "python tests/cli/test_experiment_schema.py writes it anew"


def test_it_knows_settings_options_and_choices():
    schema = experiment_schema(SHIPPED, SECTIONS)
    limits = schema["properties"]["limits"]["properties"]
    assert limits["on_runaway"]["enum"] == ["warn", "hold"]
    assert limits["max_failures"]["type"] == "integer"
    assert limits["max_failures"]["minimum"] == 0
    assert schema["properties"]["pipeline"]["properties"]["timeout_s"]["exclusiveMinimum"] == 0
    assert schema["properties"]["watching"]["properties"]["recurse"]["type"] == "boolean"
    chosen = {
        rule["if"]["properties"]["pipeline"]["properties"]["name"]["const"]: rule["then"]
        for rule in schema["allOf"]
    }
    sigma = chosen["lateral_line"]["properties"]["options"]["properties"]["gauss_sigma"]
    assert (sigma["type"], sigma["default"]) == ("number", 3.0)
    assert "Gaussian" in sigma["description"]


if __name__ == "__main__":
    SCHEMA_PATH.write_text(text_of_schema(), "utf-8", newline="\n")
