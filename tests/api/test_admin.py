"""The admin, whose writes make events as well."""

from __future__ import annotations

import pytest

from api.models import Member, Message, Room, User
from tests.factories import make_message, make_room, make_user
from tidewire.jobs import slices
from tidewire.log.tables import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.shown_on("sqlite")]


def form_of(response) -> dict:
    """Returns the fields that a browser sends back unchanged."""
    form = response.context["adminform"].form
    inlines = [inline.formset for inline in response.context["inline_admin_formsets"]]
    forms = [form, *(row for formset in inlines for row in [formset.management_form, *formset.forms])]
    fields = [row[name] for row in forms for name in row.fields]
    return {field.html_name: field.value() for field in fields if field.value() is not None}


def new_events() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("stream__name", "offset").values_list("stream__name", "type"))


@pytest.mark.parametrize("model", ["user", "room", "message"])
def test_every_page_opens(admin, root, model):
    room = make_room(root)
    row = {"user": root, "room": room, "message": make_message(room, root)}[model]
    for page in ("", "add/", f"{row.pk}/change/", f"{row.pk}/history/", f"{row.pk}/delete/"):
        assert admin.get(f"/admin/api/{model}/{page}").status_code == 200


def test_an_account_made_here_signs_in(admin):
    form = {"email": "Eve@Example.com", "name": "Eve", "usable_password": "true"}
    passwords = {"password1": "correct horse battery", "password2": "correct horse battery"}
    assert admin.post("/admin/api/user/add/", form | passwords).status_code == 302
    user = User.objects.get(email="eve@example.com")
    assert user.check_password("correct horse battery")
    assert (user.is_staff, user.version) == (False, 1)


def test_renaming_a_room_and_giving_a_role(admin, root):
    bob = make_user("Bob")
    room = make_room(root, bob, name="Harbour")
    Event.objects.all().delete()
    page = f"/admin/api/room/{room.pk}/change/"
    form = form_of(admin.get(page))
    index = next(name[:-5] for name, value in form.items() if name.endswith("-user") and str(value) == str(bob.pk))
    response = admin.post(page, form | {"name": "Port", f"{index}-role": "admin"})
    assert response.status_code == 302
    assert Room.objects.get().name == "Port"
    assert Member.objects.get(user=bob).role == "admin"
    assert new_events() == [(f"room:{room.pk}", "room.updated"), (f"room:{room.pk}", "member.updated")]
    assert set(Event.objects.values_list("actor", flat=True)) == {str(root.pk)}


def test_a_new_name_is_an_event_of_each_room(admin, root):
    bob = make_user("Bob")
    room = make_room(root, bob)
    Event.objects.all().delete()
    page = f"/admin/api/user/{bob.pk}/change/"
    form = {name: value for name, value in form_of(admin.get(page)).items() if name != "password"}
    assert admin.post(page, form | {"name": "Robert"}).status_code == 302
    bob.refresh_from_db()
    assert (bob.name, bob.is_active) == ("Robert", True)
    slices.run_all()
    assert new_events() == [(f"room:{room.pk}", "member.updated")]
    assert '"name":"Robert"' in Event.objects.get().payload


def test_opening_a_room_with_its_owner(admin, root):
    inline = {
        "members-TOTAL_FORMS": 1,
        "members-INITIAL_FORMS": 0,
        "members-0-user": root.pk,
        "members-0-role": "owner",
    }
    assert admin.post("/admin/api/room/add/", {"name": "Port", "kind": "public"} | inline).status_code == 302
    room = Room.objects.get()
    assert new_events() == [(f"room:{room.pk}", "member.joined"), (f"user:{root.pk}", "room.joined")]


def test_a_direct_room_can_neither_be_made_nor_unmade(admin, root):
    room = Room.objects.create(kind=Room.Kind.DIRECT, direct_key="x")
    inline = {"members-TOTAL_FORMS": 0, "members-INITIAL_FORMS": 0}
    assert admin.post("/admin/api/room/add/", {"name": "x", "kind": "direct"} | inline).status_code == 200
    admin.post(f"/admin/api/room/{room.pk}/change/", {"name": "Us", "kind": "public"} | inline)
    assert list(Room.objects.values_list("kind", "name")) == [("direct", "Us")]


def test_editing_and_deleting_a_message(admin, root):
    room = make_room(root)
    message = make_message(room, root, "Ahoy")
    Event.objects.all().delete()
    page = f"/admin/api/message/{message.pk}/"
    assert admin.post(page + "change/", form_of(admin.get(page + "change/")) | {"text": "Ahoy!"}).status_code == 302
    message.refresh_from_db()
    assert message.edited_at is not None
    assert new_events() == [(f"room:{room.pk}", "message.edited")]
    Event.objects.all().delete()
    admin.post(page + "delete/", {"post": "yes"})
    assert list(Message.objects.values_list("text", "version")) == [("", 3)]
    assert new_events() == [(f"room:{room.pk}", "message.deleted")]


def test_deleting_an_account_deletes_its_memberships_and_messages(admin, root):
    bob = make_user("Bob")
    room = make_room(root, bob)
    message = make_message(room, bob, "Ahoy")
    Event.objects.all().delete()
    assert admin.post(f"/admin/api/user/{bob.pk}/delete/", {"post": "yes"}).status_code == 302
    message.refresh_from_db()
    assert (message.author, message.text) == (None, "")
    assert sorted(new_events()) == sorted(
        [
            (f"room:{room.pk}", "member.left"),
            (f"room:{room.pk}", "message.deleted"),
            (f"user:{bob.pk}", "room.left"),
        ]
    )


def test_the_api_does_not_read_the_admins_cookie(client, django_assert_num_queries):
    """Pages still read it."""
    client.force_login(User.objects.create_superuser(email="root@example.com", name="root", password="x"))
    with django_assert_num_queries(0):
        answer = client.get("/api/v1/me/")
    assert answer.status_code == 401
    assert not answer.cookies
    assert client.get("/admin/").status_code == 200
