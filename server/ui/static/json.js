// JSON for people: indented, with colours.
import { h } from './dom.js';

// parse keeps the digits of numbers that JavaScript would change, where the
// browser can.
export function parse(text) {
  if (!JSON.rawJSON) return JSON.parse(text);
  const changed = (value, source) => typeof value === 'number' && source && String(value) !== source;
  return JSON.parse(text, (key, value, { source } = {}) => (changed(value, source) ? JSON.rawJSON(source) : value));
}

// mistake is the place of a syntax error, as browsers tell it: at the line and
// column, or at the end of the text.
export function mistake(error, text) {
  const [, line, column] = /line (\d+) column (\d+)/.exec(error.message) ?? [];
  const lines = text.split('\n');
  return { line: Number(line ?? lines.length), column: Number(column ?? lines.at(-1).length + 1) };
}

// view shows a value; the larger ones scroll.
export function view(value, label) {
  return h('pre', { class: 'json', tabindex: 0, 'aria-label': label, role: 'region' }, colour(JSON.stringify(value, null, 2) ?? 'null'));
}

// viewText shows a text as JSON when it is some, else as it is.
export function viewText(text, label) {
  try {
    return view(parse(text), label);
  } catch {
    return h('pre', { class: 'json', tabindex: 0, 'aria-label': label, role: 'region' }, text);
  }
}

// Texts larger than this stay without colours: each costs an element.
const mostColoured = 60000;

// colour splits the text of a JSON document into parts with a class each. It
// takes texts that are no JSON too, so that an editor may use it.
export function colour(text) {
  if (text.length > mostColoured) return [text];
  const token = /("(?:[^"\\\n]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const out = [];
  let from = 0;
  for (const match of text.matchAll(token)) {
    if (match.index > from) out.push(text.slice(from, match.index));
    const string = match[1] ?? match[0];
    out.push(h('span', { class: kind(match) }, string), match[2] ?? '');
    from = match.index + match[0].length;
  }
  out.push(text.slice(from));
  return out;
}

function kind(match) {
  if (match[2] !== undefined) return 'j-key';
  if (match[1] !== undefined) return 'j-text';
  return /^[tfn]/.test(match[0]) ? 'j-word' : 'j-number';
}
