"""Settings from the environment: values are taken as they stand, or refused by name and never repeated."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.environment import Environment
from tests.rig import servers
from tests.rig.site import ROOT, child_environment

READS = {"text", "items", "integer", "number", "flag", "moment", "choice"}


def settings_read() -> dict[str, list[str]]:
    """{method: names of variables} of every read in the settings."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(ast.parse((ROOT / "backend" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS:
            name = node.args[0]
            assert isinstance(name, ast.Constant)
            found.setdefault(node.func.attr, []).append(str(name.value))
    return found


def test_a_text_is_taken_as_it_stands():
    for value in ("$2kQ", "$HOME", " a ", "\\$x", '"quoted"', "a,b", "#", ""):
        assert Environment({"X": value}).text("X") == value
    assert Environment({}).text("X", "default") == "default"


def test_a_list_has_no_spaces_and_no_empty_items():
    assert Environment({"X": " a.example.com, b.example.com ,,c "}).items("X") == [
        "a.example.com",
        "b.example.com",
        "c",
    ]
    assert Environment({"X": ""}).items("X", ["default"]) == []
    assert Environment({}).items("X", ["default"]) == ["default"]


@pytest.mark.parametrize(("text", "value"), [("7", 7), (" 7\n", 7), ("", 5), ("0", 0)])
def test_a_whole_number(text, value):
    assert Environment({"X": text}).integer("X", 5) == value


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), ("1e3", 1000.0), ("", 5.0), ("2", 2.0)])
def test_a_number(text, value):
    assert Environment({"X": text}).number("X", 5.0) == value


@pytest.mark.parametrize(("text", "value"), [("on", True), ("TRUE", True), ("0", False), ("No ", False), ("", False)])
def test_a_flag(text, value):
    assert Environment({"X": text}).flag("X", default=True) is value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *(("integer", text) for text in ("1k", "-1", "1.5", "١", "$PORT", "0x10", "1_000")),
        *(("number", text) for text in ("0.5s", "nan", "inf", "-1", "1,5", "$X")),
        *(("flag", text) for text in ("yes please", "2", "$DEBUG", "enabled")),
    ],
)
def test_what_is_of_another_type_is_refused_by_name_and_not_repeated(read, text):
    with pytest.raises(ImproperlyConfigured, match="LIMIT") as refusal:
        getattr(Environment({"LIMIT": text}), read)("LIMIT", 5)
    assert f"{text!r}" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC)),
        (" 2026-12-24T12:30:00Z", datetime(2026, 12, 24, 12, 30, tzinfo=UTC)),
        ("2026-12-24T12:30:00+02:00", datetime(2026, 12, 24, 10, 30, tzinfo=UTC)),
        ("", None),
    ],
)
def test_a_time(text, moment):
    assert Environment({"X": text}).moment("X") == moment


@pytest.mark.parametrize("text", ["tomorrow", "24.12.2026", "1798000000.5", "$UNTIL"])
def test_what_is_no_time_is_refused_by_name_and_not_repeated(text):
    with pytest.raises(ImproperlyConfigured, match="LIMIT") as refusal:
        Environment({"LIMIT": text}).moment("LIMIT")
    assert text not in str(refusal.value)


def test_no_setting_is_read_past_the_environment():
    """The next list with spaces, or secret with a dollar sign, is read by the same functions."""
    source = (ROOT / "backend" / "settings.py").read_text()
    assert "os.environ" not in source
    assert "environ." not in source
    assert {"ALLOWED_HOSTS", "CORS_ALLOWED_ORIGINS", "CORS_EXTRA_HEADERS", "CSRF_TRUSTED_ORIGINS"} <= {
        *settings_read()["items"]
    }


def _of_the_engine(*names):
    return {name: f"TIDEWIRE['{name}']" for name in names}


@pytest.mark.parametrize("name", settings_read()["items"])
def test_every_list_setting_takes_spaces(name):
    values = {"TIDEWIRE_EXTRA_APPS": ("tests.tidewire.liveapp", "tests.tidewire.liveapp")}
    first, second = values.get(name, ("https://a.example.com", "https://b.example.com"))
    attributes = {"TIDEWIRE_EXTRA_APPS": "RESOURCES", "CORS_EXTRA_HEADERS": "CORS_ALLOW_HEADERS[-2:]"}
    attribute = (attributes | _of_the_engine("SEARCH_LANGUAGES", "MQTT_MORE_FILTERS")).get(name, name)
    code = f"import backend.settings as s; print(s.{attribute})"
    environment = child_environment(servers.temporary_folder("lists")) | {name: f" {first} , {second} "}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == str([first, second]), done.stderr


def test_one_of_some_words():
    levels = ("INFO", "DEBUG")
    assert Environment({"LOG_LEVEL": " DEBUG "}).choice("LOG_LEVEL", "INFO", levels) == "DEBUG"
    assert Environment({"LOG_LEVEL": ""}).choice("LOG_LEVEL", "INFO", levels) == "INFO"
    with pytest.raises(ImproperlyConfigured, match=r"LOG_LEVEL must be one of INFO, DEBUG\.$"):
        Environment({"LOG_LEVEL": "my-secret"}).choice("LOG_LEVEL", "INFO", levels)


@pytest.mark.parametrize(
    "wrong", [{"LOG_LEVEL": "loud"}, {"SENTRY_DSN": "junk"}, {"DATABASE_URL": "junk"}, {"DATA_DIR": "/proc/x"}]
)
def test_a_command_says_in_a_sentence_which_variable_is_wrong(tmp_path, wrong):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=child_environment(tmp_path) | wrong,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("manage.py: ")
    assert len(done.stderr.splitlines()) == 1
    assert next(iter(wrong)) in done.stderr
