"""What `make verify` says of its steps, and what it asks of the machine."""

import sys
from pathlib import Path

import pytest

from tests.rig import verify
from tests.verify import clean, report, steps
from tests.verify.steps import STEPS, Outcome, Step, kept, run


def step(code: int) -> Step:
    says = "from tests.rig.verify import figure, IS_VERIFY; figure(f'verify: {IS_VERIFY}')"
    program = f"{says}; raise SystemExit({code})"
    return Step("a step", "does nothing", (sys.executable, "-c", program))


@pytest.mark.parametrize("code", [0, 3])
def test_a_step_ends_with_its_figures_and_its_code(tmp_path: Path, code: int) -> None:
    outcome = run(step(code), tmp_path)

    assert (outcome.code, outcome.is_good, outcome.figures) == (code, code == 0, ["verify: True"])
    assert "verify: True" in (tmp_path / "a-step.log").read_text()


def test_what_a_step_gave_is_kept_for_the_report_of_a_later_call(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(steps, "STEPS", (step(0),))
    assert kept(tmp_path) == {}
    outcome = run(step(0), tmp_path)
    assert kept(tmp_path) == {"a step": outcome}


def test_the_report_does_not_hide_what_failed_or_was_not_run() -> None:
    good, bad = Outcome(STEPS[0].name, 0, 61.0, "`1234`", ["a figure"]), Outcome(STEPS[1].name, 1, 5.0, "`5678`")

    assert "- Everything held" in report.page([good])
    page = report.page([good, bad])
    assert "- NOT everything held; not run: " in page
    assert STEPS[2].name in page
    assert f"| {STEPS[1].name} | FAILED | 0.1 | `5678` |" in page
    assert "- a figure" in page


def test_a_clean_root_has_nothing_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://ours")
    monkeypatch.setenv("TIDEWIRE_VERIFY", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://pypi.example")

    kept = clean.clean_environment(tmp_path)

    assert kept["HOME"] == str(tmp_path)
    assert kept["PIP_INDEX_URL"] == "https://pypi.example"
    assert not {"DATABASE_URL", "TIDEWIRE_VERIFY", "PYTHONPATH", "VIRTUAL_ENV"} & set(kept)


def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "install", lambda package: None)

    with pytest.raises(pytest.fail.Exception, match="needs no-such-program: apt-get install no-such-package"):
        verify.program("no-such-program", "no-such-package")
    assert verify.program("sh", "dash").endswith("/sh")
