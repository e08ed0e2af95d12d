"""Tests of the checkers: a good history passes, and each promise broken on purpose is noticed."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from tests.forger import MARK
from tests.soak.checkers import check
from tests.soak.history import FAILED, OK, UNKNOWN, Closing, History, LogEvent, Sample, Seen, Write
from tests.soak.mutants import MUTANTS
from tests.soak.picture import draw
from tests.soak.plan import KINDS, make_plan
from tests.soak.verdict import judge

ROOM, OTHER = "room:1", "room:2"
ALICE, BOB, CHARLIE = "alice", "bob", "charlie"
EPOCH = "e"
TEN = 10


def message(offset: int, stream: str = ROOM) -> LogEvent:
    id = f"{stream}/{offset}"
    data = {"id": id, "version": 1, "text": f"message {offset}"}
    return LogEvent(stream, offset, f"id-{id}", "message.created", f"api.message:{id}", float(offset), f"d-{id}", data)


def membership(offset: int, user: str, type: str = "member.joined") -> LogEvent:
    data = {"user": {"id": user}}
    return LogEvent(ROOM, offset, f"id-{offset}", type, f"api.member:{user}", float(offset), f"d-{offset}", data)


def seen_of(event: LogEvent, device: str, user: str, late: float = 0.1) -> Seen:
    return Seen(
        device, user, event.at + late, "event", event.stream, event.offset, EPOCH,
        id=event.id, type=event.type, written_at=event.at, digest=event.digest,
    )  # fmt: skip


def good_history() -> History:
    """Alice and Bob are in the room. Bob gets 3 to 6, is removed by 7, and added again by 10: then he gets 8 to 14."""
    log = [membership(1, ALICE), membership(2, BOB)]
    log += [message(offset) for offset in range(3, 7)]
    log += [membership(7, BOB, "member.left"), message(8), message(9)]
    again = membership(10, BOB)
    again.object = "api.member:bob again"
    log += [again, *(message(offset) for offset in range(11, 15))]
    history = History(log=log, heads={ROOM: (EPOCH, 14)})
    history.users = {"phone": ALICE, "tablet": BOB, "fresh-0": ALICE}
    history.fresh = {"fresh-0"}
    _write(history)
    _listen(history)
    rows = [event.data for event in log if event.type == "message.created"]
    everything = {"messages": rows, "members": [{"user": {"id": ALICE}}, {"user": {"id": BOB}}]}
    history.copies = {device: {ROOM: copy.deepcopy(everything)} for device in history.users}
    history.rest = {ALICE: {ROOM: everything}, BOB: {ROOM: everything}, CHARLIE: {ROOM: None}}
    history.samples = [Sample(float(n), "worker-0", 1, 90.0 + n % 3) for n in range(30)]
    return history


def _write(history: History) -> None:
    for event in history.log:
        if event.type == "message.created":
            at = event.at
            place = [(ROOM, EPOCH, event.offset)]
            history.writes.append(Write("w", "say", at - 0.2, at + 0.01, OK, 201, [event.object], place, ROOM))
    history.writes.append(Write("w", "say", 5.0, 5.1, FAILED, 403, ["api.message:never"], [], ROOM))
    history.writes.append(Write("w", "say", 6.0, 6.1, UNKNOWN, 0, ["api.message:perhaps"], [], ROOM))


def _listen(history: History) -> None:
    log = history.log
    phone = [Seen("phone", ALICE, 0.0, "subscribed", ROOM, 0, EPOCH), *(seen_of(e, "phone", ALICE) for e in log)]
    tablet = [
        Seen("tablet", BOB, 2.1, "state", ROOM, 2, EPOCH),
        Seen("tablet", BOB, 2.2, "subscribed", ROOM, 2, EPOCH, was_recovering=True, recovered=True),
        *(seen_of(e, "tablet", BOB) for e in log[2:7]),
        Seen("tablet", BOB, 7.2, "unsubscribed", ROOM, code=2000),
        Seen("tablet", BOB, 8.0, "refused", ROOM, code=103),
        Seen("tablet", BOB, 10.5, "subscribed", ROOM, 7, EPOCH, was_recovering=True, recovered=True),
        *(seen_of(e, "tablet", BOB, late=10.6 - e.at if e.at < TEN else 0.7) for e in log[7:]),
    ]
    fresh = [
        Seen("fresh-0", ALICE, 20.0, "subscribed", ROOM, 0, EPOCH, was_recovering=True, recovered=True),
        *(seen_of(e, "fresh-0", ALICE, late=20.1 - e.at) for e in log),
    ]
    history.seen = sorted([*phone, *tablet, *fresh], key=lambda seen: seen.at)


def test_a_good_history_passes() -> None:
    assert check(good_history()) == []


# -- each promise, broken ----------------------------------------------------------------------------------------------


def events(history: History, device: str) -> list[Seen]:
    return [seen for seen in history.seen if seen.device == device and seen.kind == "event"]


def drop_from_the_log(history: History) -> None:
    del history.log[4]


def derive_the_counter_from_rows(history: History) -> None:
    """As when the counter comes from the rows: after a prune of the newest, an offset is used twice."""
    history.log.append(copy.copy(history.log[-1]))


def let_the_counter_run_ahead(history: History) -> None:
    """As a database sequence does after a rollback."""
    history.heads[ROOM] = (EPOCH, 15)


def lose_an_answered_write(history: History) -> None:
    history.writes.append(Write("w", "say", 5.0, 5.1, OK, 201, ["api.message:lost"], [], ROOM))


def keep_a_refused_write(history: History) -> None:
    history.writes[0].outcome = FAILED


def do_an_unknown_write_twice(history: History) -> None:
    again = history.log[-1]
    again.object = history.log[-2].object
    history.writes = [write for write in history.writes if write.objects != [again.object]]
    history.writes.append(Write("w", "say", 13.0, 13.1, UNKNOWN, 0, [again.object], [], ROOM))


def answer_with_the_position_of_another(history: History) -> None:
    history.writes[1].positions = [(ROOM, EPOCH, 3)]


def number_before_commit(history: History) -> None:
    """As a database sequence does: the earlier answer has the larger offset."""
    first, second = history.writes[0], history.writes[1]
    first.positions, second.positions = second.positions, first.positions
    first.objects, second.objects = second.objects, first.objects


def swap_two(history: History) -> None:
    received = events(history, "phone")
    one, two = history.seen.index(received[4]), history.seen.index(received[5])
    history.seen[one], history.seen[two] = history.seen[two], history.seen[one]


def drop_one(history: History) -> None:
    history.seen.remove(events(history, "phone")[5])


def repeat_one(history: History) -> None:
    received = events(history, "phone")[5]
    history.seen.insert(history.seen.index(received) + 1, copy.copy(received))


def replay_off_by_one(history: History) -> None:
    """The tablet comes back at 7 and gets 7 again."""
    received = events(history, "tablet")[5]
    again = copy.copy(events(history, "tablet")[4])
    again.at = received.at
    history.seen.insert(history.seen.index(received), again)


def ignore_the_position(history: History) -> None:
    """The server starts at the head and says that it recovered."""
    for received in events(history, "tablet")[5:8]:
        history.seen.remove(received)


def lose_the_last(history: History) -> None:
    for device in ("phone", "tablet", "fresh-0"):
        history.seen.remove(events(history, device)[-1])


def publish_before_commit(history: History) -> None:
    """A device gets an event that was rolled back."""
    ghost = copy.copy(events(history, "phone")[-1])
    ghost.offset, ghost.id = 15, "id-of-nothing"
    history.seen.append(ghost)


def deliver_another_state(history: History) -> None:
    events(history, "phone")[5].digest = "something else"


def say_that_nothing_can_be_recovered(history: History) -> None:
    """A server that always refuses a position loses no event, and is of no use."""
    comeback = next(seen for seen in history.seen if seen.device == "tablet" and seen.at == 10.5)
    comeback.recovered = False
    comeback.offset = 7


def refuse_a_member(history: History) -> None:
    history.seen.append(Seen("phone", ALICE, 12.0, "refused", ROOM, code=103))
    history.seen.append(Seen("phone", ALICE, 12.1, "subscribed", ROOM, 14, EPOCH))


def deliver_after_removal(history: History) -> None:
    leaked = seen_of(history.log[7], "tablet", BOB)
    gone = next(seen for seen in history.seen if seen.kind == "unsubscribed")
    history.seen.insert(history.seen.index(gone), leaked)


def deliver_to_a_stranger(history: History) -> None:
    history.users["laptop"] = CHARLIE
    history.seen.append(seen_of(history.log[5], "laptop", CHARLIE))


def forget_to_end_a_subscription(history: History) -> None:
    history.users["laptop"] = CHARLIE
    history.copies["laptop"] = {ROOM: {"messages": [], "members": []}}


def leave_a_device_behind(history: History) -> None:
    history.seen.append(Seen("phone", ALICE, 15.0, "unsubscribed", ROOM, code=2500))


def leave_out_a_row(history: History) -> None:
    history.copies["phone"][ROOM]["messages"].pop()


def keep_an_old_version(history: History) -> None:
    history.copies["tablet"][ROOM]["messages"][2] = {"id": f"{ROOM}/5", "version": 0, "text": "before the edit"}


def answer_500(history: History) -> None:
    history.errors.append("HTTP 500: POST rooms/1/messages/")


def grow_without_end(history: History) -> None:
    for number, sample in enumerate(history.samples):
        sample.rss_mib += 5 * number


def deliver_what_a_forger_sent(history: History) -> None:
    events(history, "phone")[5].id = MARK


def close_late(history: History) -> None:
    history.closings.append(Closing(10.0, 12.5, 3503))


def close_for_another_reason(history: History) -> None:
    history.closings.append(Closing(10.0, 10.5, 3001))


BROKEN: dict[Callable[[History], None], set[str]] = {
    drop_from_the_log: {"I1"},
    derive_the_counter_from_rows: {"I1"},
    let_the_counter_run_ahead: {"I1"},
    lose_an_answered_write: {"I2"},
    keep_a_refused_write: {"I2"},
    do_an_unknown_write_twice: {"I2"},
    answer_with_the_position_of_another: {"I2"},
    number_before_commit: {"I3"},
    swap_two: {"I5"},
    drop_one: {"I5"},
    repeat_one: {"I5"},
    replay_off_by_one: {"I5"},
    ignore_the_position: {"I5"},
    lose_the_last: {"I8"},
    publish_before_commit: {"I4"},
    deliver_another_state: {"I4"},
    say_that_nothing_can_be_recovered: {"I6"},
    refuse_a_member: {"I6"},
    deliver_after_removal: {"I7"},
    deliver_to_a_stranger: {"I7"},
    forget_to_end_a_subscription: {"I7"},
    leave_a_device_behind: {"I8"},
    leave_out_a_row: {"I9"},
    keep_an_old_version: {"I9"},
    answer_500: {"I10"},
    grow_without_end: {"I11"},
    deliver_what_a_forger_sent: {"I12"},
    close_late: {"I13"},
    close_for_another_reason: {"I13"},
}


@pytest.mark.parametrize("break_it", BROKEN, ids=lambda each: each.__name__)
def test_a_broken_promise_is_noticed(break_it: Callable[[History], None]) -> None:
    history = good_history()
    break_it(history)
    assert {violation.invariant for violation in check(history)} >= BROKEN[break_it]


@pytest.mark.parametrize("break_it", MUTANTS, ids=lambda each: each.__name__)
def test_the_mutants_of_real_runs_are_noticed(break_it: Callable[[History], History]) -> None:
    history = good_history()
    assert MUTANTS[break_it] in {violation.invariant for violation in check(break_it(history))}
    assert check(history) == []


def test_a_member_who_is_added_again_may_get_what_was_missed() -> None:
    """But not earlier: the same events, one second before the member was added, are a leak."""
    history = good_history()
    for seen in history.seen:
        if seen.device == "tablet" and seen.at == 10.6:
            seen.at = 9.9
    assert {violation.invariant for violation in check(history)} == {"I7"}


def test_an_event_erased_later_may_differ_from_what_was_received() -> None:
    history = good_history()
    for event in history.log[3:5]:
        event.type, event.digest, event.data = "message.deleted", "of the deletion", {"id": event.data["id"]}
    assert [v for v in check(history) if v.invariant == "I4"] == []


# -- plans and verdicts ------------------------------------------------------------------------------------------------


def test_the_seed_fixes_the_plan() -> None:
    one, same, other = (make_plan(seed, 60, "grown", 2) for seed in (1, 1, 2))
    assert one == same
    assert one.faults != other.faults
    assert one.draws != other.draws


def test_more_devices_leave_the_faults_as_they_were() -> None:
    assert make_plan(1, 60, "grown", 2).faults == make_plan(1, 60, "grown", 2, py_devices=20).faults


def test_five_minutes_are_forty_faults_of_every_kind() -> None:
    for seed in range(1, 11):
        faults = make_plan(seed, 300, "grown", 2).faults
        assert len(faults) >= 40
        assert {fault.kind for fault in faults} == set(KINDS["grown"])


def test_a_verdict_tells_the_story_of_a_violation(tmp_path) -> None:
    history = good_history()
    drop_one(history)
    violations = judge(make_plan(1, 60, "grown", 2), history, tmp_path)

    assert [violation.invariant for violation in violations] == ["I5"]
    text = (tmp_path / "verdict.txt").read_text()
    assert text.startswith("FAILED   seed 1")
    assert "phone: skipped: 7 came after 5" in text
    assert "message.created" in text
    assert {path.name for path in tmp_path.iterdir()} == {
        "plan.json", "history.jsonl.gz", "verdict.json", "verdict.txt", "timeline.svg",
    }  # fmt: skip


def test_the_picture_is_well_formed() -> None:
    import xml.etree.ElementTree as ElementTree

    assert ElementTree.fromstring(draw(make_plan(1, 60, "grown", 2), good_history())).tag.endswith("svg")
