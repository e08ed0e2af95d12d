"""Start-up checks: silent by default, each fires for what it is there for, and production passes with good settings."""

import inspect
import os
import re
import secrets
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core import checks
from django.db import connections, models
from django.test.utils import isolate_apps
from rest_framework import serializers

from tests.rig.site import ROOT, child_environment
from tests.tidewire.liveapp.declarations import BoardSerializer, boards
from tests.tidewire.liveapp.models import Board, Item, Owner, ProxyItem, Vote
from tidewire.checks import bounds
from tidewire.declare.kinds import Rate, Retention, StreamKind
from tidewire.declare.live import Fact, Live, Touch
from tidewire.declare.registry import Registry, registry
from tidewire.models import LiveModel

OURS = ("tidewire", "backend")


def ids() -> list[str]:
    """What the checks find."""
    return [problem.id for problem in checks.run_checks(tags=OURS)]


def test_nothing_is_found_by_default():
    assert ids() == []


def test_every_problem_has_a_hint(settings, monkeypatch):
    monkeypatch.setattr(registry, "lives", [live(model=Owner)])
    monkeypatch.setitem(settings.TIDEWIRE, "NO_SUCH", 1)
    settings.MODE = "staging"
    found = checks.run_checks(tags=OURS)
    assert len(found) >= 3
    assert all(problem.hint for problem in found)


# -- the engine's settings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [("NO_SUCH_SETTING", 1, "tidewire.E001"), ("AUTHENTICATE", None, "tidewire.E002")],
)
def test_settings_of_the_engine(settings, name, value, id):
    settings.TIDEWIRE = {**settings.TIDEWIRE, name: value}
    assert ids() == [id]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_COMMANDS", 512),
        ("MAX_QUEUED_MESSAGES", 512),
        ("MAX_QUEUED_BYTES", 256 * 1024 - 1),
        ("MAX_FRAME_BYTES", 128 * 1024),
        ("FRAME_BURST", 1023),
        ("UNFINISHED_BODIES_BYTES", 1024 * 1024),
        ("UNREAD_ANSWERS_BYTES", 1024),
    ],
)
def test_limits_that_contradict_each_other(settings, name, value):
    settings.TIDEWIRE = {**settings.TIDEWIRE, name: value}
    (problem,) = checks.run_checks(tags=OURS)
    assert (problem.id, name in problem.msg) == ("tidewire.E005", True)
    least = int(re.search(r"\d+", problem.hint)[0])
    settings.TIDEWIRE = {**settings.TIDEWIRE, name: least}
    assert ids() == []


def test_no_limit_contradicts_nothing(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "UNFINISHED_BODIES_BYTES": 0, "UNREAD_ANSWERS_BYTES": 0}
    assert ids() == []


def test_more_subscriptions_want_more_of_the_other_limits(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "MAX_SUBSCRIPTIONS": 2000}
    assert ids() == ["tidewire.E005"] * 3


def test_a_token_that_outlives_the_revocation_of_its_session(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "TOKEN_SECONDS": 72 * 3600.0}
    assert ids() == ["tidewire.E006"]


def test_access_tokens_that_live_longer_than_the_engine_is_told(settings):
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "ACCESS_TOKEN_LIFETIME": timedelta(hours=2)}
    assert ids() == ["backend.E013"]


def database(monkeypatch, **changes) -> None:
    for name, value in changes.items():
        monkeypatch.setitem(django_settings.DATABASES["default"], name, value)


def test_an_unknown_database(monkeypatch):
    monkeypatch.setattr(connections["default"], "vendor", "mysql")
    assert "tidewire.E003" in ids()


@pytest.mark.parametrize(
    "engine", ["django_prometheus.db.backends.sqlite3", "django.contrib.gis.db.backends.spatialite"]
)
def test_the_name_of_a_databases_engine_does_not_matter(monkeypatch, engine):
    database(monkeypatch, ENGINE=engine)
    assert ids() == []


