"""What processes say of themselves, whether chores and jobs are done, and whether the log is whole."""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone

from tidewire.diagnosis.doctor.finding import Findings, error, ok, warning
from tidewire.diagnosis.why_lines import LATE_SECONDS
from tidewire.ground.conf import conf
from tidewire.jobs.tables import Chore, Job
from tidewire.log import retention
from tidewire.log.database import log_alias
from tidewire.logbook import reading
from tidewire.mqtt import reading as mqtt
from tidewire.webhooks.lag import read_lag
from tidewire.webhooks.tables import WebhookEndpoint

HOUR = 3600.0
MQTT_SECONDS = 60.0
WEBHOOK_SECONDS = 60.0
AUDITED_STREAMS, AUDITED_EVENTS = 100, 10_000
"""The streams that were written to last, and of each its last events."""


def look_at_upkeep() -> Findings:
    """Reads the logbook, chores and jobs. Says nothing where their tables are missing: that is the migrations'."""
    try:
        yield from _processes()
        yield from _chores()
        yield from _jobs()
        yield from _mqtt()
        yield from _webhooks()
        yield from _log()
    except DatabaseError:
        return


def _processes() -> Findings:
    running = list(reading.running(log_alias()))
    for process in running:
        name = f"process {process.pid} on {process.host}"
        if process.is_deaf:
            yield warning(
                "processes", f"{name} does not hear the channel layer", "Look at Redis; events come by the poll."
            )
        if process.poll_age > LATE_SECONDS:
            yield error("processes", f"{name} last read the log {process.poll_age:.0f} s ago", "Look at the database.")
        if process.dropped:
            yield warning(
                "processes", f"{name} has lost {process.dropped} entries of the logbook", "Look at the database."
            )
    if running:
        sockets = sum(process.connections for process in running)
        yield ok("processes", f"{len(running)} serve {sockets} connections")
    else:
        yield ok(
            "processes", "none has written to the logbook lately: the service is not running, or LOGBOOK_SECONDS is 0"
        )


def _chores() -> Findings:
    period = conf.PRUNE_SECONDS or HOUR
    before = timezone.now() - timedelta(seconds=3 * period + HOUR)
    late = Chore.objects.using(log_alias()).filter(done_at__lt=before).order_by("done_at").first()
    if late is None:
        yield ok("housekeeping", "no chore is late")
        return
    remedy = (
        "PRUNE_SECONDS is 0: run `manage.py housekeeping` by a timer."
        if not conf.PRUNE_SECONDS
        else "Look for 'the chore' in the servers' logs. Where none failed it is too slow for what is written: raise "
        "PRUNE_SHARE, or run `manage.py housekeeping --share 1`, which does all of them now."
    )
    yield error(
        "housekeeping", f"the chore {late.name!r} was last done {late.done_at:%Y-%m-%d %H:%M}: tables grow", remedy
    )


def _jobs() -> Findings:
    old = Job.objects.using(log_alias()).filter(created_at__lt=timezone.now() - timedelta(seconds=HOUR)).first()
    if old is not None:
        yield error(
            "jobs",
            f"the job {old.kind} of {old.subject} waits since {old.created_at:%Y-%m-%d %H:%M}, {old.failures} failures",
            "The servers' logs have the reason; `manage.py run_jobs` tries now.",
        )


def _mqtt() -> Findings:
    """Says nothing where there never was a bridge."""
    if not mqtt.has_begun():
        return
    streams, seconds = mqtt.lag()
    if seconds > MQTT_SECONDS:
        text = f"{streams} streams wait for the bridge, the oldest event since {seconds:.0f} s"
        yield warning("mqtt", text, "Look at the log of mqtt_bridge, and at the broker.")
    else:
        yield ok("mqtt", "the broker has all events")


def _webhooks() -> Findings:
    """Says nothing where there are none."""
    rows = WebhookEndpoint.objects.using(log_alias())
    lost = rows.filter(disabled_reason=WebhookEndpoint.Reason.SECRET_LOST).count()
    if lost:
        text = f"{lost} are disabled: their secrets were sealed with another SECRET_KEY"
        yield error(
            "webhooks", text, "Put that key into SECRET_KEY_FALLBACKS, and enable them in the admin: docs/secrets.md."
        )
    if not rows.filter(state=WebhookEndpoint.State.ACTIVE).exists():
        return
    lag = read_lag(log_alias())
    if lag.idle_seconds > WEBHOOK_SECONDS:
        text = f"{lag.positions} streams wait, and nothing was done for {lag.idle_seconds:.0f} s: no worker runs"
        yield error("webhooks", text, "Start `manage.py deliver_webhooks`; its log says why it ended.")
    else:
        yield ok("webhooks", f"{lag.positions} streams wait, the oldest event since {lag.oldest_seconds:.0f} s")


def _log() -> Findings:
    broken = retention.holes(log_alias(), streams=AUDITED_STREAMS, events=AUDITED_EVENTS)
    if broken:
        yield error(
            "log",
            f"{len(broken)} streams have lost events in the middle, such as {broken[0]}: clients miss them silently",
            "Something else than Tidewire deleted them, or the database is damaged. After `manage.py new_epochs` all "
            "clients read their lists anew.",
        )
    else:
        yield ok("log", "no stream that was written to lately has a hole")
