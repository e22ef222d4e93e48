// What comes in at an inbound connector, made up: a field for each member that
// the server names.
import { h, sync } from './dom.js';
import { parse } from './json.js';
import { Editor } from './editor.js';
import { Pairs } from './pairs.js';
import { field, select } from './parts.js';

const methods = ['POST', 'PUT', 'PATCH', 'GET', 'DELETE', 'HEAD'];

// EventFields edits an event.
export class EventFields {
  constructor(onrun) {
    this.onrun = onrun;
    this.known = new Map(); // members by name, so that what was typed stays
    this.shown = [];
    this.element = h('div', { class: 'event', hidden: true });
  }

  // show draws the members {name, doc} that an event may have; none hides all.
  show(members) {
    this.shown = members.map((m) => this.member(m));
    this.element.hidden = members.length === 0;
    sync(this.element, [this.heading ??= h('h3', null, 'What comes in'), ...this.shown.map((m) => m.element)]);
  }

  member({ name, doc }) {
    if (!this.known.has(name)) this.known.set(name, { name, ...(kinds[name] ?? text)(name, doc, this.onrun) });
    return this.known.get(name);
  }

  // read returns the members that are set.
  read() {
    return Object.fromEntries(this.shown.map((m) => [m.name, m.read()]).filter(([, v]) => v !== undefined));
  }
}

// kinds make the field of a member: its element, and what it reads as.
const kinds = { method, sign, headers: pairs, params: pairs, body, properties: json, cursor: json };

const labels = {
  params: 'query parameter', headers: 'header', id: 'Message id', properties: 'Further members', cursor: 'Cursor',
};

function label(name) {
  return labels[name] ?? name[0].toUpperCase() + name.slice(1);
}

function method(name, doc) {
  const control = select([['', 'the one that is accepted'], ...methods.map((m) => [m, m])], '', () => {});
  return { element: field('Method', control), read: () => control.value || undefined };
}

function sign(name, doc) {
  const control = h('input', { type: 'checkbox', checked: true });
  const element = field('Sign as the sender would', control, 'With the secrets of this trial: HMAC, signature, password or API key. Without, the checks refuse what the headers do not prove.');
  element.classList.add('beside');
  return { element, read: () => control.checked || undefined };
}

function pairs(name) {
  const list = new Pairs(label(name));
  const title = `${label(name)[0].toUpperCase()}${label(name).slice(1)}s`;
  const read = () => { const all = list.read(); return Object.keys(all).length > 0 ? all : undefined; };
  return { element: h('details', null, h('summary', null, title), list.element), read };
}

// body is JSON where it can be read as such, else a text.
function body(name, doc, onrun) {
  const editor = new Editor({ label: 'Body', value: '{\n  \n}', rows: 6, json: true, onrun });
  const read = () => {
    try { return parse(editor.value); } catch { return editor.value; }
  };
  return { element: h('div', { class: 'field' }, h('label', { for: editor.area.id }, 'Body'), editor.element), read };
}

// json is a value that most events have none of.
function json(name, doc, onrun) {
  const editor = new Editor({ label: label(name), rows: 2, json: true, onrun });
  const read = () => {
    if (editor.value.trim() === '') return undefined;
    try {
      return parse(editor.value);
    } catch (error) {
      throw new Error(`${label(name)} is no JSON: ${error.message}`);
    }
  };
  const about = h('p', { class: 'hint' }, doc);
  return { element: h('details', null, h('summary', null, label(name)), about, editor.element), read };
}

function text(name, doc) {
  const control = h('input', { type: 'text', class: 'code', spellcheck: 'false' });
  return { element: field(label(name), control, doc), read: () => control.value || undefined };
}
