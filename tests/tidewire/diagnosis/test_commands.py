"""The help of an operator's commands teaches: each has examples, and each example is one that the command accepts."""

from __future__ import annotations

import shlex

import pytest
from django.core.management import get_commands, load_command_class

from tidewire.diagnosis.commands import TeachingCommand, stream_name, table

TAUGHT = {"connections", "disconnect", "doctor", "loadtest", "publish", "replay", "streams", "tail", "token", "why"}


def commands() -> dict[str, TeachingCommand]:
    ours = ("tidewire", "realtime", "api", "backend")
    found = {name: load_command_class(app, name) for name, app in get_commands().items() if app in ours}
    return {name: command for name, command in found.items() if isinstance(command, TeachingCommand)}


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


def test_a_table_has_columns():
    assert table([["a", 1], ["long", 20]], ["X", "COUNT"]) == "X     COUNT\na     1\nlong  20"


def test_a_stream_is_spelt_as_the_log_spells_it():
    assert stream_name("room:0197B1F0-1C3A-7000-8000-000000000000") == "room:0197b1f0-1c3a-7000-8000-000000000000"
    with pytest.raises(ValueError, match="kind:key"):
        stream_name("room")
