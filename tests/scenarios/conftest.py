"""Running sites and public SDKs for the scenarios.

All modules share one site per size, of one process when embedded and two when grown. A module that needs another one
says so, `pytestmark = pytest.mark.site(processes=1, settings={"ACCESS_TOKEN_SECONDS": "4"})`, and gets it for itself.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.rig.openapi import check_event
from tests.rig.plugin import SIZES, is_shown_elsewhere, share_site
from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site, Sites
from tests.rig.verify import IS_VERIFY
from tests.sdk.agents import AGENTS, SdkClient

MakeClient = Callable[[], SdkClient]
People = tuple[Person, Person, Person]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "size" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only_size")
        metafunc.parametrize("size", only.args if only else SIZES, scope="module")


# Each SDK on both sizes and in both encodings. `make verify` runs all of them on both sizes.
SHARE = {"embedded": ("js", "py-protobuf"), "grown": ("js-protobuf", "py")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = {item for item in items if not _is_run(item, config.getoption("size"))}
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_run(item: pytest.Item, chosen: str | None) -> bool:
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    size = params.get("size")
    if size is None:
        return True
    names_its_sdk = any("sdk" in mark.args[0] for mark in item.iter_markers("parametrize"))
    is_shared_out = "sdk" in params and not names_its_sdk and not IS_VERIFY
    return (
        size == (chosen or size)
        and not is_shown_elsewhere(item, size, SIZES)
        and (not is_shared_out or params["sdk"] in SHARE[size])
    )


@pytest.fixture(scope="module")
def module_site(
    size: str, sites: Sites, shared_sites: dict[str, Site], request: pytest.FixtureRequest
) -> Iterator[Site]:
    mark = request.node.get_closest_marker("site")
    if mark is None:
        yield from share_site(size, sites, shared_sites)
        return
    site = sites.make(size, **mark.kwargs)
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture
def site(module_site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The module's site. After each test, it fails on a traceback in the servers' logs."""
    yield module_site
    module_site.check_logs(pattern for mark in request.node.iter_markers("allows_in_log") for pattern in mark.args)


@pytest.fixture(scope="module")
def module_people(module_site: Site) -> People:
    """Registered once, because hashing a password is slow on purpose."""
    alice, bob, charlie = module_site.people("alice", "bob", "charlie")
    return alice, bob, charlie


@pytest.fixture
def people(site: Site, module_people: People) -> People:
    """Alice, the owner; Bob, the member; Charlie, the stranger. Each has a fresh token. Tests make the rooms."""
    for person in module_people:
        person.fresh_token()
    return module_people


@pytest.fixture
def room(people: People) -> str:
    """A private room: Alice owns it, Bob is a member."""
    alice, bob, _ = people
    room = alice.make_room()
    alice.add(room, bob)
    return room


@pytest.fixture(params=sorted(AGENTS))
def sdk(request: pytest.FixtureRequest) -> Iterator[MakeClient]:
    """Makes clients of one SDK; the test runs once with each SDK. Every event must agree with its schema."""
    made: list[SdkClient] = []

    def make() -> SdkClient:
        made.append(AGENTS[request.param]())
        return made[-1]

    yield make
    for client in made:
        client.close()
    for client in made:
        for event in client.events:
            if event.kind == "publication" and event.offset:
                check_event(event.data)
                assert event.tags == {"type": event.data["type"]}


@pytest.fixture
def raw() -> Iterator[Callable[[str], RawSocket]]:
    """Opens WebSockets without an SDK, and closes them after the test."""
    opened: list[RawSocket] = []

    def open_socket(url: str, **options: object) -> RawSocket:
        opened.append(RawSocket(url, **options))
        return opened[-1]

    yield open_socket
    for socket in opened:
        socket.close()


def follow(client: SdkClient, url: str, person: Person, room: str) -> None:
    """Connects as this person, subscribes to the room's stream, and waits until it is subscribed."""
    client.connect(url, get_token=person.fresh_token)
    client.subscribe(channel(room))
    client.wait_for("subscribed", channel(room))


def meet(here: SdkClient, there: SdkClient, people: tuple[Person, Person], room: str) -> None:
    """Subscribes both people's clients to the room, and waits until they have seen each other come and type."""
    name, (alice, bob) = channel(room), people
    here.subscribe(name, joins=True)
    here.wait_for("join", name, where=lambda event: event.info["user"] == alice.id)
    there.subscribe(name)
    here.wait_for("join", name, where=lambda event: event.info["user"] == bob.id)
    assert here.presence_stats(name) == (2, 2)
    there.publish(name, {"type": "typing", "data": {"is_typing": True}})
    assert here.wait_for_type(name, "typing").info["user"] == bob.id
