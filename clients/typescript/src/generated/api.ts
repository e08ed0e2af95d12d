// Generated from openapi.yaml by scripts/generate.mjs. Do not edit.

export interface paths {
    "/api/v1/dashboards/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Your dashboards, newest first. */
        get: operations["dashboards_list"];
        put?: never;
        /** @description Create a dashboard. A repeated id is answered with 200 and the existing dashboard. */
        post: operations["dashboards_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboards/{dashboard_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A dashboard with all its metrics and their latest samples. */
        get: operations["dashboards_retrieve"];
        put?: never;
        post?: never;
        /** @description Delete a dashboard with its metrics and samples (owners). */
        delete: operations["dashboards_destroy"];
        options?: never;
        head?: never;
        /** @description Rename a dashboard (admins), or change its visibility (owners). */
        patch: operations["dashboards_update"];
        trace?: never;
    };
    "/api/v1/dashboards/{dashboard_id}/members/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The members of a dashboard, in the order in which they joined. */
        get: operations["dashboard_members_list"];
        put?: never;
        /** @description Add a member (admins). 200 if the user is a member with this role already. */
        post: operations["dashboard_members_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboards/{dashboard_id}/members/{user_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description One member. */
        get: operations["dashboard_members_retrieve"];
        put?: never;
        post?: never;
        /** @description Remove a member (admins), or yourself. */
        delete: operations["dashboard_members_destroy"];
        options?: never;
        head?: never;
        /** @description Change a member's role. */
        patch: operations["dashboard_members_update"];
        trace?: never;
    };
    "/api/v1/dashboards/{dashboard_id}/metrics/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The metrics of a dashboard, oldest first. */
        get: operations["metrics_list"];
        put?: never;
        /** @description Create a metric (admins). A repeated id is answered with 200 and the existing metric. */
        post: operations["metrics_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboards/{dashboard_id}/samples/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Push samples of several metrics at once, named by their keys (members). */
        post: operations["dashboard_samples_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The keys that are not revoked, newest first. */
        get: operations["keys_list"];
        put?: never;
        /** @description Create a key, for yourself or for a room or dashboard of yours. Only this answer contains the key's text. */
        post: operations["keys_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{key_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A key, without its text. */
        get: operations["keys_retrieve"];
        put?: never;
        post?: never;
        /** @description Revoke a key. It is refused from now on, and its sockets are closed. */
        delete: operations["keys_destroy"];
        options?: never;
        head?: never;
        /** @description Rename a key. Its scopes cannot be changed: create another key instead. */
        patch: operations["keys_update"];
        trace?: never;
    };
    "/api/v1/keys/{key_id}/rotate/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Create a second key for the same account and scopes. This one stays valid until you revoke it. */
        post: operations["keys_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Your own account. */
        get: operations["me_retrieve"];
        put?: never;
        post?: never;
        /** @description Delete your account and your messages. A room of which you are the only owner gets another owner. */
        delete: operations["me_destroy"];
        options?: never;
        head?: never;
        /** @description Change your name. */
        patch: operations["me_update"];
        trace?: never;
    };
    "/api/v1/me/password/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Change your password. Ends your other sessions. */
        post: operations["me_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Your sessions, newest first. */
        get: operations["sessions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/sessions/{session_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** @description End a session. Its tokens are refused from now on, and its sockets are closed. */
        delete: operations["sessions_destroy"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/metrics/{metric_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A metric. */
        get: operations["metrics_retrieve"];
        put?: never;
        post?: never;
        /** @description Delete a metric with all its samples (admins). */
        delete: operations["metrics_destroy"];
        options?: never;
        head?: never;
        /** @description Change a metric's name, description, unit or thresholds (admins). */
        patch: operations["metrics_update"];
        trace?: never;
    };
    "/api/v1/metrics/{metric_id}/samples/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The samples of a time range, oldest first. */
        get: operations["samples_list"];
        put?: never;
        /** @description Push one sample or a batch (members). A sample of the same time that exists already stays. */
        post: operations["samples_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Your rooms, newest first. */
        get: operations["rooms_list"];
        put?: never;
        /** @description Create a room. A repeated id or direct room is answered with 200 and the existing room. */
        post: operations["rooms_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A room. */
        get: operations["rooms_retrieve"];
        put?: never;
        post?: never;
        /** @description Delete a room with its messages (owners). */
        delete: operations["rooms_destroy"];
        options?: never;
        head?: never;
        /** @description Rename a room (admins), or make it public or private (owners). */
        patch: operations["rooms_update"];
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/join/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Join a public room. 200 if you are a member already. */
        post: operations["rooms_join"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/leave/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Leave a room. Its last owner cannot leave, and a direct room cannot be left. */
        post: operations["rooms_leave"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/members/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The members of a room, in the order in which they joined. */
        get: operations["members_list"];
        put?: never;
        /** @description Add a member (admins). 200 if the user is a member with this role already. */
        post: operations["members_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/members/{user_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description One member. */
        get: operations["members_retrieve"];
        put?: never;
        post?: never;
        /** @description Remove a member (admins), or yourself. */
        delete: operations["members_destroy"];
        options?: never;
        head?: never;
        /** @description Change a member's role. */
        patch: operations["members_update"];
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/messages/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The messages of a room, newest first. */
        get: operations["messages_list"];
        put?: never;
        /** @description Post a message (members). A repeated id is answered with 200 and the existing message. */
        post: operations["messages_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/messages/{message_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description One message. */
        get: operations["messages_retrieve"];
        put?: never;
        post?: never;
        /** @description Delete a message (its author, or admins). */
        delete: operations["messages_destroy"];
        options?: never;
        head?: never;
        /** @description Edit a message (its author). Only users who were not mentioned before get `mention.created`. */
        patch: operations["messages_update"];
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/messages/{message_id}/reactions/{emoji}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** @description React to a message (members). 200 if your reaction with this emoji exists already. */
        put: operations["reactions_put"];
        post?: never;
        /** @description Remove your reaction. 204 also if there is none. */
        delete: operations["reactions_destroy"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/messages/batch/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * @description Post up to a hundred messages, in this order (members). All are stored, or none. Each makes its own event.
         *
         *     A repeated id is answered with the existing message, as for a single message.
         */
        post: operations["messages_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/messages/search/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Search in the messages of a room, newest first. Counts as five requests. */
        get: operations["room_messages_search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/read/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The read marker of each member, the latest last. A member who leaves has none. */
        get: operations["read_list"];
        /** @description Set your read marker to this message (members). It only moves forward. */
        put: operations["read_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rooms/{room_id}/transfer/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Make another member the owner (owners). You become an admin. */
        post: operations["rooms_transfer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/search/messages/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Search in the messages of all rooms that you may read, newest first. Counts as five requests. */
        get: operations["messages_search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The streams that you may read, with their positions, in the order of their names.
         *
         *     A program that copies everything compares the positions with those that it has stored, and reads the log of each
         *     stream that has moved on.
         */
        get: operations["streams_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The position of a stream to which you may subscribe. */
        get: operations["streams_retrieve"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/events/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The events after a position, oldest first. This is the socket's recovery over HTTP.
         *
         *     410 means that events are missing, and names the position to continue from.
         */
        get: operations["streams_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/feed/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * @description The next events of all streams that you may read, after a bookmark; without one, from the first kept.
         *
         *     Keep the new bookmark with what you have copied. After a crash the old one brings the same events again, and
         *     none is missed. `added` and `reset` name the position from which the events of a stream follow: read its
         *     state over REST unless the offset is 0. `removed` is a stream that you may no longer read.
         */
        post: operations["streams_feed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/token/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * @description A token for `EventSource`, which cannot send a header.
         *
         *     It opens `streams/events/` only, as it stands in the address, and ends with your access token.
         */
        post: operations["streams_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/token/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Sign in with e-mail address and password. */
        post: operations["token_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/token/blacklist/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Sign out: ends the session, its tokens and its sockets. */
        post: operations["token_blacklist"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/token/refresh/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Exchange a refresh token for a new pair. For ten seconds, the same token gets the same pair again. */
        post: operations["token_refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/token/verify/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Check whether a token is valid. */
        post: operations["token_verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Register. */
        post: operations["users_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Your webhooks, newest first. */
        get: operations["webhooks_list"];
        put?: never;
        /** @description Create a webhook. Only this answer contains its secret. It gets the events from now on. */
        post: operations["webhooks_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A webhook, without its secrets. */
        get: operations["webhooks_retrieve"];
        put?: never;
        post?: never;
        /** @description Delete a webhook with its deliveries. An attempt that is under way may still arrive. */
        delete: operations["webhooks_destroy"];
        options?: never;
        head?: never;
        /** @description Change a webhook. `{"state": "active"}` enables one that was disabled: it goes on where it stood. */
        patch: operations["webhooks_update"];
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/deliveries/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The messages to a webhook, newest first. */
        get: operations["deliveries_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description A message with its body. What was erased since it was sent is not in it. */
        get: operations["deliveries_retrieve"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Send a message once more, with the same `webhook-id`, outside the order of its stream. */
        post: operations["deliveries_redeliver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/ping/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Send a message without an event, as a test. Its delivery shows how it went. */
        post: operations["webhooks_ping"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/rotate/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description Make another secret. For `keep_seconds` each request is signed with the earlier ones, too. */
        post: operations["webhooks_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{name}/log/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The log of a stream, as Durable Streams has it: pages, long polls or server-sent events.
         *
         *     410 means that the log does not go on from this offset, and says where it begins.
         */
        get: operations["streams_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** @description Where the log of a stream ends. */
        head: operations["streams_log_head"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/events/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * @description The events of up to 20 streams, for `EventSource` and `curl -N`.
         *
         *     Without a last id the response begins with the next event.
         */
        get: operations["streams_event_source"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/connection/http_stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** @description The SDKs' fallback `http_stream`: a connection whose messages come in one response. */
        post: operations["connection_http_stream"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/connection/sse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The SDKs' fallback `sse`: a connection whose messages come as server-sent events. */
        get: operations["connection_sse"];
        put?: never;
        /** @description The SDKs' fallback `sse`: a connection whose messages come as server-sent events. */
        post: operations["connection_sse_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/emulation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * @description A message of a client whose connection is a response, in any process.
         *
         *     404 means that it has ended.
         */
        post: operations["connection_emulation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The user, key or system that caused the event. */
        Actor: {
            type: components["schemas"]["ActorType"];
            /** Format: uuid */
            id: string | null;
        };
        /** @enum {string} */
        ActorType: "user" | "service" | "system";
        AnyEvent: components["schemas"]["DashboardDeletedEvent"] | components["schemas"]["DashboardJoinedEvent"] | components["schemas"]["DashboardLeftEvent"] | components["schemas"]["DashboardUpdatedEvent"] | components["schemas"]["KeyEndedEvent"] | components["schemas"]["MemberJoinedEvent"] | components["schemas"]["MemberLeftEvent"] | components["schemas"]["MemberUpdatedEvent"] | components["schemas"]["MentionCreatedEvent"] | components["schemas"]["MessageCreatedEvent"] | components["schemas"]["MessageDeletedEvent"] | components["schemas"]["MessageEditedEvent"] | components["schemas"]["MetricAlarmEvent"] | components["schemas"]["MetricCreatedEvent"] | components["schemas"]["MetricDeletedEvent"] | components["schemas"]["MetricOkEvent"] | components["schemas"]["MetricUpdatedEvent"] | components["schemas"]["ReactionAddedEvent"] | components["schemas"]["ReactionRemovedEvent"] | components["schemas"]["ReadUpdatedEvent"] | components["schemas"]["RoomDeletedEvent"] | components["schemas"]["RoomJoinedEvent"] | components["schemas"]["RoomLeftEvent"] | components["schemas"]["RoomUpdatedEvent"] | components["schemas"]["SamplesRecordedEvent"] | components["schemas"]["WebhookDisabledEvent"] | components["schemas"]["WebhookPositionLostEvent"] | components["schemas"]["WebhookStreamEndedEvent"];
        /** @enum {unknown} */
        BlankEnum: "";
        /** @description A summary of the samples in one step, which begins at `at`. */
        Bucket: {
            /** Format: date-time */
            at: string;
            /** Format: double */
            min: number;
            /** Format: double */
            max: number;
            /** Format: double */
            avg: number;
            /** Format: double */
            last: number;
            count: number;
        };
        /**
         * @description * `added` - added
         *     * `reset` - reset
         *     * `removed` - removed
         * @enum {string}
         */
        ChangeEnum: "added" | "reset" | "removed";
        /** @description A dashboard, the same for every reader. */
        Dashboard: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly visibility: components["schemas"]["VisibilityEnum"];
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
        };
        DashboardCreateRequest: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default private */
            visibility: components["schemas"]["VisibilityEnum"];
        };
        DashboardDeletedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "dashboard.deleted";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["DashboardKey"];
        };
        DashboardJoinedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "dashboard.joined";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Dashboard"];
        };
        /** @description The key of a deleted dashboard. */
        DashboardKey: {
            /** Format: uuid */
            id: string;
        };
        DashboardLeftEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "dashboard.left";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["DashboardKey"];
        };
        DashboardUpdatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "dashboard.updated";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Dashboard"];
        };
        /** @description A message to a webhook, and how its last attempt went. */
        Delivery: {
            /** Format: uuid */
            readonly id: string;
            readonly message_id: string;
            readonly type: string;
            /** @description The stream of its events; null for a ping. */
            readonly stream: string | null;
            readonly epoch: string;
            readonly first_offset: number | null;
            readonly last_offset: number | null;
            readonly state: components["schemas"]["DeliveryState"];
            readonly attempts: number;
            /** @description Of the last answer. */
            readonly status: number | null;
            /** @description The first KiB of the last answer. */
            readonly answer: string;
            /** @description Why there was no answer. */
            readonly error: string;
            readonly milliseconds: number | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly attempted_at: string | null;
            /** Format: date-time */
            readonly next_at: string | null;
        };
        /** @description A message with its body, as an attempt now would send it. */
        DeliveryDetail: {
            /** Format: uuid */
            readonly id: string;
            readonly message_id: string;
            readonly type: string;
            /** @description The stream of its events; null for a ping. */
            readonly stream: string | null;
            readonly epoch: string;
            readonly first_offset: number | null;
            readonly last_offset: number | null;
            readonly state: components["schemas"]["DeliveryState"];
            readonly attempts: number;
            /** @description Of the last answer. */
            readonly status: number | null;
            /** @description The first KiB of the last answer. */
            readonly answer: string;
            /** @description Why there was no answer. */
            readonly error: string;
            readonly milliseconds: number | null;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly attempted_at: string | null;
            /** Format: date-time */
            readonly next_at: string | null;
            /** @description Null where the log has its events no longer. */
            readonly body: string | null;
        };
        /**
         * @description * `pending` - Pending
         *     * `retrying` - Retrying
         *     * `delivered` - Delivered
         *     * `failed` - Failed
         * @enum {string}
         */
        DeliveryState: "pending" | "retrying" | "delivered" | "failed";
        /** @description A key of a room or a dashboard that ended: it was revoked, or its maker is no owner any more. */
        EndedKey: {
            /** Format: uuid */
            id: string;
            name: string;
            /** @description The service account as which it acted. */
            user: components["schemas"]["PublicUser"];
        };
        /** @description An event with its offset in its stream. */
        Entry: {
            offset: number;
            event: components["schemas"]["AnyEvent"];
        };
        /** @description The events after a position. `stream` is the stream's position, read before the events. */
        EventPage: {
            /**
             * Format: uri
             * @description The address of the next page; null if there are no more events now.
             */
            next: string | null;
            results: components["schemas"]["Entry"][];
            stream: components["schemas"]["Position"];
        };
        EventsToken: {
            /** @description For the parameter `token` of `streams/events/`, and nothing else. */
            token: string;
            /**
             * Format: date-time
             * @description With the access token. An open response ends then.
             */
            expires_at: string;
        };
        /** @description A stream that is new in the feed, begins anew, or is gone from it. */
        FeedChange: {
            change: components["schemas"]["ChangeEnum"];
            stream: components["schemas"]["Position"];
        };
        /** @description An event with its stream and its offset in it. */
        FeedEntry: {
            channel: string;
            offset: number;
            event: components["schemas"]["AnyEvent"];
        };
        /** @description The changes come first: events of a new stream are in the same page. */
        FeedPage: {
            bookmark: string;
            /** @description Ask again at once. Otherwise after some seconds. */
            has_more: boolean;
            changes: components["schemas"]["FeedChange"][];
            results: components["schemas"]["FeedEntry"][];
        };
        /**
         * @description * `dashboard` - dashboard
         *     * `room` - room
         *     * `user` - user
         * @enum {string}
         */
        FeedRequestKindEnum: "dashboard" | "room" | "user";
        FeedRequestRequest: {
            /**
             * @description Of the last page. Empty in the beginning.
             * @default
             */
            bookmark: string;
            /** @default 500 */
            limit: number;
            /**
             * @description Streams of this kind only. Use another bookmark for each.
             *
             *     * `dashboard` - dashboard
             *     * `room` - room
             *     * `user` - user
             * @default
             */
            kind: components["schemas"]["FeedRequestKindEnum"] | components["schemas"]["BlankEnum"];
        };
        /** @description A message, the same for every reader. */
        FoundMessage: {
            /** Format: uuid */
            readonly id: string;
            /** Format: uuid */
            readonly room: string;
            readonly author: components["schemas"]["PublicUser"] | null;
            /** @description Empty once the message is deleted. */
            readonly text: string;
            /** Format: uuid */
            readonly reply_to: string | null;
            readonly mentions: string[];
            /** @description At most 20 emoji, in the order of their first use. */
            readonly reactions: components["schemas"]["Reaction"][];
            /** Format: date-time */
            readonly edited_at: string | null;
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
            /** @description A passage of up to 240 characters with what was found, as HTML: the text is escaped, and `<mark>` and `</mark>` stand around the words. They are the only tags in it. */
            readonly highlight: string;
        };
        /** @description A key without its text. Only a hash of the text is stored. */
        Key: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly last4: string;
            /** @description The account as which it acts: a user, or its own service account. */
            readonly user: components["schemas"]["PublicUser"];
            /** @description The stream to which it is bound. */
            readonly stream: string | null;
            readonly scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly expires_at: string | null;
            /**
             * Format: date-time
             * @description To within ten minutes.
             */
            readonly used_at: string | null;
            readonly version: number;
        };
        KeyCreateRequest: {
            /** Format: uuid */
            id?: string;
            name: string;
            scopes: components["schemas"]["Scope"][];
            /**
             * Format: date-time
             * @description Without it, the key is valid until it is revoked.
             */
            expires_at?: string | null;
            /** @description Binds the key to this room or dashboard (owners): `room:…`. It then acts as a service account, which is a member there. */
            stream?: string | null;
        };
        KeyEndedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "key.ended";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["EndedKey"];
        };
        KeyRotateRequest: {
            /**
             * Format: date-time
             * @description Without it, the new key has the same lifetime.
             */
            expires_at?: string | null;
        };
        /** @description Values that depend on the reader. Never part of an event. */
        MeInDashboard: {
            readonly role: components["schemas"]["Role"] | components["schemas"]["NullEnum"];
        };
        /** @description Values that depend on the reader. Never part of an event. */
        MeInRoom: {
            readonly role: components["schemas"]["Role"] | components["schemas"]["NullEnum"];
            /** @description Other members' messages after your read marker, or since you joined if there is none. */
            readonly unread_count: number | null;
        };
        Member: {
            readonly user: components["schemas"]["PublicUser"];
            readonly role: components["schemas"]["Role"];
            /** Format: date-time */
            readonly joined_at: string;
            readonly version: number;
        };
        MemberCreateRequest: {
            /** Format: uuid */
            user_id: string;
            /** @default member */
            role: components["schemas"]["Role"];
        };
        MemberJoinedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "member.joined";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Member"];
        };
        /** @description The key of a membership that ended. */
        MemberKey: {
            user: components["schemas"]["UserKey"];
        };
        MemberLeftEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "member.left";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["MemberKey"];
        };
        MemberUpdatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "member.updated";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Member"];
        };
        /** @description Where a user was mentioned. Sent to that user. */
        Mention: {
            /** Format: uuid */
            readonly room: string;
            /** Format: uuid */
            readonly message: string;
        };
        MentionCreatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "mention.created";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Mention"];
        };
        /** @description A message, the same for every reader. */
        Message: {
            /** Format: uuid */
            readonly id: string;
            /** Format: uuid */
            readonly room: string;
            readonly author: components["schemas"]["PublicUser"] | null;
            /** @description Empty once the message is deleted. */
            readonly text: string;
            /** Format: uuid */
            readonly reply_to: string | null;
            readonly mentions: string[];
            /** @description At most 20 emoji, in the order of their first use. */
            readonly reactions: components["schemas"]["Reaction"][];
            /** Format: date-time */
            readonly edited_at: string | null;
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
        };
        MessageCreateRequest: {
            /** Format: uuid */
            id?: string;
            text: string;
            /**
             * Format: uuid
             * @description A message of the same room, even a deleted one.
             */
            reply_to?: string | null;
            /** @description Ids of members. The server does not look for mentions in the text. */
            mentions?: string[];
        };
        MessageCreatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "message.created";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Message"];
        };
        MessageDeletedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "message.deleted";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["MessageKey"];
        };
        MessageEditedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "message.edited";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Message"];
        };
        /** @description The key of a deleted message. `version` orders it against edits that arrive later. */
        MessageKey: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            room: string;
            /** Format: date-time */
            deleted_at: string;
            version: number;
        };
        /** @description A metric with its latest sample. */
        Metric: {
            /** Format: uuid */
            readonly id: string;
            /** Format: uuid */
            readonly dashboard: string;
            /** @description Names it within its dashboard, for those who push. */
            readonly key: string;
            readonly name: string;
            readonly kind: components["schemas"]["MetricKind"];
            readonly unit: string;
            readonly description: string;
            readonly thresholds: components["schemas"]["Thresholds"];
            readonly state: components["schemas"]["MetricStateEnum"];
            readonly retention_days: number;
            readonly latest: components["schemas"]["Sample"] | null;
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
        };
        MetricAlarmEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "metric.alarm";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Metric"];
        };
        /** @description The key and the kind cannot be changed later. */
        MetricCreateRequest: {
            name?: string;
            unit?: string;
            description?: string;
            thresholds?: components["schemas"]["ThresholdsRequest"];
            retention_days?: number;
            /** Format: uuid */
            id?: string;
            /** @description Letters and digits, and after the first character also _ . : - */
            key: string;
            /** @default gauge */
            kind: components["schemas"]["MetricKind"];
        };
        MetricCreatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "metric.created";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Metric"];
        };
        MetricDeletedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "metric.deleted";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["MetricKey"];
        };
        /** @description The key of a deleted metric. */
        MetricKey: {
            /** Format: uuid */
            id: string;
        };
        /**
         * @description * `gauge` - Gauge
         *     * `counter` - Counter
         * @enum {string}
         */
        MetricKind: "gauge" | "counter";
        MetricOkEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "metric.ok";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Metric"];
        };
        /**
         * @description * `ok` - Ok
         *     * `alarm` - Alarm
         * @enum {string}
         */
        MetricStateEnum: "ok" | "alarm";
        MetricUpdatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "metric.updated";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Metric"];
        };
        /** @description A dashboard in REST, with values that depend on the reader. */
        MyDashboard: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly visibility: components["schemas"]["VisibilityEnum"];
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly me: components["schemas"]["MeInDashboard"];
        };
        /** @description A room in REST, with values that depend on the reader. */
        MyRoom: {
            /** Format: uuid */
            readonly id: string;
            /** @description Empty in direct rooms only. */
            readonly name: string;
            readonly kind: components["schemas"]["RoomKind"];
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly me: components["schemas"]["MeInRoom"];
        };
        /**
         * @description * `public` - public
         *     * `private` - private
         * @enum {string}
         */
        NamedRoomKind: "public" | "private";
        /** @description One value and its time. */
        NamedSampleRequest: {
            /** Format: date-time */
            at?: string;
            /** Format: double */
            value: number;
            /** @description The metric's key. */
            metric: string;
        };
        /** @description A key with its text, which is shown only once. */
        NewKey: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly last4: string;
            /** @description The account as which it acts: a user, or its own service account. */
            readonly user: components["schemas"]["PublicUser"];
            /** @description The stream to which it is bound. */
            readonly stream: string | null;
            readonly scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly expires_at: string | null;
            /**
             * Format: date-time
             * @description To within ten minutes.
             */
            readonly used_at: string | null;
            readonly version: number;
            /** @description `tw_live_…`. It cannot be shown again. */
            readonly key: string;
        };
        /** @description A webhook with its new secret, which is shown only once. */
        NewWebhook: {
            /** Format: uuid */
            readonly id: string;
            readonly url: string;
            readonly description: string;
            /** @description Empty for all types. */
            readonly types: string[];
            /** @description Null for all streams that the owner may read, asked again at each delivery. */
            readonly streams: string[] | null;
            readonly max_events: number;
            readonly state: components["schemas"]["WebhookState"];
            /** @description Why it is disabled, or null. */
            readonly disabled_reason: string | null;
            /** Format: date-time */
            readonly failing_since: string | null;
            readonly secrets: components["schemas"]["WebhookSecret"][];
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly version: number;
            /** @description `whsec_…`. It cannot be shown again. */
            readonly secret: string;
        };
        NullEnum: null;
        PaginatedDeliveryList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Delivery"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedFoundMessageList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["FoundMessage"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedKeyList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Key"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedMemberList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Member"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedMessageList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Message"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedMetricList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Metric"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedMyDashboardList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["MyDashboard"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedMyRoomList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["MyRoom"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedReadMarkerList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["ReadMarker"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedSampleOrBucketList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["SampleOrBucket"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedSessionList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Session"][];
            stream: components["schemas"]["Position"] | null;
        };
        PaginatedWebhookList: {
            /** Format: uri */
            next: string | null;
            /** Format: uri */
            previous: string | null;
            results: components["schemas"]["Webhook"][];
            stream: components["schemas"]["Position"] | null;
        };
        /** @description The present and the new password. */
        PasswordRequest: {
            current_password: string;
            new_password: string;
        };
        PatchedDashboardUpdateRequest: {
            name?: string;
            visibility?: components["schemas"]["VisibilityEnum"];
        };
        PatchedKeyUpdateRequest: {
            name?: string;
        };
        PatchedMemberUpdateRequest: {
            role?: components["schemas"]["Role"];
        };
        PatchedMessageUpdateRequest: {
            text?: string;
            /** @description Ids of members. The server does not look for mentions in the text. */
            mentions?: string[];
        };
        /** @description The key and the kind cannot be changed later. */
        PatchedMetricUpdateRequest: {
            name?: string;
            unit?: string;
            description?: string;
            thresholds?: components["schemas"]["ThresholdsRequest"];
            retention_days?: number;
        };
        /** @description The kind of a direct room cannot be changed. */
        PatchedRoomUpdateRequest: {
            name?: string;
            kind?: components["schemas"]["NamedRoomKind"];
        };
        /** @description Your own account. Only the name can be changed. */
        PatchedUserRequest: {
            name?: string;
        };
        /** @description What of a webhook its owner writes. */
        PatchedWebhookUpdateRequest: {
            url?: string;
            description?: string;
            /** @description The types of events that it gets, such as `message.created`. All without it. */
            types?: string[];
            /** @description The streams whose events it gets. Without it all that you may read. */
            streams?: string[] | null;
            /** @description Above 1, a request holds up to so many events of one stream. */
            max_events?: number;
            /**
             * @description An active one goes on where it stood.
             *
             *     * `active` - Active
             *     * `disabled` - Disabled
             */
            state?: components["schemas"]["WebhookState"];
        };
        /** @description A position in a stream. Subscribe from it with `recover` to miss no event. */
        Position: {
            channel: string;
            epoch: string;
            offset: number;
        };
        /** @description The public data of a user. */
        PublicUser: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
        };
        /** @description One sample, or many as `samples`. Without `at`, the time is now. */
        PushRequest: {
            /** Format: date-time */
            at?: string;
            /** Format: double */
            value?: number;
            samples?: components["schemas"]["SampleRequest"][];
        };
        /** @description Samples of several metrics of one dashboard. Without `at`, the time is now. */
        PushToManyRequest: {
            samples: components["schemas"]["NamedSampleRequest"][];
        };
        Pushed: {
            /** @description The number of new samples. */
            recorded: number;
        };
        Reaction: {
            emoji: string;
            count: number;
            /** @description The first 50 of them. */
            users: string[];
        };
        ReactionAddedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "reaction.added";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Message"];
        };
        ReactionRemovedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "reaction.removed";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Message"];
        };
        ReadMarker: {
            /** Format: uuid */
            readonly room: string;
            /** Format: uuid */
            readonly user_id: string;
            /** Format: uuid */
            readonly message: string;
            /** Format: date-time */
            readonly at: string;
            readonly version: number;
        };
        ReadRequest: {
            /**
             * Format: uuid
             * @description The last message that was read.
             */
            message: string;
        };
        ReadUpdatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "read.updated";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["ReadMarker"];
        };
        /** @description New samples of one metric. They are keyed by (metric, at), so receiving one twice is harmless. */
        RecordedSamples: {
            /** Format: uuid */
            metric: string;
            samples: components["schemas"]["Sample"][];
        };
        RefreshRequest: {
            refresh: string;
        };
        RegisterRequest: {
            /** Format: email */
            email: string;
            name: string;
            password: string;
        };
        /**
         * @description * `owner` - Owner
         *     * `admin` - Admin
         *     * `member` - Member
         * @enum {string}
         */
        Role: "owner" | "admin" | "member";
        /** @description A room, the same for every reader. */
        Room: {
            /** Format: uuid */
            readonly id: string;
            /** @description Empty in direct rooms only. */
            readonly name: string;
            readonly kind: components["schemas"]["RoomKind"];
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
        };
        /** @description `name` for a public or private room, `user_id` for a direct one. */
        RoomCreateRequest: {
            /** Format: uuid */
            id?: string;
            /** @default private */
            kind: components["schemas"]["RoomKind"];
            name?: string;
            /** Format: uuid */
            user_id?: string;
        };
        RoomDeletedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "room.deleted";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["RoomKey"];
        };
        RoomJoinedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "room.joined";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Room"];
        };
        /** @description The key of a deleted room. */
        RoomKey: {
            /** Format: uuid */
            id: string;
        };
        /**
         * @description * `public` - Public
         *     * `private` - Private
         *     * `direct` - Direct
         * @enum {string}
         */
        RoomKind: "public" | "private" | "direct";
        RoomLeftEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "room.left";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["RoomKey"];
        };
        RoomUpdatedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "room.updated";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["Room"];
        };
        /** @description One value and its time. */
        Sample: {
            /** Format: date-time */
            at: string;
            /** Format: double */
            value: number;
        };
        SampleOrBucket: components["schemas"]["Sample"] | components["schemas"]["Bucket"];
        /** @description One value and its time. */
        SampleRequest: {
            /** Format: date-time */
            at: string;
            /** Format: double */
            value: number;
        };
        SamplesRecordedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "samples.recorded";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["RecordedSamples"];
        };
        /**
         * @description * `me:read` - me:read
         *     * `rooms:read` - rooms:read
         *     * `rooms:write` - rooms:write
         *     * `members:read` - members:read
         *     * `members:write` - members:write
         *     * `messages:read` - messages:read
         *     * `messages:write` - messages:write
         *     * `markers:read` - markers:read
         *     * `markers:write` - markers:write
         *     * `dashboards:read` - dashboards:read
         *     * `dashboards:write` - dashboards:write
         *     * `metrics:read` - metrics:read
         *     * `metrics:write` - metrics:write
         *     * `samples:read` - samples:read
         *     * `samples:write` - samples:write
         *     * `webhooks:read` - webhooks:read
         *     * `webhooks:write` - webhooks:write
         *     * `streams:read` - streams:read
         *     * `streams:write` - streams:write
         * @enum {string}
         */
        Scope: "me:read" | "rooms:read" | "rooms:write" | "members:read" | "members:write" | "messages:read" | "messages:write" | "markers:read" | "markers:write" | "dashboards:read" | "dashboards:write" | "metrics:read" | "metrics:write" | "samples:read" | "samples:write" | "webhooks:read" | "webhooks:write" | "streams:read" | "streams:write";
        Session: {
            /** Format: uuid */
            readonly id: string;
            /** @description What the client calls itself. */
            readonly device: string;
            readonly address: string;
            /** Format: date-time */
            readonly created_at: string;
            /**
             * Format: date-time
             * @description The time of the last refresh.
             */
            readonly used_at: string;
            /** Format: date-time */
            readonly expires_at: string;
            readonly is_current: boolean;
        };
        SignInRequest: {
            /** Format: email */
            email: string;
            password: string;
        };
        /** @description Streams with their positions. */
        StreamPage: {
            /**
             * Format: uri
             * @description The address of the next page; null if there is none.
             */
            next: string | null;
            results: components["schemas"]["Position"][];
        };
        /** @description A value above `above` or below `below` raises an alarm; null disables a threshold. */
        Thresholds: {
            /** Format: double */
            above?: number | null;
            /** Format: double */
            below?: number | null;
        };
        /** @description A value above `above` or below `below` raises an alarm; null disables a threshold. */
        ThresholdsRequest: {
            /** Format: double */
            above?: number | null;
            /** Format: double */
            below?: number | null;
        };
        TokenPair: {
            /** @description For REST and sockets, valid for some minutes. */
            access: string;
            /** @description Can be used once, for the next pair. */
            refresh: string;
        };
        TransferRequest: {
            /**
             * Format: uuid
             * @description The member who becomes the owner.
             */
            user_id: string;
        };
        /** @description Your own account. Only the name can be changed. */
        User: {
            /** Format: uuid */
            readonly id: string;
            /** Format: email */
            readonly email: string;
            name: string;
            readonly version: number;
        };
        UserKey: {
            /** Format: uuid */
            id: string;
        };
        VerifyRequest: {
            token: string;
        };
        /**
         * @description * `public` - Public
         *     * `private` - Private
         * @enum {string}
         */
        VisibilityEnum: "public" | "private";
        /** @description An endpoint that gets events. `failing_since` is the first failure after the last success. */
        Webhook: {
            /** Format: uuid */
            readonly id: string;
            readonly url: string;
            readonly description: string;
            /** @description Empty for all types. */
            readonly types: string[];
            /** @description Null for all streams that the owner may read, asked again at each delivery. */
            readonly streams: string[] | null;
            readonly max_events: number;
            readonly state: components["schemas"]["WebhookState"];
            /** @description Why it is disabled, or null. */
            readonly disabled_reason: string | null;
            /** Format: date-time */
            readonly failing_since: string | null;
            readonly secrets: components["schemas"]["WebhookSecret"][];
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly version: number;
        };
        /** @description What of a webhook its owner writes. */
        WebhookCreateRequest: {
            /** @description Requests are sent to public addresses only. */
            url: string;
            description?: string;
            /** @description The types of events that it gets, such as `message.created`. All without it. */
            types?: string[];
            /** @description The streams whose events it gets. Without it all that you may read. */
            streams?: string[] | null;
            /** @description Above 1, a request holds up to so many events of one stream. */
            max_events?: number;
            /** Format: uuid */
            id?: string;
        };
        WebhookDisabledEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "webhook.disabled";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["WebhookNotice"];
        };
        /** @description What the owner of a webhook must know. `stream` and `reason` are null where there is none. */
        WebhookNotice: {
            /**
             * Format: uuid
             * @description The webhook's.
             */
            id: string;
            url: string;
            stream: string | null;
            reason: string | null;
        };
        WebhookPositionLostEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "webhook.position_lost";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["WebhookNotice"];
        };
        WebhookRotateRequest: {
            /**
             * @description How long the earlier secrets go on signing, beside the new one.
             * @default 86400
             */
            keep_seconds: number;
        };
        /** @description A secret, of which only the end is shown. */
        WebhookSecret: {
            readonly last4: string;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly expires_at: string | null;
        };
        /**
         * @description * `active` - Active
         *     * `disabled` - Disabled
         * @enum {string}
         */
        WebhookState: "active" | "disabled";
        WebhookStreamEndedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "webhook.stream_ended";
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: components["schemas"]["Actor"];
            data: components["schemas"]["WebhookNotice"];
        };
        /** @description A dashboard with all its metrics and their latest samples: all that a page needs before it subscribes. */
        WholeDashboard: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly visibility: components["schemas"]["VisibilityEnum"];
            readonly version: number;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
            readonly me: components["schemas"]["MeInDashboard"];
            readonly metrics: components["schemas"]["Metric"][];
        };
        /** @description A problem document (RFC 9457). Programs should read `code`. */
        Problem: {
            /**
             * Format: uri-reference
             * @description The address of the page about this problem.
             */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description The id of the request, as in the X-Request-ID header. */
            instance: string;
            code: string;
            /** @description The id of the trace, where the request has one, as in its `traceparent` header. */
            trace_id?: string;
            errors?: components["schemas"]["ProblemError"][];
            /** @description With 410: the stream's position now. */
            stream?: components["schemas"]["Position"];
            /** @description With 429: the exceeded quotas of RateLimit-Policy. */
            "violated-policies"?: string[];
            /** @description With 410 of a log: the offset before the first event that is kept. */
            earliest?: string;
        };
        ProblemError: {
            /** @description JSON pointer (RFC 6901) into the request body. */
            pointer: string;
            code: string;
            detail: string;
        };
        EmulationRequest: {
            /** @description Of the reply to `connect`. */
            session: string;
            /** @description Of the reply to `connect`. */
            node: string;
            /** @description Commands of asyncapi.yaml, one in a line. */
            data: string;
        };
        /** @description One event of a response, with its fields as texts. */
        ServerSentEvent: {
            event?: string;
            data?: string;
            id?: string;
            retry?: string;
        };
    };
    responses: {
        /** @description The error. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/api/problems/not_found/",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "detail": "It is not there, or the caller may not know of it.",
                 *       "instance": "urn:request:0197a3b2-6c00-7d54-9e1f-0c5a3b978f9f",
                 *       "code": "not_found"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No credential, or not a valid one. */
        Unauthenticated: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/api/problems/token_expired/",
                 *       "title": "Unauthorized",
                 *       "status": 401,
                 *       "detail": "The token was good, and has ended.",
                 *       "instance": "urn:request:0197a3b2-6c00-7d54-9e1f-0c5a3b978f9f",
                 *       "code": "token_expired"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request cannot be served now. Nothing was written. */
        TryLater: {
            headers: {
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/api/problems/quota_exceeded/",
                 *       "title": "Too Many Requests",
                 *       "status": 429,
                 *       "detail": "More requests or bytes than `violated-policies` allow.",
                 *       "instance": "urn:request:0197a3b2-6c00-7d54-9e1f-0c5a3b978f9f",
                 *       "code": "quota_exceeded",
                 *       "violated-policies": [
                 *         "key"
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description What is left of each quota, and the seconds until it is full again: `"user";r=42;t=18`. */
        RateLimit: string;
        /** @description The quotas that count this request: `"user";q=1200;w=60`. */
        "RateLimit-Policy": string;
        /** @description Seconds to wait. */
        "Retry-After": string;
        /** @description How to authenticate. */
        "WWW-Authenticate": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    dashboards_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description Only rows created later than this time. */
                created_after?: string;
                /** @description Only rows created earlier than this time. */
                created_before?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description All public dashboards, instead of your own. */
                discover?: boolean;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description Only rows whose name contains this text. */
                name?: string;
                /** @description The order of the rows; a minus sign means descending. */
                ordering?: "created_at" | "-created_at" | "updated_at" | "-updated_at";
                /**
                 * @description Only dashboards with this visibility.
                 *
                 *     * `public` - Public
                 *     * `private` - Private
                 */
                visibility?: "private" | "public";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "name": "Alice",
                     *           "visibility": "public",
                     *           "version": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "updated_at": "2026-01-02T15:04:05.678901Z",
                     *           "me": {
                     *             "role": "owner"
                     *           }
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedMyDashboardList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboards_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Servers",
                 *       "visibility": "private"
                 *     }
                 */
                "application/json": components["schemas"]["DashboardCreateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "visibility": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["MyDashboard"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "visibility": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["MyDashboard"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboards_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "visibility": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner"
                     *       },
                     *       "metrics": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "dashboard": "0197a3b2-6c00-7d54-9e1f-0c5a5c94fff8",
                     *           "key": "temperature",
                     *           "name": "Alice",
                     *           "kind": "gauge",
                     *           "unit": "°C",
                     *           "description": "description",
                     *           "thresholds": {
                     *             "above": 21.5,
                     *             "below": 21.5
                     *           },
                     *           "state": "ok",
                     *           "retention_days": 3,
                     *           "latest": {
                     *             "at": "2026-01-02T15:04:05.678901Z",
                     *             "value": 21.5
                     *           },
                     *           "version": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["WholeDashboard"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboards_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboards_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "Old servers"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedDashboardUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "visibility": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["MyDashboard"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboard_members_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Only rows created later than this time. */
                joined_after?: string;
                /** @description Only rows created earlier than this time. */
                joined_before?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description The order of the rows; a minus sign means descending. */
                ordering?: "joined_at" | "-joined_at";
                /**
                 * @description Only members with this role.
                 *
                 *     * `owner` - Owner
                 *     * `admin` - Admin
                 *     * `member` - Member
                 */
                role?: "admin" | "member" | "owner";
            };
            header?: {
                /** @description Answer 304 if the list is as it was with this ETag: no event of its stream since, and no new name. */
                "If-None-Match"?: string;
            };
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description Made of the position. Absent where a filter narrows the list. */
                    ETag?: string;
                    /** @description Of a 304, which has no body: the position, as the body says it. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "user": {
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "name": "Alice"
                     *           },
                     *           "role": "owner",
                     *           "joined_at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedMemberList"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description Made of the position. Absent where a filter narrows the list. */
                    ETag?: string;
                    /** @description Of a 304, which has no body: the position, as the body says it. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboard_members_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "user_id": "0197a3b2-6c00-7d54-9e1f-0c5aa76ed395",
                 *       "role": "member"
                 *     }
                 */
                "application/json": components["schemas"]["MemberCreateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboard_members_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                dashboard_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboard_members_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                dashboard_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboard_members_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                dashboard_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "role": "admin"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedMemberUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    metrics_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Only the metric with this key. */
                key?: string;
                /**
                 * @description Only metrics of this kind.
                 *
                 *     * `gauge` - Gauge
                 *     * `counter` - Counter
                 */
                kind?: "counter" | "gauge";
                /** @description Rows per page. */
                limit?: number;
                /** @description The order of the rows; a minus sign means descending. */
                ordering?: "created_at" | "-created_at";
            };
            header?: never;
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "dashboard": "0197a3b2-6c00-7d54-9e1f-0c5a5c94fff8",
                     *           "key": "temperature",
                     *           "name": "Alice",
                     *           "kind": "gauge",
                     *           "unit": "°C",
                     *           "description": "description",
                     *           "thresholds": {
                     *             "above": 21.5,
                     *             "below": 21.5
                     *           },
                     *           "state": "ok",
                     *           "retention_days": 3,
                     *           "latest": {
                     *             "at": "2026-01-02T15:04:05.678901Z",
                     *             "value": 21.5
                     *           },
                     *           "version": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedMetricList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    metrics_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "key": "load",
                 *       "unit": "",
                 *       "thresholds": {
                 *         "above": 8,
                 *         "below": null
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["MetricCreateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "dashboard": "0197a3b2-6c00-7d54-9e1f-0c5a5c94fff8",
                     *       "key": "temperature",
                     *       "name": "Alice",
                     *       "kind": "gauge",
                     *       "unit": "°C",
                     *       "description": "description",
                     *       "thresholds": {
                     *         "above": 21.5,
                     *         "below": 21.5
                     *       },
                     *       "state": "ok",
                     *       "retention_days": 3,
                     *       "latest": {
                     *         "at": "2026-01-02T15:04:05.678901Z",
                     *         "value": 21.5
                     *       },
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Metric"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "dashboard": "0197a3b2-6c00-7d54-9e1f-0c5a5c94fff8",
                     *       "key": "temperature",
                     *       "name": "Alice",
                     *       "kind": "gauge",
                     *       "unit": "°C",
                     *       "description": "description",
                     *       "thresholds": {
                     *         "above": 21.5,
                     *         "below": 21.5
                     *       },
                     *       "state": "ok",
                     *       "retention_days": 3,
                     *       "latest": {
                     *         "at": "2026-01-02T15:04:05.678901Z",
                     *         "value": 21.5
                     *       },
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Metric"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    dashboard_samples_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                dashboard_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "samples": [
                 *         {
                 *           "metric": "load",
                 *           "at": "2026-01-02T03:04:05Z",
                 *           "value": 0.7
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["PushToManyRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recorded": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Pushed"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    keys_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description The keys of this room or dashboard (owners), instead of your own. */
                stream?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "name": "Alice",
                     *           "last4": "last4",
                     *           "user": {
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "name": "Alice"
                     *           },
                     *           "stream": "stream",
                     *           "scopes": [
                     *             "me:read"
                     *           ],
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "expires_at": "2026-01-02T15:04:05.678901Z",
                     *           "used_at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedKeyList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    keys_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ticket robot",
                 *       "scopes": [
                 *         "messages:read",
                 *         "messages:write"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["KeyCreateRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "last4": "last4",
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "stream": "stream",
                     *       "scopes": [
                     *         "me:read"
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "expires_at": "2026-01-02T15:04:05.678901Z",
                     *       "used_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "key": "temperature"
                     *     }
                     */
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    keys_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "last4": "last4",
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "stream": "stream",
                     *       "scopes": [
                     *         "me:read"
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "expires_at": "2026-01-02T15:04:05.678901Z",
                     *       "used_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    keys_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    keys_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "Ticket robot, old"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedKeyUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "last4": "last4",
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "stream": "stream",
                     *       "scopes": [
                     *         "me:read"
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "expires_at": "2026-01-02T15:04:05.678901Z",
                     *       "used_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Key"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    keys_rotate: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": components["schemas"]["KeyRotateRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "last4": "last4",
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "stream": "stream",
                     *       "scopes": [
                     *         "me:read"
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "expires_at": "2026-01-02T15:04:05.678901Z",
                     *       "used_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "key": "temperature"
                     *     }
                     */
                    "application/json": components["schemas"]["NewKey"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    me_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "email": "alice@example.com",
                     *       "name": "Alice",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    me_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    me_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "Alice"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedUserRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "email": "alice@example.com",
                     *       "name": "Alice",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    me_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current_password": "correct horse battery staple",
                 *       "new_password": "four other random words"
                 *     }
                 */
                "application/json": components["schemas"]["PasswordRequest"];
            };
        };
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    sessions_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "device": "device",
                     *           "address": "address",
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "used_at": "2026-01-02T15:04:05.678901Z",
                     *           "expires_at": "2026-01-02T15:04:05.678901Z",
                     *           "is_current": true
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedSessionList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    sessions_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    metrics_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                metric_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "dashboard": "0197a3b2-6c00-7d54-9e1f-0c5a5c94fff8",
                     *       "key": "temperature",
                     *       "name": "Alice",
                     *       "kind": "gauge",
                     *       "unit": "°C",
                     *       "description": "description",
                     *       "thresholds": {
                     *         "above": 21.5,
                     *         "below": 21.5
                     *       },
                     *       "state": "ok",
                     *       "retention_days": 3,
                     *       "latest": {
                     *         "at": "2026-01-02T15:04:05.678901Z",
                     *         "value": 21.5
                     *       },
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Metric"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    metrics_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                metric_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    metrics_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                metric_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "Load",
                 *       "retention_days": 90
                 *     }
                 */
                "application/json": components["schemas"]["PatchedMetricUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "dashboard": "0197a3b2-6c00-7d54-9e1f-0c5a5c94fff8",
                     *       "key": "temperature",
                     *       "name": "Alice",
                     *       "kind": "gauge",
                     *       "unit": "°C",
                     *       "description": "description",
                     *       "thresholds": {
                     *         "above": 21.5,
                     *         "below": 21.5
                     *       },
                     *       "state": "ok",
                     *       "retention_days": 3,
                     *       "latest": {
                     *         "at": "2026-01-02T15:04:05.678901Z",
                     *         "value": 21.5
                     *       },
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Metric"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    samples_list: {
        parameters: {
            query?: {
                /** @description The beginning of the range; by default an hour before `to`. */
                from?: string;
                /** @description Samples per page, at most 1000; not with `step`. */
                limit?: number;
                /** @description Seconds. Returns `min`, `max`, `avg`, `last` and `count` of each step, in place of samples. Steps begin at multiples of this number. `from` and `to` are widened to whole steps, at most 2000. */
                step?: number;
                /** @description The end of the range, not included; by default now. */
                to?: string;
            };
            header?: never;
            path: {
                metric_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "at": "2026-01-02T15:04:05.678901Z",
                     *           "value": 21.5
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedSampleOrBucketList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    samples_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                metric_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "samples": [
                 *         {
                 *           "at": "2026-01-02T03:04:05Z",
                 *           "value": 0.7
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["PushRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recorded": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Pushed"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description Only rows created later than this time. */
                created_after?: string;
                /** @description Only rows created earlier than this time. */
                created_before?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description All public rooms, instead of your own. */
                discover?: boolean;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /**
                 * @description Only rooms of this kind.
                 *
                 *     * `public` - Public
                 *     * `private` - Private
                 *     * `direct` - Direct
                 */
                kind?: "direct" | "private" | "public";
                /** @description Rows per page. */
                limit?: number;
                /** @description Only rows whose name contains this text. */
                name?: string;
                /** @description The order of the rows; a minus sign means descending. */
                ordering?: "created_at" | "-created_at" | "updated_at" | "-updated_at";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "name": "Alice",
                     *           "kind": "public",
                     *           "version": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "updated_at": "2026-01-02T15:04:05.678901Z",
                     *           "me": {
                     *             "role": "owner",
                     *             "unread_count": 3
                     *           }
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedMyRoomList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "Harbour",
                 *       "kind": "private"
                 *     }
                 */
                "application/json": components["schemas"]["RoomCreateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "kind": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner",
                     *         "unread_count": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["MyRoom"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "kind": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner",
                     *         "unread_count": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["MyRoom"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "kind": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner",
                     *         "unread_count": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["MyRoom"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "name": "Old harbour"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedRoomUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "name": "Alice",
                     *       "kind": "public",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "me": {
                     *         "role": "owner",
                     *         "unread_count": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["MyRoom"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_join: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_leave: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    members_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Only rows created later than this time. */
                joined_after?: string;
                /** @description Only rows created earlier than this time. */
                joined_before?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description The order of the rows; a minus sign means descending. */
                ordering?: "joined_at" | "-joined_at";
                /**
                 * @description Only members with this role.
                 *
                 *     * `owner` - Owner
                 *     * `admin` - Admin
                 *     * `member` - Member
                 */
                role?: "admin" | "member" | "owner";
            };
            header?: {
                /** @description Answer 304 if the list is as it was with this ETag: no event of its stream since, and no new name. */
                "If-None-Match"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description Made of the position. Absent where a filter narrows the list. */
                    ETag?: string;
                    /** @description Of a 304, which has no body: the position, as the body says it. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "user": {
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "name": "Alice"
                     *           },
                     *           "role": "owner",
                     *           "joined_at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedMemberList"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description Made of the position. Absent where a filter narrows the list. */
                    ETag?: string;
                    /** @description Of a 304, which has no body: the position, as the body says it. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    members_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "user_id": "0197a3b2-6c00-7d54-9e1f-0c5aa76ed395",
                 *       "role": "member"
                 *     }
                 */
                "application/json": components["schemas"]["MemberCreateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    members_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                room_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    members_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                room_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    members_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                room_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "role": "admin"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedMemberUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    messages_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description Only messages of this user. */
                author?: string;
                /** @description Only rows created later than this time. */
                created_after?: string;
                /** @description Only rows created earlier than this time. */
                created_before?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description The order of the rows; a minus sign means descending. */
                ordering?: "created_at" | "-created_at";
                /** @description Only answers to this message. */
                reply_to?: string;
            };
            header?: {
                /** @description Answer 304 if the list is as it was with this ETag: no event of its stream since, and no new name. */
                "If-None-Match"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description Made of the position. Absent where a filter narrows the list. */
                    ETag?: string;
                    /** @description Of a 304, which has no body: the position, as the body says it. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *           "author": {
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "name": "Alice"
                     *           },
                     *           "text": "Good morning!",
                     *           "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *           "mentions": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *           ],
                     *           "reactions": [
                     *             {
                     *               "emoji": "👍",
                     *               "count": 3,
                     *               "users": [
                     *                 "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *               ]
                     *             }
                     *           ],
                     *           "edited_at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedMessageList"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description Made of the position. Absent where a filter narrows the list. */
                    ETag?: string;
                    /** @description Of a 304, which has no body: the position, as the body says it. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    messages_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "text": "Good morning!"
                 *     }
                 */
                "application/json": components["schemas"]["MessageCreateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *       "author": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "text": "Good morning!",
                     *       "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *       "mentions": [
                     *         "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *       ],
                     *       "reactions": [
                     *         {
                     *           "emoji": "👍",
                     *           "count": 3,
                     *           "users": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *           ]
                     *         }
                     *       ],
                     *       "edited_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *       "author": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "text": "Good morning!",
                     *       "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *       "mentions": [
                     *         "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *       ],
                     *       "reactions": [
                     *         {
                     *           "emoji": "👍",
                     *           "count": 3,
                     *           "users": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *           ]
                     *         }
                     *       ],
                     *       "edited_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    messages_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                message_id: string;
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *       "author": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "text": "Good morning!",
                     *       "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *       "mentions": [
                     *         "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *       ],
                     *       "reactions": [
                     *         {
                     *           "emoji": "👍",
                     *           "count": 3,
                     *           "users": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *           ]
                     *         }
                     *       ],
                     *       "edited_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    messages_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                message_id: string;
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    messages_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                message_id: string;
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "text": "Good evening!"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedMessageUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *       "author": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "text": "Good morning!",
                     *       "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *       "mentions": [
                     *         "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *       ],
                     *       "reactions": [
                     *         {
                     *           "emoji": "👍",
                     *           "count": 3,
                     *           "users": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *           ]
                     *         }
                     *       ],
                     *       "edited_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    reactions_put: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description One emoji, percent-encoded. */
                emoji: string;
                message_id: string;
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *       "author": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "text": "Good morning!",
                     *       "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *       "mentions": [
                     *         "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *       ],
                     *       "reactions": [
                     *         {
                     *           "emoji": "👍",
                     *           "count": 3,
                     *           "users": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *           ]
                     *         }
                     *       ],
                     *       "edited_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *       "author": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "text": "Good morning!",
                     *       "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *       "mentions": [
                     *         "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *       ],
                     *       "reactions": [
                     *         {
                     *           "emoji": "👍",
                     *           "count": 3,
                     *           "users": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *           ]
                     *         }
                     *       ],
                     *       "edited_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Message"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    reactions_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                /** @description One emoji, percent-encoded. */
                emoji: string;
                message_id: string;
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    messages_batch: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example [
                 *       {
                 *         "text": "Good morning!"
                 *       },
                 *       {
                 *         "text": "The ship is in."
                 *       }
                 *     ]
                 */
                "application/json": components["schemas"]["MessageCreateRequest"][];
            };
        };
        responses: {
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *         "author": {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "name": "Alice"
                     *         },
                     *         "text": "Good morning!",
                     *         "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *         "mentions": [
                     *           "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *         ],
                     *         "reactions": [
                     *           {
                     *             "emoji": "👍",
                     *             "count": 3,
                     *             "users": [
                     *               "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *             ]
                     *           }
                     *         ],
                     *         "edited_at": "2026-01-02T15:04:05.678901Z",
                     *         "version": 3,
                     *         "created_at": "2026-01-02T15:04:05.678901Z"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["Message"][];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    room_messages_search: {
        parameters: {
            query: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description Only messages of this user. */
                author?: string;
                /** @description Only rows created later than this time. */
                created_after?: string;
                /** @description Only rows created earlier than this time. */
                created_before?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description Words, `"phrases in quotes"`, and a minus sign before a word or a phrase that must not be there. All words must be in the text, in any order. At most 200 characters. */
                q: string;
                /** @description Only answers to this message. */
                reply_to?: string;
            };
            header?: never;
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *           "author": {
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "name": "Alice"
                     *           },
                     *           "text": "Good morning!",
                     *           "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *           "mentions": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *           ],
                     *           "reactions": [
                     *             {
                     *               "emoji": "👍",
                     *               "count": 3,
                     *               "users": [
                     *                 "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *               ]
                     *             }
                     *           ],
                     *           "edited_at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "highlight": "Good <mark>morning</mark>!"
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedFoundMessageList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    read_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
            };
            header?: never;
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *           "user_id": "0197a3b2-6c00-7d54-9e1f-0c5aa76ed395",
                     *           "message": "0197a3b2-6c00-7d54-9e1f-0c5ab6bd307f",
                     *           "at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedReadMarkerList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    read_put: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "message": "0197a3b2-6c00-7d54-9e1f-0c5ab6bd307f"
                 *     }
                 */
                "application/json": components["schemas"]["ReadRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *       "user_id": "0197a3b2-6c00-7d54-9e1f-0c5aa76ed395",
                     *       "message": "0197a3b2-6c00-7d54-9e1f-0c5ab6bd307f",
                     *       "at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["ReadMarker"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    rooms_transfer: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                room_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "user_id": "0197a3b2-6c00-7d54-9e1f-0c5aa76ed395"
                 *     }
                 */
                "application/json": components["schemas"]["TransferRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user": {
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "name": "Alice"
                     *       },
                     *       "role": "owner",
                     *       "joined_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Member"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    messages_search: {
        parameters: {
            query: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description Only messages of this user. */
                author?: string;
                /** @description Only rows created later than this time. */
                created_after?: string;
                /** @description Only rows created earlier than this time. */
                created_before?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description Words, `"phrases in quotes"`, and a minus sign before a word or a phrase that must not be there. All words must be in the text, in any order. At most 200 characters. */
                q: string;
                /** @description Only answers to this message. */
                reply_to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "room": "0197a3b2-6c00-7d54-9e1f-0c5a729f519b",
                     *           "author": {
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "name": "Alice"
                     *           },
                     *           "text": "Good morning!",
                     *           "reply_to": "0197a3b2-6c00-7d54-9e1f-0c5ae2b0fbeb",
                     *           "mentions": [
                     *             "0197a3b2-6c00-7d54-9e1f-0c5ae20259cd"
                     *           ],
                     *           "reactions": [
                     *             {
                     *               "emoji": "👍",
                     *               "count": 3,
                     *               "users": [
                     *                 "0197a3b2-6c00-7d54-9e1f-0c5a8d93d649"
                     *               ]
                     *             }
                     *           ],
                     *           "edited_at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "highlight": "Good <mark>morning</mark>!"
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedFoundMessageList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_list: {
        parameters: {
            query?: {
                /** @description The name of the last stream seen. */
                after?: string;
                /** @description Without it, streams of all kinds. */
                kind?: "dashboard" | "room" | "user";
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "channel": "channel",
                     *           "epoch": "epoch",
                     *           "offset": 3
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["StreamPage"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            410: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_retrieve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "channel": "channel",
                     *       "epoch": "epoch",
                     *       "offset": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Position"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_events: {
        parameters: {
            query?: {
                /** @description The last offset seen. */
                after?: number;
                /** @description The epoch of that offset. Without it, a changed epoch is not noticed. */
                epoch?: string;
                limit?: number;
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "offset": 3,
                     *           "event": {
                     *             "type": "dashboard.deleted",
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "at": "2026-01-02T15:04:05.678901Z",
                     *             "actor": {
                     *               "type": "user",
                     *               "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750"
                     *             },
                     *             "data": {
                     *               "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750"
                     *             }
                     *           }
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            410: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_feed: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "bookmark": "",
                 *       "limit": 500
                 *     }
                 */
                "application/json": components["schemas"]["FeedRequestRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "bookmark": "bookmark",
                     *       "has_more": true,
                     *       "changes": [
                     *         {
                     *           "change": "added",
                     *           "stream": {
                     *             "channel": "channel",
                     *             "epoch": "epoch",
                     *             "offset": 3
                     *           }
                     *         }
                     *       ],
                     *       "results": [
                     *         {
                     *           "channel": "channel",
                     *           "offset": 3,
                     *           "event": {
                     *             "type": "dashboard.deleted",
                     *             "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *             "at": "2026-01-02T15:04:05.678901Z",
                     *             "actor": {
                     *               "type": "user",
                     *               "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750"
                     *             },
                     *             "data": {
                     *               "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750"
                     *             }
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["FeedPage"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_token: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "token": "token",
                     *       "expires_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EventsToken"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    token_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "alice@example.com",
                 *       "password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["SignInRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access": "access",
                     *       "refresh": "refresh"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenPair"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    token_blacklist: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"
                 *     }
                 */
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    token_refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"
                 *     }
                 */
                "application/json": components["schemas"]["RefreshRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access": "access",
                     *       "refresh": "refresh"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenPair"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    token_verify: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"
                 *     }
                 */
                "application/json": components["schemas"]["VerifyRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    users_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "alice@example.com",
                 *       "name": "Alice",
                 *       "password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["RegisterRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "email": "alice@example.com",
                     *       "name": "Alice",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["User"];
                };
            };
            400: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    webhooks_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "url": "url",
                     *           "description": "description",
                     *           "types": [
                     *             "type"
                     *           ],
                     *           "streams": [
                     *             "stream"
                     *           ],
                     *           "max_events": 3,
                     *           "state": "active",
                     *           "disabled_reason": "disabled reason",
                     *           "failing_since": "2026-01-02T15:04:05.678901Z",
                     *           "secrets": [
                     *             {
                     *               "last4": "last4",
                     *               "created_at": "2026-01-02T15:04:05.678901Z",
                     *               "expires_at": "2026-01-02T15:04:05.678901Z"
                     *             }
                     *           ],
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "updated_at": "2026-01-02T15:04:05.678901Z",
                     *           "version": 3
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedWebhookList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    webhooks_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://hooks.example.com/tidewire",
                 *       "types": [
                 *         "message.created"
                 *       ],
                 *       "streams": [
                 *         "room:0197a3b2-6c00-7d54-9e1f-0c5a729f519b"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["WebhookCreateRequest"];
            };
        };
        responses: {
            201: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "url": "url",
                     *       "description": "description",
                     *       "types": [
                     *         "type"
                     *       ],
                     *       "streams": [
                     *         "stream"
                     *       ],
                     *       "max_events": 3,
                     *       "state": "active",
                     *       "disabled_reason": "disabled reason",
                     *       "failing_since": "2026-01-02T15:04:05.678901Z",
                     *       "secrets": [
                     *         {
                     *           "last4": "last4",
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "expires_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "secret": "secret"
                     *     }
                     */
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    webhooks_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag. Always 200 for resources that show more than their version covers. */
                "If-None-Match"?: string;
            };
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "url": "url",
                     *       "description": "description",
                     *       "types": [
                     *         "type"
                     *       ],
                     *       "streams": [
                     *         "stream"
                     *       ],
                     *       "max_events": 3,
                     *       "state": "active",
                     *       "disabled_reason": "disabled reason",
                     *       "failing_since": "2026-01-02T15:04:05.678901Z",
                     *       "secrets": [
                     *         {
                     *           "last4": "last4",
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "expires_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description The resource still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    webhooks_destroy: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No response body */
            204: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    webhooks_update: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
                /** @description Refuse (412) unless the resource still has this ETag. */
                "If-Match"?: string;
            };
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "state": "active"
                 *     }
                 */
                "application/json": components["schemas"]["PatchedWebhookUpdateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "url": "url",
                     *       "description": "description",
                     *       "types": [
                     *         "type"
                     *       ],
                     *       "streams": [
                     *         "stream"
                     *       ],
                     *       "max_events": 3,
                     *       "state": "active",
                     *       "disabled_reason": "disabled reason",
                     *       "failing_since": "2026-01-02T15:04:05.678901Z",
                     *       "secrets": [
                     *         {
                     *           "last4": "last4",
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "expires_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            412: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    deliveries_list: {
        parameters: {
            query?: {
                /** @description The key of a row: the page has it in its middle. Not with `cursor`. */
                around?: string;
                /** @description The cursor of a page, from `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description Only those in this state. */
                state?: "pending" | "retrying" | "delivered" | "failed";
            };
            header?: never;
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next": "https://example.com/",
                     *       "previous": "https://example.com/",
                     *       "results": [
                     *         {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *           "message_id": "message id",
                     *           "type": "type",
                     *           "stream": "stream",
                     *           "epoch": "epoch",
                     *           "first_offset": 3,
                     *           "last_offset": 3,
                     *           "state": "pending",
                     *           "attempts": 3,
                     *           "status": 3,
                     *           "answer": "answer",
                     *           "error": "error",
                     *           "milliseconds": 3,
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "attempted_at": "2026-01-02T15:04:05.678901Z",
                     *           "next_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ],
                     *       "stream": {
                     *         "channel": "channel",
                     *         "epoch": "epoch",
                     *         "offset": 3
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PaginatedDeliveryList"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    deliveries_retrieve: {
        parameters: {
            query?: {
                /** @description Names of fields, separated by commas. Rows contain these fields only, and lack all others, even required ones. */
                fields?: string;
            };
            header?: never;
            path: {
                delivery_id: string;
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "message_id": "message id",
                     *       "type": "type",
                     *       "stream": "stream",
                     *       "epoch": "epoch",
                     *       "first_offset": 3,
                     *       "last_offset": 3,
                     *       "state": "pending",
                     *       "attempts": 3,
                     *       "status": 3,
                     *       "answer": "answer",
                     *       "error": "error",
                     *       "milliseconds": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "attempted_at": "2026-01-02T15:04:05.678901Z",
                     *       "next_at": "2026-01-02T15:04:05.678901Z",
                     *       "body": "body"
                     *     }
                     */
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    deliveries_redeliver: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                delivery_id: string;
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "message_id": "message id",
                     *       "type": "type",
                     *       "stream": "stream",
                     *       "epoch": "epoch",
                     *       "first_offset": 3,
                     *       "last_offset": 3,
                     *       "state": "pending",
                     *       "attempts": 3,
                     *       "status": 3,
                     *       "answer": "answer",
                     *       "error": "error",
                     *       "milliseconds": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "attempted_at": "2026-01-02T15:04:05.678901Z",
                     *       "next_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    webhooks_ping: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "message_id": "message id",
                     *       "type": "type",
                     *       "stream": "stream",
                     *       "epoch": "epoch",
                     *       "first_offset": 3,
                     *       "last_offset": 3,
                     *       "state": "pending",
                     *       "attempts": 3,
                     *       "status": 3,
                     *       "answer": "answer",
                     *       "error": "error",
                     *       "milliseconds": 3,
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "attempted_at": "2026-01-02T15:04:05.678901Z",
                     *       "next_at": "2026-01-02T15:04:05.678901Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Delivery"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    webhooks_rotate: {
        parameters: {
            query?: never;
            header?: {
                /** @description Chosen by the client for one write. When the write is sent again with the same key within 24 hours, it is done only once, and the answer is repeated. A key belongs to one account and one address. */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "keep_seconds": 86400
                 *     }
                 */
                "application/json": components["schemas"]["WebhookRotateRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    /** @description The answer is a repetition of an earlier one. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream of this answer, separated by commas. */
                    "Tidewire-Position"?: string;
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *       "url": "url",
                     *       "description": "description",
                     *       "types": [
                     *         "type"
                     *       ],
                     *       "streams": [
                     *         "stream"
                     *       ],
                     *       "max_events": 3,
                     *       "state": "active",
                     *       "disabled_reason": "disabled reason",
                     *       "failing_since": "2026-01-02T15:04:05.678901Z",
                     *       "secrets": [
                     *         {
                     *           "last4": "last4",
                     *           "created_at": "2026-01-02T15:04:05.678901Z",
                     *           "expires_at": "2026-01-02T15:04:05.678901Z"
                     *         }
                     *       ],
                     *       "created_at": "2026-01-02T15:04:05.678901Z",
                     *       "updated_at": "2026-01-02T15:04:05.678901Z",
                     *       "version": 3,
                     *       "secret": "secret"
                     *     }
                     */
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            409: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            422: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_log: {
        parameters: {
            query?: {
                /** @description `Stream-Next-Offset` of the last answer, `-1` for the first event, or `now`. */
                offset?: string;
                /** @description Wait for events. Needs `offset`. */
                live?: "long-poll" | "sse";
                /** @description `Stream-Cursor` of the last answer. */
                cursor?: string;
            };
            header?: {
                /** @description Answer 304 if the page still has this ETag. */
                "If-None-Match"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events; with `live=sse`, events `data` and `control` until the response ends. */
            200: {
                headers: {
                    /** @description The `offset` of the next request. */
                    "Stream-Next-Offset"?: string;
                    /** @description There are no more events now. */
                    "Stream-Up-To-Date"?: "true";
                    /** @description Of live answers: the `cursor` of the next request. */
                    "Stream-Cursor"?: string;
                    /** @description A digest of the text of the page. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "type": "dashboard.deleted",
                     *         "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750",
                     *         "at": "2026-01-02T15:04:05.678901Z",
                     *         "actor": {
                     *           "type": "user",
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750"
                     *         },
                     *         "data": {
                     *           "id": "0197a3b2-6c00-7d54-9e1f-0c5abf396750"
                     *         }
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["AnyEvent"][];
                    /**
                     * @example {
                     *       "event": "control",
                     *       "data": "{\"streamNextOffset\":\"0000000001_0000000000000003_epoch\",\"streamCursor\":\"3200000\",\"upToDate\":true}"
                     *     }
                     */
                    "text/event-stream": components["schemas"]["ServerSentEvent"];
                };
            };
            /** @description With `live=long-poll`: no event was written meanwhile. */
            204: {
                headers: {
                    /** @description The `offset` of the next request. */
                    "Stream-Next-Offset"?: string;
                    /** @description There are no more events now. */
                    "Stream-Up-To-Date"?: "true";
                    /** @description Of live answers: the `cursor` of the next request. */
                    "Stream-Cursor"?: string;
                    /** @description A digest of the text of the page. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The page still has the ETag of If-None-Match. */
            304: {
                headers: {
                    /** @description The `offset` of the next request. */
                    "Stream-Next-Offset"?: string;
                    /** @description There are no more events now. */
                    "Stream-Up-To-Date"?: "true";
                    /** @description Of live answers: the `cursor` of the next request. */
                    "Stream-Cursor"?: string;
                    /** @description A digest of the text of the page. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["Problem"];
            410: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_log_head: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description There is such a stream, and it ends here. */
            200: {
                headers: {
                    /** @description The `offset` of the next request. */
                    "Stream-Next-Offset"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    streams_event_source: {
        parameters: {
            query: {
                /** @description Names. */
                stream: string[];
                /** @description As the header, for the first request. */
                last_event_id?: string;
                /** @description The short-lived token, instead of the header. */
                token?: string;
            };
            header?: {
                /** @description The id of the last event seen. */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events, each with the position in all streams as its id, until the response ends. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "room:0197a3b2-6c00-7d54-9e1f-0c5a729f519b=3.epoch",
                     *       "event": "message.created",
                     *       "data": "{…}"
                     *     }
                     */
                    "text/event-stream": components["schemas"]["ServerSentEvent"];
                };
            };
            400: components["responses"]["Problem"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["Problem"];
            429: components["responses"]["TryLater"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    connection_http_stream: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": 1,
                 *       "connect": {
                 *         "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"
                 *       }
                 *     }
                 */
                "application/json": Record<string, never>;
                /** @example  */
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description The messages of the connection, until it ends. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": Record<string, never>;
                    /** @example  */
                    "application/octet-stream": string;
                };
            };
            400: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    connection_sse: {
        parameters: {
            query: {
                /** @description The first message of the client, in JSON. A token in it may last for a day at most. */
                cf_connect: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The messages of the connection, until it ends. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": "{\"id\":1,\"connect\":{…}}"
                     *     }
                     */
                    "text/event-stream": components["schemas"]["ServerSentEvent"];
                };
            };
            400: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    connection_sse_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "id": 1,
                 *       "connect": {
                 *         "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…"
                 *       }
                 *     }
                 */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description The messages of the connection, until it ends. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": "{\"id\":1,\"connect\":{…}}"
                     *     }
                     */
                    "text/event-stream": components["schemas"]["ServerSentEvent"];
                };
            };
            400: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
    connection_emulation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "session": "session",
                 *       "node": "node",
                 *       "data": "{\"id\":2,\"subscribe\":{\"channel\":\"room:0197…\"}}"
                 *     }
                 */
                "application/json": components["schemas"]["EmulationRequest"];
                /** @example  */
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description It was handed on. The reply comes in the response. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem"];
            403: components["responses"]["Problem"];
            404: components["responses"]["Problem"];
            413: components["responses"]["Problem"];
            415: components["responses"]["Problem"];
            503: components["responses"]["TryLater"];
            default: components["responses"]["Problem"];
        };
    };
}

export type Schemas = components['schemas']
export type AnyEvent = Schemas['AnyEvent']