@pytest.mark.parametrize(
    ("command", "header", "found"),
    [
        ("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", None, []),
        ("pragma journal_mode = 'wal'", None, []),
        ("PRAGMA synchronous=FULL", None, ["tidewire.E007"]),  # no file yet
        ("", 1, ["tidewire.E007"]),
        ("", 2, []),  # a file keeps its mode
        ("PRAGMA journal_mode=DELETE", 1, ["tidewire.E007"]),
    ],
)
def test_sqlite_without_a_write_ahead_log(monkeypatch, tmp_path, command, header, found):
    file = tmp_path / "db.sqlite3"
    if header is not None:
        file.write_bytes(b"SQLite format 3\0" + bytes([16, 0, header, header]))
    config = {"NAME": file, "OPTIONS": {"init_command": command, "transaction_mode": "IMMEDIATE"}}
    monkeypatch.setattr(connections["default"], "vendor", "sqlite")
    monkeypatch.setattr(connections["default"], "settings_dict", {**connections["default"].settings_dict, **config})
    monkeypatch.setattr(connections["default"], "is_in_memory_db", lambda: False, raising=False)
    assert ids() == found


def a_method(context, data): ...


async def asynchronous(credential): ...


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTHENTICATE", "tests.no_such_module.authenticate"),
        ("AUTHENTICATE", "tests.rig.site.no_such_function"),
        ("AUTHENTICATE", f"{__name__}.asynchronous"),
        ("AUTHENTICATE", f"{__name__}.a_method"),  # another number of arguments
        ("AUTHENTICATE", f"{__name__}.OURS"),
        ("MAY_COMMAND", f"{__name__}.a_method"),
        ("RPC", {"it": f"{__name__}.a_method"}),
        ("RPC", {"it": f"{__name__}.asynchronous"}),
    ],
)
def test_settings_that_name_no_function_of_their_form(settings, name, value):
    settings.TIDEWIRE = {**settings.TIDEWIRE, name: value}
    (problem,) = checks.run_checks(tags=OURS)
    assert problem.id == "tidewire.E008"
    assert name in problem.msg
    assert "def …(" in problem.hint


# -- the deployment's settings ---------------------------------------------------------------------------------------


def test_an_unknown_mode(settings):
    settings.MODE = "staging"
    assert ids() == ["backend.E001"]


@pytest.fixture
def production(settings):
    """Good enough for every check."""
    settings.MODE, settings.IS_PRODUCTION = "production", True
    settings.ALLOWED_HOSTS = ["chat.example.org"]
    settings.SECRET_KEY = secrets.token_hex(32)
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "SIGNING_KEY": secrets.token_hex(32)}
    return settings


@pytest.mark.parametrize("name", bounds.POSITIVE)
def test_a_setting_that_must_be_above_0(settings, name):
    settings.TIDEWIRE = {**settings.TIDEWIRE, name: 0}
    assert "tidewire.E010" in ids()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("MQTT_PROTOCOL", ["4", "", "3.1"]),
        ("MQTT_PORT", [0, 65536]),
        ("MQTT_WINDOW", [65_536]),
        ("MQTT_PREFIX", ["", "a/b", "+", "a#", "$SYS", "a b", "a\n"]),
        ("MQTT_HOST", ["", " "]),
    ],
)
def test_a_broker_that_cannot_be_spoken_to(settings, name, values):
    for value in values:
        settings.TIDEWIRE = {**settings.TIDEWIRE, name: value}
        assert ids() == ["tidewire.E166"], value


@pytest.mark.parametrize(
    "host", ["https://chat.example.org", "chat.example.org:8000", "a b", "chat.example.org/", "*.a"]
)
def test_an_allowed_host_that_no_request_can_have(settings, host):
    settings.ALLOWED_HOSTS = ["chat.example.org", ".example.org", "127.0.0.1", "[::1]", "*", host]
    assert ids() == ["backend.E004"]


def test_a_token_for_metrics_that_can_be_guessed(production):
    production.TIDEWIRE = {**production.TIDEWIRE, "METRICS_TOKEN": "short"}
    assert ids() == ["backend.W015"]


def test_production_with_good_settings(production):
    assert ids() == []


def test_debug_in_production(production):
    production.DEBUG = True
    assert ids() == ["backend.E002"]


@pytest.mark.parametrize("hosts", [[], ["*"], ["chat.example.org", "*"]])
def test_any_host_in_production(production, hosts):
    production.ALLOWED_HOSTS = hosts
    assert ids() == ["backend.E003"]


@pytest.mark.parametrize("secret", ["", "short", "please-change-me-" * 4, "django-insecure-" + "x" * 50])
def test_a_missing_short_or_sample_secret_in_production(production, secret):
    production.SIMPLE_JWT = {**production.SIMPLE_JWT, "SIGNING_KEY": secret}
    assert ids() == ["backend.E010"]


def test_one_secret_for_two_things_in_production(production):
    production.SIMPLE_JWT = {**production.SIMPLE_JWT, "SIGNING_KEY": production.SECRET_KEY}
    assert ids() == ["backend.E011"]


