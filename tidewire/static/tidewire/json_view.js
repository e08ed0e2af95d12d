// JSON in colours, made of DOM nodes: no HTML is written.

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/g

/** Colours the text of an element. */
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

/** Returns a <pre> that shows a value in colours. */
export function shown(value) {
  const pre = document.createElement('pre')
  pre.textContent = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  paint(pre)
  return pre
}
