"""The doors over HTTP in openapi.yaml. They are no views (tidewire/doors/), so nothing of them can be generated."""

from __future__ import annotations

from typing import Any

from api.schema import responses
from tidewire.asyncapi.examples import example, uuid

Json = dict[str, Any]

EVENT_STREAM = "text/event-stream"
PROTOBUF = "application/octet-stream"
SIGNED_IN: Json = {"security": [{"key": []}, {"bearer": []}], "x-tidewire-scope": "streams:read"}
BY_COMMAND: Json = {"security": [{"bearer": []}, {"key": []}, {}]}
"""The SDKs send the credential in their first command; others may send the header."""

BINARY: Json = {"type": "string", "format": "binary"}
COMMANDS: Json = {"type": "object", "description": "A command of asyncapi.yaml. More of them follow, one in a line."}
EMULATION_REQUEST: Json = {
    "type": "object",
    "required": ["session", "node", "data"],
    "properties": {
        "session": {"type": "string", "description": "Of the reply to `connect`."},
        "node": {"type": "string", "description": "Of the reply to `connect`."},
        "data": {"type": "string", "description": "Commands of asyncapi.yaml, one in a line."},
    },
}
READER_PROBLEMS = ("400", "401", "404", "429", "503")
FALLBACK_PROBLEMS = ("400", "403", "413", "415", "503")
SERVER_SENT_EVENT: Json = {
    "type": "object",
    "description": "One event of a response, with its fields as texts.",
    "properties": {name: {"type": "string"} for name in ("event", "data", "id", "retry")},
}

OFFSET = {"type": "string", "pattern": r"^(-1|now|[0-9]{10}_[0-9]{16}_[A-Za-z0-9+-]{1,32})$"}
FIRST_OFFSET = f"{1:010d}_{3:016d}_epoch"
NEXT_OFFSET: Json = {
    "Stream-Next-Offset": ("The `offset` of the next request.", {"type": "string"}),
    "Stream-Up-To-Date": ("There are no more events now.", {"type": "string", "const": "true"}),
    "Stream-Cursor": ("Of live answers: the `cursor` of the next request.", {"type": "string"}),
    "ETag": ("A digest of the text of the page.", {"type": "string"}),
}


def add_doors(result: Json, **kwargs: Any) -> Json:
    """Adds the addresses of the doors, and the members that only their problems have."""
    schemas = result["components"]["schemas"]
    schemas |= {"EmulationRequest": EMULATION_REQUEST, "ServerSentEvent": SERVER_SENT_EVENT}
    schemas["Problem"]["properties"]["earliest"] = {
        "type": "string",
        "description": "With 410 of a log: the offset before the first event that is kept.",
    }
    event = example({"$ref": "#/components/schemas/AnyEvent"}, schemas)
    result["paths"] |= {
        "/api/v1/streams/{name}/log/": {"get": _log(event), "head": _log_head()},
        "/api/v1/streams/events/": {"get": _events()},
        "/connection/http_stream": {"post": _http_stream()},
        "/connection/sse": {"get": _sse_get(), "post": _sse_post()},
        "/emulation": {"post": _emulation()},
    }
    return result


