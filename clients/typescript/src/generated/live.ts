// Generated from openapi.yaml by scripts/generate.mjs. Do not edit.

import { liveItem, liveList, type ItemDescriptor, type ListDescriptor } from '../index.js'
import type { paths, Schemas } from './api.js'

/** The parameters of a list that its events can be held against. */
type Query<Path extends keyof paths, Name extends string> = paths[Path] extends { get: { parameters: { query?: infer All } } } ? Pick<NonNullable<All>, Name & keyof NonNullable<All>> : never

/** Your dashboards, newest first. */
export const dashboards = (user: string): ListDescriptor<Schemas['Dashboard'] & Partial<Schemas['MyDashboard']>, Schemas['DashboardCreateRequest'], Schemas['PatchedDashboardUpdateRequest'], Query<'/api/v1/dashboards/', 'visibility' | 'created_after' | 'created_before' | 'limit' | 'ordering'>> => ({
  open: liveList,
  path: '/api/v1/dashboards/',
  channel: `user:${user}`,
  upsert: ['dashboard.joined'],
  remove: ['dashboard.left'],
  key: 'id',
  order: ['-created_at', '-id'],
  filters: { visibility: ['visibility', 'exact'], created_after: ['created_at', 'gt'], created_before: ['created_at', 'lt'] },
  maxLimit: 100,
  blank: () => ({ id: '', name: '', visibility: "public", version: 0, created_at: new Date().toISOString(), updated_at: new Date().toISOString(), me: { role: null } }),
})

/** A dashboard with all its metrics and their latest samples. */
export const dashboard = (dashboard: string): ItemDescriptor<Schemas['Dashboard'] & Partial<Schemas['WholeDashboard']>, Schemas['PatchedDashboardUpdateRequest']> => ({
  open: liveItem,
  path: `/api/v1/dashboards/${dashboard}/`,
  channel: `dashboard:${dashboard}`,
  upsert: ['dashboard.updated'],
  remove: ['dashboard.deleted'],
  key: 'id',
  id: dashboard,
})

/** The members of a dashboard, in the order in which they joined. */
export const dashboardMembers = (dashboard: string): ListDescriptor<Schemas['Member'], Schemas['MemberCreateRequest'], Schemas['PatchedMemberUpdateRequest'], Query<'/api/v1/dashboards/{dashboard_id}/members/', 'role' | 'joined_after' | 'joined_before' | 'limit' | 'ordering'>> => ({
  open: liveList,
  path: `/api/v1/dashboards/${dashboard}/members/`,
  channel: `dashboard:${dashboard}`,
  upsert: ['member.joined', 'member.updated'],
  remove: ['member.left'],
  key: 'user.id',
  order: ['joined_at'],
  filters: { role: ['role', 'exact'], joined_after: ['joined_at', 'gt'], joined_before: ['joined_at', 'lt'] },
  maxLimit: 100,
  blank: () => ({ user: { id: '', name: '' }, role: "owner", joined_at: new Date().toISOString(), version: 0 }),
})

/** One member. */
export const dashboardMember = (dashboard: string, user: string): ItemDescriptor<Schemas['Member'], Schemas['PatchedMemberUpdateRequest']> => ({
  open: liveItem,
  path: `/api/v1/dashboards/${dashboard}/members/${user}/`,
  channel: `dashboard:${dashboard}`,
  upsert: ['member.joined', 'member.updated'],
  remove: ['member.left'],
  key: 'user.id',
  id: user,
})

/** The metrics of a dashboard, oldest first. */
export const metrics = (dashboard: string): ListDescriptor<Schemas['Metric'], Schemas['MetricCreateRequest'], never, Query<'/api/v1/dashboards/{dashboard_id}/metrics/', 'key' | 'kind' | 'limit' | 'ordering'>> => ({
  open: liveList,
  path: `/api/v1/dashboards/${dashboard}/metrics/`,
  channel: `dashboard:${dashboard}`,
  upsert: ['metric.created', 'metric.updated', 'metric.alarm', 'metric.ok'],
  remove: ['metric.deleted'],
  key: 'id',
  order: ['created_at', 'id'],
  filters: { key: ['key', 'exact'], kind: ['kind', 'exact'] },
  maxLimit: 100,
  blank: () => ({ id: '', dashboard: '', key: '', name: '', kind: "gauge", unit: '', description: '', thresholds: {  }, state: "ok", retention_days: 0, latest: null, version: 0, created_at: new Date().toISOString() }),
})

