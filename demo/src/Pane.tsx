import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type FormEvent, type KeyboardEvent } from 'react'
import { members, messages, room as roomItem, rooms, type ConnectionStatus, type Row, type Schemas } from 'tidewire'
import { TidewireProvider, useClient, useConnection, useLiveItem, useLiveList, usePresence, useSignal } from 'tidewire/react'
import { isTrue, type Person, type Scene } from './people.js'

type Message = Row<Schemas['Message']>

const AT_THE_END = 80

/** What one person sees of the room, over a client of their own. */
export const Pane = ({ person, scene }: { person: Person; scene: Scene }) => (
  <TidewireProvider client={person.client}>
    <Room person={person} scene={scene} />
  </TidewireProvider>
)

function Room({ person, scene }: { person: Person; scene: Scene }) {
  const list = useLiveList(messages(scene.room))
  const place = useLiveItem(roomItem(scene.room))
  // The person's own stream says when they are let in again.
  useLiveList(rooms(person.id))
  const connection = useConnection()
  const { status } = list

  return (
    <section className="pane" id={person.name.toLowerCase()} aria-label={person.name} data-status={status} data-link={connection.state}>
      <header>
        <span className="face" data-name={person.name} aria-hidden="true">{person.name[0]}</span>
        <div>
          <h2>{person.name}</h2>
          <p>{place.data?.name ?? (status === 'denied' ? 'outside' : '…')}</p>
        </div>
        <Link status={connection} />
      </header>
      <Here scene={scene} />
      {status === 'denied' ? (
        <div className="denied">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <rect x="5" y="11" width="14" height="9" rx="2.5" />
            <path d="M8 11V8a4 4 0 0 1 8 0v3" />
          </svg>
          <p>{person.name} is not in this room any more. The socket lives on; the list is empty, as it should be.</p>
        </div>
      ) : (
        <Messages list={list} person={person} />
      )}
      <Typing person={person} scene={scene} />
      <Composer create={list.create} person={person} scene={scene} isOff={status === 'denied'} />
      <footer>
        <Network person={person} />
        <Truth person={person} scene={scene} items={list.items} pending={list.pending} isLive={status === 'live'} isDenied={status === 'denied'} />
      </footer>
    </section>
  )
}

const WORDS: Record<ConnectionStatus['state'], string> = {
  idle: 'Not connected',
  connecting: 'Connecting…',
  online: 'Online',
  waiting: 'Trying again',
  paused: 'Paused',
  'signed-out': 'Signed out',
  stopped: 'Stopped',
}

/** Whole seconds until then, while there is something to wait for. */
function useSeconds(until: number | null): number | null {
  const [, tick] = useState(0)
  useEffect(() => {
    if (until === null) return undefined
    const timer = setInterval(() => tick((n) => n + 1), 200)
    return () => clearInterval(timer)
  }, [until])
  return until === null ? null : Math.max(0, Math.ceil((until - Date.now()) / 1000))
}

function Link({ status }: { status: ConnectionStatus }) {
  const client = useClient()
  const seconds = useSeconds(status.retryAt)
  const words = status.state === 'connecting' && status.everConnected ? 'Reconnecting…' : WORDS[status.state]
  return (
    <span className="link" data-state={status.state} role="status" title={`${status.reason.code} ${status.reason.text}`}>
      <i aria-hidden="true" />
      {status.reason.text === 'offline' && status.state === 'waiting' ? 'Offline' : words}
      {seconds !== null && (
        <span aria-hidden="true">
          in {seconds} s <button onClick={() => client.reconnect()} tabIndex={-1}>now</button>
        </span>
      )}
    </span>
  )
}

function Here({ scene }: { scene: Scene }) {
  const { items } = useLiveList(members(scene.room))
  const { people, status } = usePresence(messages(scene.room))
  const isHere = (id: string) => people.some(({ user }) => user === id)
  return (
    <ul className="here" aria-label="Members" data-presence={status}>
      {items.map(({ user, role }) => (
        <li key={user.id} data-here={isHere(user.id)} title={`${role}${isHere(user.id) ? ', here now' : ''}`}>
          {user.name}
          <span className="hidden">{isHere(user.id) ? ' is here' : ''}</span>
        </li>
      ))}
    </ul>
  )
}