def test_receivers_of_webhooks_on_this_machine_in_production(production):
    production.TIDEWIRE = {**production.TIDEWIRE, "WEBHOOK_LOOPBACK": True}
    assert ids() == ["backend.E014"]
    production.IS_PRODUCTION = False
    assert "backend.E014" not in ids()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IS_BEHIND_TLS", True),
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("USE_X_FORWARDED_HOST", True),
        ("USE_X_FORWARDED_PORT", True),
    ],
)
def test_a_proxy_in_production_that_is_not_counted(production, name, value):
    setattr(production, name, value)
    (problem,) = checks.run_checks(tags=OURS)
    assert problem.id == "backend.E012"
    assert "TRUSTED_PROXIES" in problem.msg
    assert "BEHIND_TLS=off" in problem.hint
    production.TIDEWIRE = {**production.TIDEWIRE, "TRUSTED_PROXIES": 1}
    assert ids() == []


@pytest.mark.parametrize(("workers", "found"), [("1", []), ("", []), ("2", ["backend.E020"])])
def test_the_memory_layer_reaches_one_process(monkeypatch, workers, found):
    monkeypatch.setenv("WEB_CONCURRENCY", workers)
    assert ids() == found


PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"


@pytest.mark.parametrize(
    ("backend", "hosts", "found"),
    [
        (PUBSUB, [{"address": "redis://one", "socket_timeout": 2.0}], []),
        (PUBSUB, ["redis://one"], ["backend.E022"]),
        (PUBSUB, [{"address": "redis://one", "socket_timeout": None}], ["backend.E022"]),
        (PUBSUB, [{"address": "redis://one", "socket_timeout": 0.1}], ["backend.E022"]),
        (PUBSUB, [{"address": "redis://one", "socket_timeout": 2.0}, "redis://two"], ["backend.E022"]),
        ("channels_redis.core.RedisChannelLayer", [], ["backend.E021"]),
    ],
)
def test_redis_layers(monkeypatch, backend, hosts, found):
    layer = {"BACKEND": backend, "CONFIG": {"hosts": hosts}}
    monkeypatch.setitem(django_settings.CHANNEL_LAYERS, "default", layer)
    assert ids() == found


def test_kept_connections(monkeypatch):
    database(monkeypatch, CONN_MAX_AGE=60)
    assert ids() == ["backend.E030"]


@pytest.mark.parametrize(
    ("vendor", "options", "found"),
    [
        ("postgresql", {"pool": True}, []),
        ("postgresql", {}, ["backend.W031"]),
        ("sqlite", {"transaction_mode": "IMMEDIATE"}, []),
        ("sqlite", {}, ["backend.E032"]),
    ],
)
def test_how_databases_are_opened(monkeypatch, settings, vendor, options, found):
    database(monkeypatch, OPTIONS={"init_command": "PRAGMA journal_mode=WAL", **options})
    settings.MAX_VIEWS = 15
    monkeypatch.setattr(connections["default"], "vendor", vendor)
    assert ids() == found


