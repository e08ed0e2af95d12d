// JSON for reading: coloured by building nodes, never by writing HTML.

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/g

/** Replaces the text of an element with the same text in colours. */
export function paint(element) {
  const text = element.textContent
  const parts = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon] = match
    const span = document.createElement('span')
    span.className = string ? (colon ? 'j-key' : 'j-text') : 'j-number'
    span.textContent = string ?? whole
    parts.push(text.slice(end, match.index), span, colon ?? '')
    end = match.index + whole.length
  }
  element.replaceChildren(...parts, text.slice(end))
}

/** A <pre> that shows a value, painted when it is first looked at. */
export function shown(value) {
  const pre = document.createElement('pre')
  pre.textContent = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  paint(pre)
  return pre
}
