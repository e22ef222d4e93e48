// Elements are made here and nowhere else: texts become text nodes and
// attributes are set one by one, so nothing that a template says becomes markup.

// h makes an element. Properties that begin with "on" are listeners; true and
// false set and leave out an attribute; null is left out.
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) {
    element.addEventListener(name.slice(2), value);
  } else if (name === 'href') {
    if (isLink(value)) element.setAttribute(name, value);
  } else if (name === 'value' || name === 'checked') {
    element[name] = value;
  } else {
    element.setAttribute(name, value === true ? '' : String(value));
  }
}

function nodes(children) {
  return children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : document.createTextNode(String(c))));
}

// fill replaces what an element holds.
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

// sync makes an element hold these elements in this order. Those that stay are
// not touched, so that the focus and what is unfolded stay too.
export function sync(parent, wanted) {
  const stay = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!stay.has(child)) child.remove();
  let at = parent.firstChild;
  for (const element of wanted) {
    if (element === at) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
}

// isLink tells which addresses may be followed: pages of this UI, files of this
// server, and the web.
export function isLink(address) {
  return /^(#|\/[^/\\]|https?:\/\/)/i.test(String(address));
}

// isPicture tells which icons are shown: those that lie in the template itself.
export function isPicture(address) {
  return /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(String(address ?? ''));
}

let serial = 0;

// newID makes an id for a label and what it belongs to.
export function newID(word) {
  serial += 1;
  return `${word}-${serial}`;
}

// richText is a text of a template in which links are links: <a href="...">
// and [text](address), as the modelers show them. All else stays as it is.
export function richText(text) {
  const link = /<a\s[^>]*?href=["']([^"']*)["'][^>]*>(.*?)<\/a>|\[([^\]]+)\]\(([^)\s]+)\)/gis;
  const out = [];
  let from = 0;
  for (const match of text.matchAll(link)) {
    out.push(text.slice(from, match.index), anchor(match[1] ?? match[4], match[2] ?? match[3]));
    from = match.index + match[0].length;
  }
  out.push(text.slice(from));
  return out;
}

// anchor is a link to another site, or the bare text where the address is none.
export function anchor(address, text) {
  if (!isLink(address)) return text;
  return h('a', { href: address, rel: 'noreferrer noopener', target: '_blank' }, text);
}

// debounce calls a function when it has not been asked for a while.
export function debounce(milliseconds, call) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...args), milliseconds);
  };
}
