// Generated from openapi.yaml by scripts/generate.mjs. Do not edit.

export interface paths {
    "/api/v1/dashboards/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description The caller's dashboards, newest first. */
        get: operations["dashboards_list"];
        put?: never;
        /** @description Make a dashboard. 200 answers a repeated id with the dashboard that is there already. */
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
        /** @description Delete a dashboard with all that was measured (owners). */
        delete: operations["dashboards_destroy"];
        options?: never;
        head?: never;
        /** @description Rename a dashboard (admins), or open and close it to the public (owners). */
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
        /** @description Who is on a dashboard, as they joined. */
        get: operations["dashboard_members_list"];
        put?: never;
        /** @description Add somebody (admins). 200 if they are in already, with this role. */
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
        /** @description Remove somebody (admins), or oneself. */
        delete: operations["dashboard_members_destroy"];
        options?: never;
        head?: never;
        /** @description Give somebody another role. */
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
        /** @description Measure something more (admins). 200 answers a repeated id with the metric that is there already. */
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
        /** @description The keys that were not revoked, newest first. */
        get: operations["keys_list"];
        put?: never;
        /** @description Make a key, for oneself or for a room that one owns. Its text is in this answer, and never again. */
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
        /** @description Revoke it: it opens nothing any more, and its sockets are closed. */
        delete: operations["keys_destroy"];
        options?: never;
        head?: never;
        /** @description Call it otherwise. What it opens stays: who wants that changed makes another. */
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
        /** @description A second key for the same account and scopes. This one lives on: revoke it when nobody uses it any more. */
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
        /** @description Who am I. */
        get: operations["me_retrieve"];
        put?: never;
        post?: never;
        /** @description Delete my account, and all that I said with it. A room that was mine alone gets an heir. */
        delete: operations["me_destroy"];
        options?: never;
        head?: never;
        /** @description Change my name. */
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
        /** @description Change my password. Ends my other sessions. */
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
        /** @description The caller's sessions, the newest first. */
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
        /** @description End a session: its tokens work no more, its sockets are closed. */
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
        /** @description Say better what it is, or what of it is alarming (admins). */
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
        /** @description What was measured from a moment to another, oldest first. */
        get: operations["samples_list"];
        put?: never;
        /** @description Push what was measured (members), one sample or a batch. What is there at the same time already stays. */
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
        /** @description The caller's rooms, newest first. */
        get: operations["rooms_list"];
        put?: never;
        /** @description Open a room. 200 answers with the room that is already there: the same direct room, or the same id again. */
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
        /** @description Delete a room with all that is in it (owners). */
        delete: operations["rooms_destroy"];
        options?: never;
        head?: never;
        /** @description Rename a room (admins), or open and close it to the public (owners). */
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
        /** @description Become a member of a public room. 200 if one is already. */
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
        /** @description Stop being a member. The last owner cannot, and nobody leaves a direct room. */
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
        /** @description The members of a room, in the order they joined. */
        get: operations["members_list"];
        put?: never;
        /** @description Add somebody (admins). 200 if they are in already, with this role. */
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
        /** @description Remove somebody (admins), or oneself. */
        delete: operations["members_destroy"];
        options?: never;
        head?: never;
        /** @description Give somebody another role. */
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
        /** @description Say something (members). 200 answers a repeated id with the message that is there already. */
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
        /** @description Take it back (the author), or take it away (admins). */
        delete: operations["messages_destroy"];
        options?: never;
        head?: never;
        /** @description Say it better (the author). Only who is newly mentioned is told. */
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
        /** @description React to a message (members). 200 if one has already, with this emoji. */
        put: operations["reactions_put"];
        post?: never;
        /** @description Take one's reaction back. 204 also where there is none. */
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
         * @description Say up to a hundred things, in this order (members): all of them, or none. Each is an event of its own.
         *
         *     An id that was said before answers with the message that is there, as a single one does.
         */
        post: operations["messages_batch"];
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
        /** @description How far each member has read, the one who read last at the end. Whoever leaves takes the marker. */
        get: operations["read_list"];
        /** @description I have read up to this message (members). It only goes forward: an older one answers where I am. */
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
        /** @description Make another member the owner (owners). Oneself goes on as an admin. */
        post: operations["rooms_transfer"];
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
        /** @description The position of a stream that the caller may subscribe to. */
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
         * @description What happened after a position, oldest first: the socket's recovery, for who asks now and then.
         *
         *     All or nothing, as there: 410 says that events are missing, and where to go on.
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
        /** @description Exchange a refresh token for the next pair. For ten seconds a spent one is answered with its successor. */
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
        /** @description Ask whether a token still works. */
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
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Who did it. */
        Actor: {
            type: components["schemas"]["ActorType"];
            /** Format: uuid */
            id: string | null;
        };
        /** @enum {string} */
        ActorType: "user" | "service" | "system";
        AnyEvent: components["schemas"]["DashboardDeletedEvent"] | components["schemas"]["DashboardJoinedEvent"] | components["schemas"]["DashboardLeftEvent"] | components["schemas"]["DashboardUpdatedEvent"] | components["schemas"]["MemberJoinedEvent"] | components["schemas"]["MemberLeftEvent"] | components["schemas"]["MemberUpdatedEvent"] | components["schemas"]["MentionCreatedEvent"] | components["schemas"]["MessageCreatedEvent"] | components["schemas"]["MessageDeletedEvent"] | components["schemas"]["MessageEditedEvent"] | components["schemas"]["MetricAlarmEvent"] | components["schemas"]["MetricCreatedEvent"] | components["schemas"]["MetricDeletedEvent"] | components["schemas"]["MetricOkEvent"] | components["schemas"]["MetricUpdatedEvent"] | components["schemas"]["ReactionAddedEvent"] | components["schemas"]["ReactionRemovedEvent"] | components["schemas"]["ReadUpdatedEvent"] | components["schemas"]["RoomDeletedEvent"] | components["schemas"]["RoomJoinedEvent"] | components["schemas"]["RoomLeftEvent"] | components["schemas"]["RoomUpdatedEvent"] | components["schemas"]["SamplesRecordedEvent"];
        /** @description What was measured in one step, from `at` on. */
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
        /** @description A dashboard as every reader sees it. */
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
        /** @description What is left to say of a dashboard that is gone. */
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
        /** @description An event with its place in its stream. */
        Entry: {
            offset: number;
            event: components["schemas"]["AnyEvent"];
        };
        /** @description What the log holds after a position. `stream` is where it stood before these were read. */
        EventPage: {
            /**
             * Format: uri
             * @description What follows; null where this is all there is now.
             */
            next: string | null;
            results: components["schemas"]["Entry"][];
            stream: components["schemas"]["Position"];
        };
        /** @description A key without its text, of which nothing but a hash is kept. */
        Key: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly last4: string;
            /** @description Whom it acts as: a person, or its own service account. */
            readonly user: components["schemas"]["PublicUser"];
            /** @description The stream that it is confined to. */
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
             * @description Without one it is good until revoked.
             */
            expires_at?: string | null;
            /** @description Confines it to this room (owners): `room:…`. It then acts as a service account, a member there. */
            stream?: string | null;
        };
        KeyRotateRequest: {
            /**
             * Format: date-time
             * @description Without it, the new key lives as long again.
             */
            expires_at?: string | null;
        };
        /** @description What depends on the reader. Never in an event. */
        MeInDashboard: {
            readonly role: components["schemas"]["Role"] | components["schemas"]["NullEnum"];
        };
        /** @description What depends on the reader. Never in an event. */
        MeInRoom: {
            readonly role: components["schemas"]["Role"] | components["schemas"]["NullEnum"];
            /** @description Others' messages after one's read marker; without one, since one joined. */
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
        /** @description What is left to say of a membership that ended. */
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
        /** @description Told to the person who was mentioned: where. */
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
        /** @description Wants rows of Message.objects.whole(). */
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
            /** @description At most 20 emoji, the first used one first. */
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
            /** @description Ids of members. They are not looked for in the text. */
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
        /** @description What is left to say of a deleted message. `version` orders it against edits that arrive late. */
        MessageKey: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            room: string;
            /** Format: date-time */
            deleted_at: string;
            version: number;
        };
        /** @description A metric with its latest sample. Wants rows of `Metric.objects.whole()`. */
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
            readonly state: components["schemas"]["StateEnum"];
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
        /** @description A key is for good: it is how others name the metric. So is its kind. */
        MetricCreateRequest: {
            name?: string;
            unit?: string;
            description?: string;
            thresholds?: components["schemas"]["ThresholdsRequest"];
            retention_days?: number;
            /** Format: uuid */
            id?: string;
            /** @description Letters, digits, and _ . : - behind the first. */
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
        /** @description What is left to say of a metric that is gone. */
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
        /** @description A dashboard as its reader sees it, in REST. */
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
        /** @description A room as its reader sees it, in REST. */
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
        /** @description One value, and when it was so. */
        NamedSampleRequest: {
            /** Format: date-time */
            at?: string;
            /** Format: double */
            value: number;
            /** @description The metric's key. */
            metric: string;
        };
        /** @description A key with its text, which is shown this once. */
        NewKey: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
            readonly last4: string;
            /** @description Whom it acts as: a person, or its own service account. */
            readonly user: components["schemas"]["PublicUser"];
            /** @description The stream that it is confined to. */
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
        NullEnum: null;
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
        /** @description The view gives the user. */
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
            /** @description Ids of members. They are not looked for in the text. */
            mentions?: string[];
        };
        /** @description A key is for good: it is how others name the metric. So is its kind. */
        PatchedMetricUpdateRequest: {
            name?: string;
            unit?: string;
            description?: string;
            thresholds?: components["schemas"]["ThresholdsRequest"];
            retention_days?: number;
        };
        /** @description Direct rooms stay what they are. */
        PatchedRoomUpdateRequest: {
            name?: string;
            kind?: components["schemas"]["NamedRoomKind"];
        };
        /** @description One's own account. Only the name changes here: an address would have to be proven first. */
        PatchedUserRequest: {
            name?: string;
        };
        /** @description A place in a stream: subscribe from it (`recover`) and nothing is missed. */
        Position: {
            channel: string;
            epoch: string;
            offset: number;
        };
        /** @description What anybody may know about a person. */
        PublicUser: {
            /** Format: uuid */
            readonly id: string;
            readonly name: string;
        };
        /** @description One sample, or many as `samples`. Without `at` it is now. */
        PushRequest: {
            /** Format: date-time */
            at?: string;
            /** Format: double */
            value?: number;
            samples?: components["schemas"]["SampleRequest"][];
        };
        /** @description Samples of several metrics of one dashboard. Without `at` it is now. Wants the metrics by key as context. */
        PushToManyRequest: {
            samples: components["schemas"]["NamedSampleRequest"][];
        };
        Pushed: {
            /** @description How many of them were new. */
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
        /** @description What came in for one metric. Append-only and keyed by (metric, at): seeing one twice is harmless. */
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
        /** @description A room as every reader sees it. */
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
        /** @description A name for a public or private room, or the other person of a direct one. */
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
        /** @description What is left to say of a room that is gone. */
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
        /** @description One value, and when it was so. */
        Sample: {
            /** Format: date-time */
            at: string;
            /** Format: double */
            value: number;
        };
        SampleOrBucket: components["schemas"]["Sample"] | components["schemas"]["Bucket"];
        /** @description One value, and when it was so. */
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
         *     * `streams:read` - streams:read
         *     * `streams:write` - streams:write
         * @enum {string}
         */
        Scope: "me:read" | "rooms:read" | "rooms:write" | "members:read" | "members:write" | "messages:read" | "messages:write" | "markers:read" | "markers:write" | "dashboards:read" | "dashboards:write" | "metrics:read" | "metrics:write" | "samples:read" | "samples:write" | "streams:read" | "streams:write";
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
             * @description When it was refreshed last.
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
        /**
         * @description * `ok` - Ok
         *     * `alarm` - Alarm
         * @enum {string}
         */
        StateEnum: "ok" | "alarm";
        /** @description Alarming is what is above the one, or below the other; null for neither. */
        Thresholds: {
            /** Format: double */
            above?: number | null;
            /** Format: double */
            below?: number | null;
        };
        /** @description Alarming is what is above the one, or below the other; null for neither. */
        ThresholdsRequest: {
            /** Format: double */
            above?: number | null;
            /** Format: double */
            below?: number | null;
        };
        TokenPair: {
            /** @description For REST and sockets, some minutes long. */
            access: string;
            /** @description Works once, for the next pair. */
            refresh: string;
        };
        TransferRequest: {
            /**
             * Format: uuid
             * @description A member, who becomes the owner.
             */
            user_id: string;
        };
        /** @description One's own account. Only the name changes here: an address would have to be proven first. */
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
        /** @description With all its metrics and their latest samples: a page draws it from one answer, and then only listens. */
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
        /** @description RFC 9457. Programs read `code`. */
        Problem: {
            /**
             * Format: uri-reference
             * @description The address of its page.
             */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description Names the request, as the X-Request-ID header does. */
            instance: string;
            code: string;
            errors?: components["schemas"]["ProblemError"][];
            /** @description Of 410: where the log stands now. */
            stream?: components["schemas"]["Position"];
            /** @description Of 429: the quotas of RateLimit-Policy that are spent. */
            "violated-policies"?: string[];
        };
        ProblemError: {
            /** @description JSON pointer (RFC 6901) into the request body. */
            pointer: string;
            code: string;
            detail: string;
        };
    };
    responses: {
        /** @description What went wrong. */
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
        /** @description Nobody, or nobody we know. */
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
        /** @description Not now. Nothing was written. */
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
                 *       "detail": "More requests than `violated-policies` allow.",
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
        /** @description What is left of each quota, and the seconds until it is whole again: `"user";r=42;t=18`. */
        RateLimit: string;
        /** @description The quotas that count this request: `"user";q=1200;w=60`. */
        "RateLimit-Policy": string;
        /** @description Seconds to wait. */
        "Retry-After": string;
        /** @description How to say who one is. */
        "WWW-Authenticate": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    dashboards_list: {
        parameters: {
            query?: {
                /** @description Later than this time. */
                created_after?: string;
                /** @description Earlier than this time. */
                created_before?: string;
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description All public dashboards, instead of the caller's own. */
                discover?: boolean;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description What the name contains. */
                name?: string;
                /** @description By what the rows are in order; a minus puts the newest first. */
                ordering?: "created_at" | "-created_at" | "updated_at" | "-updated_at";
                /**
                 * @description Dashboards seen by these.
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
                /** @description Later than this time. */
                joined_after?: string;
                /** @description Earlier than this time. */
                joined_before?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description By what the rows are in order; a minus puts the newest first. */
                ordering?: "joined_at" | "-joined_at";
                /**
                 * @description Members with this role.
                 *
                 *     * `owner` - Owner
                 *     * `admin` - Admin
                 *     * `member` - Member
                 */
                role?: "admin" | "member" | "owner";
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
                /** @description The metric of this key. */
                key?: string;
                /**
                 * @description Metrics of this kind.
                 *
                 *     * `gauge` - Gauge
                 *     * `counter` - Counter
                 */
                kind?: "counter" | "gauge";
                /** @description Rows per page. */
                limit?: number;
                /** @description By what the rows are in order; a minus puts the newest first. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description The keys of this room (owners), instead of the caller's own. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description The first moment; an hour before `to` by default. */
                from?: string;
                /** @description Samples per page, 1000 at the most; not with `step`. */
                limit?: number;
                /** @description Seconds. In place of samples, what was measured in each step from a multiple of it to the next: `min`, `max`, `avg`, `last`, `count`. `from` and `to` are widened to whole steps, 2000 at the most. */
                step?: number;
                /** @description The first moment after; now by default. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Later than this time. */
                created_after?: string;
                /** @description Earlier than this time. */
                created_before?: string;
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description All public rooms, instead of the caller's own. */
                discover?: boolean;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
                /**
                 * @description Rooms of this kind.
                 *
                 *     * `public` - Public
                 *     * `private` - Private
                 *     * `direct` - Direct
                 */
                kind?: "direct" | "private" | "public";
                /** @description Rows per page. */
                limit?: number;
                /** @description What the name contains. */
                name?: string;
                /** @description By what the rows are in order; a minus puts the newest first. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
                /** @description Later than this time. */
                joined_after?: string;
                /** @description Earlier than this time. */
                joined_before?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description By what the rows are in order; a minus puts the newest first. */
                ordering?: "joined_at" | "-joined_at";
                /**
                 * @description Members with this role.
                 *
                 *     * `owner` - Owner
                 *     * `admin` - Admin
                 *     * `member` - Member
                 */
                role?: "admin" | "member" | "owner";
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Messages of this user. */
                author?: string;
                /** @description Later than this time. */
                created_after?: string;
                /** @description Earlier than this time. */
                created_before?: string;
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
                /** @description Rows per page. */
                limit?: number;
                /** @description By what the rows are in order; a minus puts the newest first. */
                ordering?: "created_at" | "-created_at";
                /** @description Answers to this message. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
                fields?: string;
            };
            header?: {
                /** @description Answer 304 if the resource still has this ETag; 200 where more is shown than the version tells of. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
    read_list: {
        parameters: {
            query?: {
                /** @description From `next` or `previous`. */
                cursor?: string;
                /** @description Names of fields, separated by commas: rows have these alone, and lack even those that are required. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description Made by the client for one write. Sent again with it within 24 hours, the write is done once and answered as before. A key is one account's, for one address. */
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
                    /** @description The answer was given before. */
                    "Idempotency-Replayed"?: "true";
                    /** @description The resource's `version`, quoted. */
                    ETag?: string;
                    /** @description `<channel>; epoch=<epoch>; offset=<n>` of each stream this answer belongs to, comma separated. */
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
                /** @description That offset's epoch. Without it, another one goes unnoticed. */
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
}

export type Schemas = components['schemas']
export type AnyEvent = Schemas['AnyEvent']