type List = ReturnType<typeof useLiveList<Schemas['Message'], Schemas['MessageCreateRequest'], Schemas['PatchedMessageUpdateRequest'], object>>

function Messages({ list, person }: { list: List; person: Person }) {
  const scroller = useRef<HTMLDivElement>(null)
  const rows = useRef<HTMLOListElement>(null)
  const isAtEnd = useRef(true)
  const newest = list.items[0]?.id

  // The newest stays in sight for whoever was looking at it, and nobody else is moved.
  const toEnd = () => {
    if (isAtEnd.current && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight
  }
  useLayoutEffect(toEnd, [newest, list.items.length])
  useEffect(() => {
    // The rows grow, too: by the time of a message that was sent, or by why it was not.
    const observer = new ResizeObserver(toEnd)
    for (const element of [scroller.current!, rows.current!]) observer.observe(element)
    return () => observer.disconnect()
  }, [])
  // A button that has done its work is gone, and the focus goes to the list rather than nowhere.
  const hasFocus = useRef(false)
  useLayoutEffect(() => {
    if (hasFocus.current && document.activeElement === document.body) scroller.current?.focus({ preventScroll: true })
  })
  const onScroll = () => {
    const at = scroller.current
    if (at) isAtEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < AT_THE_END
  }

  return (
    <div
      className="scroll"
      ref={scroller}
      onScroll={onScroll}
      onFocus={() => (hasFocus.current = true)}
      onBlur={({ relatedTarget }) => relatedTarget && (hasFocus.current = false)}
      tabIndex={0}
      role="log"
      aria-label={`Messages as ${person.name} sees them`}
    >
      {list.hasOlder && (
        <button className="older" onClick={() => void list.older()} aria-busy={list.isLoadingOlder}>Older messages</button>
      )}
      {list.status === 'loading' && <p className="note">Loading…</p>}
      {list.status === 'error' && <p className="note">{list.error?.detail ?? 'The server cannot be reached.'} It is tried again.</p>}
      <ol ref={rows}>
        {[...list.items].reverse().map((message, n, all) => (
          <Bubble
            key={message.id}
            message={message}
            isMine={message.author?.id === person.id}
            isFirst={!isOneBreath(all[n - 1], message)}
            isLast={!isOneBreath(message, all[n + 1])}
            list={list}
          />
        ))}
      </ol>
    </div>
  )
}

const time = (text: string) => new Date(text).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })

const BREATH = 120_000

/** Said by one person, one right after the other. */
const isOneBreath = (one?: Message, next?: Message) =>
  one !== undefined && next !== undefined && one.author?.id === next.author?.id && Date.parse(next.created_at) - Date.parse(one.created_at) < BREATH

interface BubbleProps {
  message: Message
  isMine: boolean
  isFirst: boolean
  isLast: boolean
  list: List
}

function Bubble({ message, isMine, isFirst, isLast, list }: BubbleProps) {
  return (
    <li className="bubble" data-mine={isMine} data-first={isFirst} data-last={isLast} data-state={message.$state}>
      {isFirst && !isMine && <b>{message.author?.name ?? 'somebody'}</b>}
      <p>{message.text}</p>
      {(isLast || message.$state === 'saving' || message.$state === 'waiting' || message.edited_at) && (
        <small>
          {message.$state === 'saving' ? 'sending' : message.$state === 'waiting' ? 'waits for the link' : time(message.created_at)}
          {message.edited_at ? ', edited' : ''}
        </small>
      )}
      {message.$state === 'failed' && (
        <span className="failed">
          Not sent. <button onClick={() => void list.retry(message.id)}>Send again</button>{' '}
          <button onClick={() => list.discard(message.id)}>Discard</button>
        </span>
      )}
      {isMine && message.$state === 'saved' && (
        <button className="erase" aria-label={`Delete “${message.text.slice(0, 40)}”`} onClick={() => void list.remove(message.id)}>×</button>
      )}
    </li>
  )
}

