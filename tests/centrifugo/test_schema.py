"""What nodes are given is right: the tables of tests/tidewire/centrifugo, which has none, and the configuration."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.centrifugo.edge import Edge, program
from tests.tidewire.centrifugo.broker_schema import NAMES, TABLES

pytestmark = pytest.mark.verify

COLUMNS = """SELECT c.relname, c.relkind, pg_get_partkeydef(c.oid), a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = %s::regnamespace AND c.relname = ANY(%s) ORDER BY c.relname, a.attnum"""
KEYS = """SELECT c.relname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'p' AND c.relnamespace = %s::regnamespace AND c.relname = ANY(%s) ORDER BY c.relname"""


def test_the_tables_of_tests_without_a_node_are_those_of_a_node(edge: Edge) -> None:
    with psycopg.connect(edge.site.environment["DATABASE_URL"]) as connection:
        connection.execute("CREATE SCHEMA expected")
        connection.execute("SET LOCAL search_path = expected")
        for statement in filter(str.strip, TABLES.split(";")):
            connection.execute(statement)
        connection.execute("SET LOCAL search_path = public, expected")
        for query in (COLUMNS, KEYS):
            found, expected = (
                [[str(value).replace("expected.", "") for value in row] for row in connection.execute(query, of)]
                for of in (["public", list(NAMES)], ["expected", list(NAMES)])
            )
            assert found == expected
            assert {row[0] for row in found} == set(NAMES)
        connection.rollback()


def test_a_node_knows_all_of_the_configuration(edge: Edge, tmp_path: Path) -> None:
    path = tmp_path / "centrifugo.json"
    path.write_text(edge.site.manage("centrifugo", "config", "--django", edge.site.url))
    subprocess.run([program(), "checkconfig", "--strict", "--config", path], check=True, timeout=60)