@pytest.mark.slow
def test_djangos_own_checks_for_deployment_pass_in_production(tmp_path):
    environment = child_environment(tmp_path) | {
        "TIDEWIRE_MODE": "production",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "chat.example.org",
        "TRUSTED_PROXIES": "1",
        "DATABASE_URL": "postgres://tidewire:x@127.0.0.1:1/tidewire",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == []  # no secret was made up, no database
    for missing, complaint in (("SECRET_KEY", "E010"), ("JWT_SIGNING_KEY", "E010"), ("TRUSTED_PROXIES", "E012")):
        without = {name: value for name, value in environment.items() if name != missing}
        done = subprocess.run(command, cwd=ROOT, env=without, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert complaint in done.stderr


# -- declarations ----------------------------------------------------------------------------------------------------


class AnySerializer(serializers.Serializer):
    """For any model."""

    id = serializers.CharField(source="pk")


def live(model: type = Board, **changes) -> Live:
    return Live(**{"model": model, "stream": boards.of("id"), "serializer": AnySerializer, **changes})


def found_in(monkeypatch, *declarations: Live | Touch) -> list[str]:
    lives = [d for d in declarations if isinstance(d, Live)]
    monkeypatch.setattr(registry, "lives", lives)
    monkeypatch.setattr(registry, "kinds", {d.stream.kind.name: d.stream.kind for d in lives})
    monkeypatch.setattr(registry, "touches", [d for d in declarations if isinstance(d, Touch)])
    return ids()


def test_good_declarations(monkeypatch):
    item = Live(Item, stream=boards.of("board_id"), serializer=AnySerializer)
    assert found_in(monkeypatch, live(), item, Touch(Vote, parent="item")) == []


def test_any_model_may_be_live(monkeypatch):
    assert found_in(monkeypatch, live(Owner), live(Group)) == []


@isolate_apps("tests.tidewire.liveapp", attr_name="apps")
def test_multi_table_inheritance(monkeypatch):
    class Base(LiveModel):
        class Meta(LiveModel.Meta):
            app_label = "liveapp"

        def __str__(self):
            return ""

    class Child(Base):
        class Meta(LiveModel.Meta):
            app_label = "liveapp"

        def __str__(self):
            return ""

    assert found_in(monkeypatch, live(Child, stream=boards.of("id"))) == []


@isolate_apps("tests.tidewire.liveapp")
def test_a_model_need_not_inherit_the_meta_of_live_models(monkeypatch):
    class Plain(LiveModel):
        class Meta:
            app_label = "liveapp"

        def __str__(self):
            return ""

    assert found_in(monkeypatch, live(Plain)) == []


@pytest.mark.parametrize(
    "attname", ["board", "board_", "no_such_id", "board__no_such", "no_such__id", "board__name__id"]
)
def test_a_stream_without_a_column(monkeypatch, attname):
    assert found_in(monkeypatch, live(Item, stream=boards.of(attname))) == ["tidewire.E104"]


class ArchiveRouter:
    """Sends the writes of items to a second database."""

    def db_for_write(self, model, **hints):
        return "archive" if model is Item else None


def test_a_live_model_in_a_second_database(monkeypatch, settings, tmp_path):
    archive = connections["default"].settings_dict | {"NAME": str(tmp_path / "archive")}
    monkeypatch.setitem(connections.databases, "archive", archive)
    settings.DATABASE_ROUTERS = [f"{__name__}.ArchiveRouter"]
    item = Live(Item, stream=boards.of("board_id"), serializer=BoardSerializer)
    assert found_in(monkeypatch, live(), item) == ["tidewire.E115"]


def test_a_stream_of_another_row(monkeypatch):
    assert found_in(monkeypatch, live(Vote, stream=boards.of("item__board_id"))) == []


@pytest.mark.parametrize(
    "changes",
    [{"fields": ("no_such",)}, {"ignore": ("no_such",)}, {"fields": ("title",), "ignore": ("rank",)}],
)
def test_fields_that_do_not_exist_or_contradict(monkeypatch, changes):
    assert found_in(monkeypatch, live(Item, stream=boards.of("board_id"), **changes)) == ["tidewire.E129"]


def test_fields_may_be_relations(monkeypatch):
    found = found_in(monkeypatch, live(Item, stream=boards.of("board_id"), fields=("title", "labels", "shelves")))
    assert found == []


@isolate_apps("tests.tidewire.liveapp")
def test_a_stream_column_that_is_no_foreign_key(monkeypatch):
    class Foreign(LiveModel):
        account_id = models.UUIDField()

        class Meta(LiveModel.Meta):
            app_label = "liveapp"

        def __str__(self):
            return ""

    assert found_in(monkeypatch, live(Foreign, stream=boards.of("account_id"))) == []


class LinkedBoardSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Board
        fields = ["url", "name"]


class NestedSerializer(serializers.Serializer):
    boards = LinkedBoardSerializer(many=True)
    items = serializers.HyperlinkedRelatedField(many=True, read_only=True, view_name="item")


class BrokenSerializer(serializers.ModelSerializer):
    class Meta:
        model = Board
        fields = ["no_such_field"]


@pytest.mark.parametrize(
    ("serializer", "found"),
    [
        (LinkedBoardSerializer, ["tidewire.E105"]),
        (NestedSerializer, ["tidewire.E105", "tidewire.E105"]),
        (BrokenSerializer, ["tidewire.E105"]),
    ],
)
def test_a_serializer_that_needs_a_request_or_does_not_work(monkeypatch, serializer, found):
    assert found_in(monkeypatch, live(serializer=serializer)) == found


def test_a_proxy(monkeypatch):
    proxy = Live(ProxyItem, stream=boards.of("board_id"), serializer=BoardSerializer)
    assert found_in(monkeypatch, proxy) == ["tidewire.E107"]


@pytest.mark.parametrize("parent", ["no_such_field", "stars"])
def test_a_part_without_a_foreign_key(monkeypatch, parent):
    assert found_in(monkeypatch, live(), Touch(Vote, parent=parent)) == ["tidewire.E111"]


def test_a_part_of_what_is_not_live(monkeypatch):
    assert found_in(monkeypatch, live(), Touch(Vote, parent="item")) == ["tidewire.E112"]


# -- what the checks say names the line ------------------------------------------------------------------------------


def complaints(monkeypatch, *declarations) -> list[str]:
    """Registers these declarations alone. Returns what the checks find, as "id message"."""
    fresh = Registry()
    for declaration in declarations:
        fresh.add(declaration)
    for name in ("kinds", "lives", "touches", "facts", "misplaced"):
        monkeypatch.setattr(registry, name, getattr(fresh, name))
    return [f"{problem.id} {problem.msg}" for problem in checks.run_checks(tags=("tidewire",))]


def kind(**changes) -> StreamKind:
    declared = {"name": "board", "may_subscribe": lambda user_id, keys: set(), "keeps_access": True}
    return StreamKind(**declared | changes)


def here(offset: int = 0) -> str:
    """The line of the caller, as the checks write it."""
    return f"tests/tidewire/checks/test_checks.py:{inspect.currentframe().f_back.f_lineno + offset}: "


def test_a_complaint_names_the_line_of_the_declaration(monkeypatch):
    wrong = Live(Board, stream=boards.of("nowhere"), serializer=BoardSerializer, updated="board.changed")
    (complaint,) = complaints(monkeypatch, wrong)
    assert complaint.startswith(f"tidewire.E104 {here(-2)}Live(Board, stream='board') has no column 'nowhere'")


def test_a_second_kind_of_one_name(monkeypatch):
    first, second = kind(), kind()
    ours = [live(stream=one.of("id"), updated="board.changed") for one in (first, second)]
    (complaint,) = complaints(monkeypatch, *ours)
    assert complaint.startswith("tidewire.E113 ")
    assert first.declared_at in complaint


def test_a_live_model_without_a_stream(monkeypatch):
    (complaint,) = complaints(monkeypatch, Live(Board, stream=boards, serializer=BoardSerializer))
    assert complaint.startswith(f"tidewire.E114 {here(-1)}Live(Board")


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"name": "Board"}, "E121"),
        ({"name": "b" * 25}, "E121"),
        ({"may_subscribe": "everybody"}, "E122"),
        ({"may_subscribe": lambda user_id: set()}, "E122"),
        ({"readers": lambda key: set()}, "E122"),
        ({"ephemeral": "typing"}, "E123"),
        ({"ephemeral": frozenset({1})}, "E123"),
        ({"rate": Rate(events=0)}, "E124"),
        ({"retention": Retention(events=-1)}, "E125"),
    ],
)
def test_wrong_kinds(monkeypatch, changes, id):
    (complaint,) = complaints(monkeypatch, live(stream=kind(**changes).of("id")))
    assert complaint.startswith(f"tidewire.{id} tests/tidewire/checks/test_checks.py:")