function Typing({ person, scene }: { person: Person; scene: Scene }) {
  const [heard] = useSignal(messages(scene.room), 'typing')
  const { items } = useLiveList(members(scene.room))
  const others = heard.filter(({ user }) => user !== person.id && items.some((member) => member.user.id === user))
  const name = others[0]?.user === scene.alice.id ? 'Alice' : 'Bob'
  return <p className="typing" aria-live="polite">{others.length > 0 ? `${name} is typing…` : ''}</p>
}

function Composer({ create, person, scene, isOff }: { create: List['create']; person: Person; scene: Scene; isOff: boolean }) {
  const [text, setText] = useState('')
  const [, sayTyping] = useSignal(messages(scene.room), 'typing')
  const field = useRef<HTMLTextAreaElement>(null)
  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    const trimmed = text.trim()
    if (!trimmed || isOff) return
    setText('')
    // The button that was pressed is disabled now, and would take the focus with it.
    field.current?.focus()
    void create({ text: trimmed }, { author: { id: person.id, name: person.name } })
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event as unknown as FormEvent)
  }
  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        ref={field}
        rows={1}
        value={text}
        readOnly={isOff}
        placeholder={`Write as ${person.name}`}
        aria-label={`Write as ${person.name}`}
        onKeyDown={onKey}
        onChange={({ target }) => {
          setText(target.value)
          sayTyping()
        }}
      />
      <button type="submit" disabled={isOff || !text.trim()}>Send</button>
    </form>
  )
}

function Network({ person }: { person: Person }) {
  const [isOnline, setOnline] = useState(true)
  useSyncExternalStore(person.wire.subscribe, person.wire.get)
  useEffect(() => setOnline(person.wire.isOnline))
  const toggle = () => person.wire.setOnline(!person.wire.isOnline)
  return (
    <div className="network">
      <button className="cut" onClick={() => person.wire.cut()} disabled={!isOnline}>Cut my socket</button>
      <button className="offline" aria-pressed={!isOnline} onClick={toggle}>{isOnline ? 'Go offline' : 'Back online'}</button>
    </div>
  )
}

interface TruthProps {
  person: Person
  scene: Scene
  items: readonly Message[]
  pending: number
  isLive: boolean
  isDenied: boolean
}

/** Compares what is on the screen with a fresh read, whenever things have settled. What was not sent yet can only differ. */
function Truth({ person, scene, items, pending, isLive, isDenied }: TruthProps) {
  const [verdict, setVerdict] = useState<'checking' | 'true' | 'false'>('checking')
  const failed = items.filter(({ $state }) => $state === 'failed').length
  const isSettled = isLive && !pending && !failed
  useEffect(() => {
    setVerdict('checking')
    if (!isSettled) return undefined
    let isNewest = true
    const timer = setTimeout(() => {
      isTrue(person, scene.room, items).then(
        (answer) => isNewest && setVerdict(answer ? 'true' : 'false'),
        () => undefined,
      )
    }, 600)
    return () => {
      isNewest = false
      clearTimeout(timer)
    }
  }, [items, isSettled])
  const { holes, reloads } = person.client.metrics
  const unsent = failed ? `${failed} not sent` : pending ? `${pending} waiting` : ''
  const checking = unsent || (isDenied ? 'nothing to read' : isLive ? 'comparing…' : 'what was last heard')
  const words = { checking, true: `${items.length} equal a fresh read`, false: 'differs from a fresh read' }
  return (
    <p className="truth" data-verdict={isSettled ? verdict : 'checking'} title={`${holes} holes filled, ${reloads} lists read anew`}>
      {words[isSettled ? verdict : 'checking']}
    </p>
  )
}