def _log(event: Json) -> Json:
    page = {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/AnyEvent"}}, "example": [event]}
    last = f'{{"streamNextOffset":"{FIRST_OFFSET}","streamCursor":"3200000","upToDate":true}}'
    answers: Json = {
        "200": _answer(
            "A page of events; with `live=sse`, events `data` and `control` until the response ends.",
            {"application/json": page, **_event_stream(event="control", data=last)},
            NEXT_OFFSET,
        ),
        "204": _answer("With `live=long-poll`: no event was written meanwhile.", {}, NEXT_OFFSET),
        "304": _answer("The page still has the ETag of If-None-Match.", {}, NEXT_OFFSET),
    }
    return _operation(
        "streams_log",
        "The log of a stream, as Durable Streams has it: pages, long polls or server-sent events.\n\n"
        "410 means that the log does not go on from this offset, and says where it begins.",
        "streams",
        {
            **SIGNED_IN,
            "parameters": [
                NAME,
                _query(
                    "offset", OFFSET, "`Stream-Next-Offset` of the last answer, `-1` for the first event, or `now`."
                ),
                _query("live", {"type": "string", "enum": ["long-poll", "sse"]}, "Wait for events. Needs `offset`."),
                _query("cursor", {"type": "string"}, "`Stream-Cursor` of the last answer."),
                _header("If-None-Match", "Answer 304 if the page still has this ETag."),
            ],
        },
        {**answers, **_problems(*READER_PROBLEMS, "410")},
    )


def _log_head() -> Json:
    headers = {"Stream-Next-Offset": NEXT_OFFSET["Stream-Next-Offset"]}
    answers = {"200": _answer("There is such a stream, and it ends here.", {}, headers), **_problems(*READER_PROBLEMS)}
    body: Json = {**SIGNED_IN, "parameters": [NAME]}
    return _operation("streams_log_head", "Where the log of a stream ends.", "streams", body, answers)


def _events() -> Json:
    sent = {"id": f"room:{uuid('room')}=3.epoch", "event": "message.created", "data": "{…}"}
    text = "Server-sent events, each with the position in all streams as its id, until the response ends."
    token = {"type": "string", "description": "Of `streams/token/`, for `EventSource`, which cannot send a header."}
    return _operation(
        "streams_event_source",
        "The events of up to 20 streams, for `EventSource` and `curl -N`.\n\n"
        "Without a last id the response begins with the next event.",
        "streams",
        {
            "security": [*SIGNED_IN["security"], {}],  # the parameter `token`
            "x-tidewire-scope": SIGNED_IN["x-tidewire-scope"],
            "parameters": [
                {
                    **_query("stream", {"type": "array", "items": {"type": "string"}, "minItems": 1}, "Names."),
                    "required": True,
                    "explode": True,
                },
                _query("last_event_id", {"type": "string"}, "As the header, for the first request."),
                _query("token", token, "The short-lived token, instead of the header."),
                _header("Last-Event-ID", "The id of the last event seen."),
            ],
        },
        {"200": _answer(text, _event_stream(**sent)), **_problems(*READER_PROBLEMS)},
    )


def _http_stream() -> Json:
    lines = {"schema": {"type": "object", "description": "A reply or a push of asyncapi.yaml in each line."}}
    content = {"application/json": {**lines, "example": {}}, PROTOBUF: {"schema": BINARY, "example": ""}}
    answer = _answer("The messages of the connection, until it ends.", content)
    text = "The SDKs' fallback `http_stream`: a connection whose messages come in one response."
    body = {**BY_COMMAND, "requestBody": _first_message(PROTOBUF)}
    return _operation(
        "connection_http_stream", text, "connection", body, {"200": answer, **_problems(*FALLBACK_PROBLEMS)}
    )


def _sse_get() -> Json:
    first = {
        **_query(
            "cf_connect",
            {"type": "string"},
            "The first message of the client, in JSON. A token in it may last for a day at most.",
        ),
        "required": True,
    }
    body: Json = {**BY_COMMAND, "parameters": [first]}
    return _operation("connection_sse", SSE, "connection", body, {"200": _messages(), **_problems(*FALLBACK_PROBLEMS)})


def _sse_post() -> Json:
    body = {**BY_COMMAND, "requestBody": _first_message()}
    return _operation(
        "connection_sse_post", SSE, "connection", body, {"200": _messages(), **_problems(*FALLBACK_PROBLEMS)}
    )


def _emulation() -> Json:
    sent = {"session": "session", "node": "node", "data": '{"id":2,"subscribe":{"channel":"room:0197…"}}'}
    json = {"schema": {"$ref": "#/components/schemas/EmulationRequest"}, "example": sent}
    body: Json = {
        **BY_COMMAND,
        "requestBody": {"required": True, "content": {"application/json": json, PROTOBUF: _binary()}},
    }
    text = "A message of a client whose connection is a response, in any process.\n\n404 means that it has ended."
    answers = {
        "204": _answer("It was handed on. The reply comes in the response."),
        **_problems(*FALLBACK_PROBLEMS, "404"),
    }
    return _operation("connection_emulation", text, "connection", body, answers)


NAME: Json = {"in": "path", "name": "name", "schema": {"type": "string"}, "required": True}
SSE = "The SDKs' fallback `sse`: a connection whose messages come as server-sent events."


def _messages() -> Json:
    return _answer("The messages of the connection, until it ends.", _event_stream(data='{"id":1,"connect":{…}}'))


def _first_message(*more: str) -> Json:
    json = {"schema": COMMANDS, "example": {"id": 1, "connect": {"token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"}}}
    return {"required": True, "content": {"application/json": json, **{media: _binary() for media in more}}}


def _binary() -> Json:
    return {"schema": dict(BINARY), "example": ""}


def _event_stream(**sent: str) -> Json:
    return {EVENT_STREAM: {"schema": {"$ref": "#/components/schemas/ServerSentEvent"}, "example": sent}}


def _query(name: str, schema: Json, description: str) -> Json:
    return {"in": "query", "name": name, "schema": dict(schema), "description": description}


def _header(name: str, description: str) -> Json:
    return {"in": "header", "name": name, "schema": {"type": "string"}, "description": description}


def _answer(description: str, content: Json | None = None, headers: Json | None = None) -> Json:
    answer: Json = {"description": description}
    if content:
        answer["content"] = content
    if headers:
        answer["headers"] = {
            name: {"schema": dict(schema), "description": text} for name, (text, schema) in headers.items()
        }
    return answer


def _problems(*statuses: str) -> Json:
    return {
        status: {"$ref": f"#/components/responses/{responses.response_of(status)}"}
        for status in (*sorted(statuses), "default")
    }


def _operation(id: str, description: str, tag: str, more: Json, answers: Json) -> Json:
    return {"operationId": id, "description": description, "tags": [tag], **more, "responses": answers}