@pytest.mark.parametrize("type", ["created", "Board.created", "board.", "board created", "b." + "x" * 64])
def test_a_wrong_event_type(monkeypatch, type):
    (complaint,) = complaints(monkeypatch, live(created=type))
    assert complaint.startswith("tidewire.E127 ")


def test_one_type_of_two_shapes(monkeypatch):
    facts = [Fact("board.read", kind=boards, serializer=one) for one in (BoardSerializer, serializers.Serializer)]
    (complaint,) = complaints(monkeypatch, live(), *facts)
    assert complaint.startswith(f"tidewire.E128 {facts[1].declared_at}")
    assert facts[0].declared_at in complaint


def test_a_rate_limited_model_of_a_kind_without_a_rate(monkeypatch):
    (complaint,) = complaints(monkeypatch, live(is_rate_limited=True))
    assert complaint.startswith("tidewire.E126 ")


def test_a_fact_whose_serializer_does_not_work(monkeypatch):
    (complaint,) = complaints(monkeypatch, Fact("board.read", kind=boards, serializer=BrokenSerializer))
    assert complaint.startswith(f"tidewire.E105 {here(-1)}Fact('board.read')")


@pytest.mark.parametrize("wrong", [Board, "Board", None])
def test_what_is_no_declaration(monkeypatch, wrong):
    (complaint,) = complaints(monkeypatch, wrong)
    assert complaint.startswith("tidewire.E120 ")