/** Your rooms, newest first. */
export const rooms = (user: string): ListDescriptor<Schemas['Room'] & Partial<Schemas['MyRoom']>, Schemas['RoomCreateRequest'], Schemas['PatchedRoomUpdateRequest'], Query<'/api/v1/rooms/', 'kind' | 'created_after' | 'created_before' | 'limit' | 'ordering'>> => ({
  open: liveList,
  path: '/api/v1/rooms/',
  channel: `user:${user}`,
  upsert: ['room.joined'],
  remove: ['room.left'],
  key: 'id',
  order: ['-created_at', '-id'],
  filters: { kind: ['kind', 'exact'], created_after: ['created_at', 'gt'], created_before: ['created_at', 'lt'] },
  maxLimit: 100,
  blank: () => ({ id: '', name: '', kind: "public", version: 0, created_at: new Date().toISOString(), updated_at: new Date().toISOString(), me: { role: null, unread_count: null } }),
})

/** A room. */
export const room = (room: string): ItemDescriptor<Schemas['Room'] & Partial<Schemas['MyRoom']>, Schemas['PatchedRoomUpdateRequest']> => ({
  open: liveItem,
  path: `/api/v1/rooms/${room}/`,
  channel: `room:${room}`,
  upsert: ['room.updated'],
  remove: ['room.deleted'],
  key: 'id',
  id: room,
})

/** The members of a room, in the order in which they joined. */
export const members = (room: string): ListDescriptor<Schemas['Member'], Schemas['MemberCreateRequest'], Schemas['PatchedMemberUpdateRequest'], Query<'/api/v1/rooms/{room_id}/members/', 'role' | 'joined_after' | 'joined_before' | 'limit' | 'ordering'>> => ({
  open: liveList,
  path: `/api/v1/rooms/${room}/members/`,
  channel: `room:${room}`,
  upsert: ['member.joined', 'member.updated'],
  remove: ['member.left'],
  key: 'user.id',
  order: ['joined_at'],
  filters: { role: ['role', 'exact'], joined_after: ['joined_at', 'gt'], joined_before: ['joined_at', 'lt'] },
  maxLimit: 100,
  blank: () => ({ user: { id: '', name: '' }, role: "owner", joined_at: new Date().toISOString(), version: 0 }),
})

/** One member. */
export const member = (room: string, user: string): ItemDescriptor<Schemas['Member'], Schemas['PatchedMemberUpdateRequest']> => ({
  open: liveItem,
  path: `/api/v1/rooms/${room}/members/${user}/`,
  channel: `room:${room}`,
  upsert: ['member.joined', 'member.updated'],
  remove: ['member.left'],
  key: 'user.id',
  id: user,
})

/** The messages of a room, newest first. */
export const messages = (room: string): ListDescriptor<Schemas['Message'], Schemas['MessageCreateRequest'], Schemas['PatchedMessageUpdateRequest'], Query<'/api/v1/rooms/{room_id}/messages/', 'author' | 'reply_to' | 'created_after' | 'created_before' | 'limit' | 'ordering'>> => ({
  open: liveList,
  path: `/api/v1/rooms/${room}/messages/`,
  channel: `room:${room}`,
  upsert: ['message.created', 'message.edited', 'reaction.added', 'reaction.removed'],
  remove: ['message.deleted'],
  key: 'id',
  order: ['-created_at', '-id'],
  filters: { author: ['author.id', 'exact_id'], reply_to: ['reply_to', 'exact_id'], created_after: ['created_at', 'gt'], created_before: ['created_at', 'lt'] },
  maxLimit: 100,
  blank: () => ({ id: '', room: '', author: null, text: '', reply_to: null, mentions: [], reactions: [], edited_at: null, version: 0, created_at: new Date().toISOString() }),
})

/** One message. */
export const message = (room: string, message: string): ItemDescriptor<Schemas['Message'], Schemas['PatchedMessageUpdateRequest']> => ({
  open: liveItem,
  path: `/api/v1/rooms/${room}/messages/${message}/`,
  channel: `room:${room}`,
  upsert: ['message.created', 'message.edited', 'reaction.added', 'reaction.removed'],
  remove: ['message.deleted'],
  key: 'id',
  id: message,
})

/** The read marker of each member, the latest last. A member who leaves has none. */
export const read = (room: string): ListDescriptor<Schemas['ReadMarker'], never, never, Query<'/api/v1/rooms/{room_id}/read/', 'limit'>> => ({
  open: liveList,
  path: `/api/v1/rooms/${room}/read/`,
  channel: `room:${room}`,
  upsert: ['read.updated'],
  remove: [],
  key: 'user_id',
  order: ['at'],
  maxLimit: 100,
  blank: () => ({ room: '', user_id: '', message: '', at: new Date().toISOString(), version: 0 }),
})
