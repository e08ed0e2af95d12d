"""The help of an operator's commands teaches: each has examples, and each example is one that the command accepts."""

from __future__ import annotations

import shlex
import subprocess
import sys
from argparse import Action, ArgumentParser, ArgumentTypeError

import pytest
from django.core.management import BaseCommand, CommandError, get_commands, load_command_class

from tests.rig.site import ROOT, child_environment
from tidewire.diagnosis.arguments import PORT, above_zero, http_url, workers_wanted
from tidewire.diagnosis.commands import OurCommand, TeachingCommand, stream_name, table

TAUGHT = {"connections", "disconnect", "doctor", "loadtest", "publish", "replay", "streams", "tail", "token", "why"}


def all_commands() -> dict[str, BaseCommand]:
    ours = ("tidewire", "realtime", "api", "backend")
    return {name: load_command_class(str(app), name) for name, app in get_commands().items() if app in ours}


def commands() -> dict[str, TeachingCommand]:
    return {name: command for name, command in all_commands().items() if isinstance(command, TeachingCommand)}


def test_the_commands_of_an_operator_teach():
    assert set(commands()) >= TAUGHT


@pytest.mark.parametrize("name", sorted(TAUGHT))
def test_each_example_is_accepted(name):
    command = commands()[name]
    parser = command.create_parser("manage.py", name)
    assert len(command.examples) >= 2
    for arguments, what in command.examples:
        assert what
        parser.parse_args(shlex.split(arguments.partition(" | ")[0]))
    help = parser.format_help()
    assert f"manage.py {name} {command.examples[0][0]}".rstrip() in help
    undocumented = [action.dest for action in parser._actions if not action.help]
    assert undocumented == []


def test_every_command_says_what_is_not_there():
    assert len(all_commands()) > 20
    assert [name for name, command in all_commands().items() if not isinstance(command, OurCommand)] == []


def actions_of(parser: ArgumentParser) -> list[Action]:
    """Those of a command, and of the commands inside it."""
    inside = [each.choices for each in parser._actions if isinstance(each.choices, dict)]
    return [*parser._actions, *(action for parsers in inside for one in parsers.values() for action in actions_of(one))]


@pytest.mark.parametrize("name", sorted(all_commands()))
def test_every_number_has_bounds(name):
    """One without them fails somewhere inside: `--limit -1`, `--port 99999`."""
    found = actions_of(all_commands()[name].create_parser("manage.py", name))
    ours = [action for action in found if action.dest != "verbosity"]
    assert [action.option_strings for action in ours if action.type in (int, float)] == []


@pytest.mark.parametrize("name", sorted(all_commands()))
def test_every_url_is_looked_at(name):
    found = actions_of(all_commands()[name].create_parser("manage.py", name))
    assert [
        each.dest for each in found if (each.dest == "url" or each.metavar == "URL") and each.type != http_url
    ] == []


@pytest.mark.parametrize("text", ["", "foo", "10.0.0.7:8000", "//a", "ftp://a", "http://", "http://[::1", "http://a:x"])
def test_a_url_is_one_of_a_server(text):
    with pytest.raises(ArgumentTypeError, match="is no URL such as"):
        http_url(text)
    assert http_url("http://[::1]:8000/") == "http://[::1]:8000"


@pytest.mark.parametrize("text", ["-1", "0", "x", "", "1.5", "99999", "9" * 40, "٣"])
def test_a_port_is_a_port(text):
    with pytest.raises(ArgumentTypeError):
        PORT(text)
    assert PORT("8000") == 8000


@pytest.mark.parametrize("text", ["-1", "0", "x", "nan", "inf"])
def test_a_pace_is_above_zero(text):
    with pytest.raises(ArgumentTypeError):
        above_zero(text)
    assert above_zero("0.5") == 0.5


def test_the_number_of_workers_is_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "four")
    assert workers_wanted(2) == 2
    with pytest.raises(CommandError, match="WEB_CONCURRENCY: 'four' is no whole number"):
        workers_wanted(None)


AWAY = "postgres://nobody:secret-password@127.0.0.1:1/none"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["streams"], {"DATABASE_URL": AWAY}, "CommandError: the database does not answer; see `manage.py doctor`"),
        (["token", "bob@example.com"], {}, "CommandError: a table is missing: run `manage.py migrate`"),
        (["why", "bob@example.com", "room:none", "1"], {}, "CommandError: a table is missing: run `manage.py migrate`"),
        (
            ["publish", "room:0197b1f0-1c3a-7000-8000-000000000000", "typing"],
            {"REDIS_URL": "redis://127.0.0.1:1/0"},
            "CommandError: The channel layer does not answer: ",
        ),
    ],
)
def test_a_failure_is_a_sentence(tmp_path, arguments, settings, sentence):
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**child_environment(tmp_path), **settings},
        input="{}",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-password" not in done.stderr


def test_a_table_has_columns():
    assert table([["a", 1], ["long", 20]], ["X", "COUNT"]) == "X     COUNT\na     1\nlong  20"


def test_a_stream_is_spelt_as_the_log_spells_it():
    assert stream_name("room:0197B1F0-1C3A-7000-8000-000000000000") == "room:0197b1f0-1c3a-7000-8000-000000000000"
    with pytest.raises(ArgumentTypeError, match="kind:key"):
        stream_name("room")
