"""Jobs: slices that know how far they came, once each, in the transaction of the job's row."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.tidewire.threads import Writer, needs_row_locks
from tidewire import start_job
from tidewire.jobs import slices
from tidewire.jobs.tables import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def done(monkeypatch) -> list[str]:
    """What the slices of the kind `count` did: three for each subject."""
    done: list[str] = []
    monkeypatch.setattr(slices, "_slices", {})

    @slices.job("count")
    def count(subject: str, progress: str, using: str) -> str | None:
        if subject == "poison":
            raise ValueError(subject)
        number = int(progress or 0) + 1
        done.append(f"{subject}{number}")
        return str(number) if number < 3 else None

    return done


def test_a_job_is_done_in_slices(done):
    start_job("count", "a")
    assert slices.pending() == {"count": 1}
    assert slices.run_slice()
    assert (done, Job.objects.get().progress) == (["a1"], "1")
    assert slices.run_all() == 2
    assert (done, slices.pending(), slices.run_slice()) == (["a1", "a2", "a3"], {"count": 0}, False)


def test_jobs_take_turns(done):
    for subject in ("a", "b"):
        start_job("count", subject)
    slices.run_all()
    assert done == ["a1", "b1", "a2", "b2", "a3", "b3"]


def test_a_job_that_is_started_again_begins_anew(done):
    start_job("count", "a")
    slices.run_slice()
    start_job("count", "a")
    slices.run_all()
    assert done == ["a1", "a1", "a2", "a3"]


def test_a_rolled_back_transaction_leaves_no_job(done):
    with transaction.atomic():
        start_job("count", "a")
        transaction.set_rollback(True)
    assert slices.pending() == {"count": 0}


def test_a_failing_slice_is_rolled_back_and_waits_while_others_go_on(done, caplog):
    start_job("count", "poison")
    start_job("count", "a")
    assert slices.run_all() == 4
    assert done == ["a1", "a2", "a3"]
    left = Job.objects.get()
    assert (left.subject, left.failures, left.progress) == ("poison", 1, "")
    assert (left.due_at - left.created_at).total_seconds() > slices.RETRY_SECONDS - 1
    assert "will be tried again" in caplog.text


def test_a_kind_that_this_process_does_not_know_is_left_alone(done):
    start_job("of_another_release", "a")
    assert not slices.run_slice()
    assert Job.objects.count() == 1


@needs_row_locks
def test_one_process_works_on_a_job_at_a_time(done):
    start_job("count", "a")
    with transaction.atomic():
        assert slices._claimed("default") is not None
        Writer(slices.run_slice).finish()
        assert done == []
    assert slices.run_slice()
    assert done == ["a1"]
