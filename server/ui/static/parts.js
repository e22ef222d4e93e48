// Small parts that several views use.
import { h, fill, newID } from './dom.js';

// errorBox tells what went wrong, with all that the server lists. A request that
// ended with its view tells nothing.
export function errorBox(error) {
  if (error.name === 'AbortError') return null;
  const status = error.status === 403 ? 'Not allowed' : 'That did not work';
  const item = (e) => h('li', null, e.line ? `${e.line}:${e.column} ` : '', h('code', null, e.pointer || '/'), ` ${e.message}`,
    e.fix && muted(` – ${e.fix}`));
  return h('div', { class: 'box bad', role: 'alert' }, h('strong', null, status), h('p', null, error.message),
    error.errors?.length > 0 && h('ul', { class: 'plain' }, error.errors.map(item)),
    error.differences?.length > 0 && h('ul', { class: 'plain' }, error.differences.map(difference)),
    error.changes?.length > 0 && h('ul', { class: 'plain' }, error.changes.map(change)));
}

// difference is between what is published and what was sent.
function difference(d) {
  const side = (text) => (text ? h('code', null, text) : 'nothing');
  return h('li', null, h('code', null, d.pointer || '/'), ': ', side(d.before), ' was published, this has ', side(d.after));
}

// change is what a version means for diagrams that use the one before.
function change(c) {
  return h('li', null, c.breaking && [badge('breaking', 'bad'), ' '], c.property && [h('code', null, c.property), ': '], c.message);
}

// button does something; the properties are further ones.
export function button(text, onclick, properties) {
  return h('button', { type: 'button', onclick, ...properties }, text);
}

// row and muted are what they say.
export const row = (...parts) => h('div', { class: 'row' }, parts);
export const muted = (...parts) => h('span', { class: 'muted' }, parts);

// counted is a number of things.
export function counted(n, one, several = `${one}s`) {
  return `${n} ${n === 1 ? one : several}`;
}

// table has columns by their titles; the last may have none to be seen.
export function table(title, columns, body, properties) {
  const head = (t) => h('th', { scope: 'col', class: t === 'Took' ? 'number' : null }, t || h('span', { class: 'away' }, 'Actions'));
  return h('div', { class: 'scroll' }, h('table', properties,
    h('caption', { class: 'away' }, title), h('thead', null, h('tr', null, columns.map(head))), body));
}

// note tells something in passing.
export function note(kind, text) {
  const box = h('div', { class: `box ${kind} toast` }, text);
  document.getElementById('toasts').append(box);
  setTimeout(() => box.remove(), 6000);
}

// badge is a word with a colour: good, bad, warn, info or nothing.
export function badge(text, kind = '') {
  return h('span', { class: `badge ${kind}` }, text);
}

// field is a control with its label and, below, a hint.
export function field(label, control, hint) {
  const id = control.id || newID('field');
  control.id = id;
  const hintID = hint ? `${id}-hint` : null;
  if (hintID) control.setAttribute('aria-describedby', hintID);
  return h('div', { class: 'field' }, h('label', { for: id }, label), control, hint && h('p', { class: 'hint', id: hintID }, hint));
}

// select is a drop-down of [value, text].
export function select(options, value, onchange) {
  const control = h('select', { onchange: () => onchange(control.value) },
    options.map(([v, text]) => h('option', { value: v, selected: v === value }, text)));
  control.value = value;
  return control;
}

// heading is the top of a view: its title, what it is for, and what can be done.
export function heading(title, text, ...actions) {
  return h('div', { class: 'heading' }, h('div', null, h('h1', null, title), text && h('p', { class: 'lead' }, text)),
    actions.length > 0 && h('div', { class: 'row' }, actions));
}

// tabs shows one panel at a time; panels are made when they are first shown.
// Each is [id, label, make].
export function tabs(label, panels, selected, onchange) {
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
  const made = new Map();
  const holder = h('div', { class: 'tab-panels' });
  const prefix = newID('tab');
  const buttons = panels.map(([id, text]) => h('button', {
    type: 'button', role: 'tab', id: `${prefix}-${id}`, 'aria-controls': `${prefix}-${id}-panel`, onclick: () => choose(id),
  }, text));
  const panel = (id, content) => h('div', {
    role: 'tabpanel', id: `${prefix}-${id}-panel`, 'aria-labelledby': `${prefix}-${id}`, tabindex: 0,
  }, content);
  function choose(id, focus) {
    panels.forEach(([other, , make], i) => {
      const on = other === id;
      buttons[i].setAttribute('aria-selected', String(on));
      buttons[i].tabIndex = on ? 0 : -1;
      if (on && !made.has(id)) {
        made.set(id, panel(id, make()));
        holder.append(made.get(id));
      }
      if (made.has(other)) made.get(other).hidden = !on;
      if (on && focus) buttons[i].focus();
    });
    onchange?.(id);
  }
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const now = buttons.findIndex((b) => b.tabIndex === 0);
    choose(panels[(now + step + panels.length) % panels.length][0], true);
  });
  fill(list, buttons);
  choose(panels.some(([id]) => id === selected) ? selected : panels[0][0]);
  return h('div', null, list, holder);
}

// duration writes milliseconds for people.
export function duration(ms) {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}

// moment is a point in time; its full text is in the title.
export function moment(text) {
  const date = new Date(text);
  const today = date.toDateString() === new Date().toDateString();
  const short = today ? date.toLocaleTimeString() : date.toLocaleString();
  return h('time', { datetime: text, title: date.toString() }, short);
}

// repeat calls until the view ends, first now. A failure is told by onerror and
// the next try comes in its turn.
export function repeat(seconds, signal, call, onerror) {
  let timer;
  const turn = async () => {
    try {
      if (!document.hidden) await call();
      onerror(null);
    } catch (error) {
      if (error.name !== 'AbortError') onerror(error);
    }
    if (!signal.aborted) timer = setTimeout(turn, seconds * 1000);
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  turn();
}

// ask asks before something is done. It returns the text that was typed where
// there is a label for one, else true; null when it is not to be done.
export function ask({ title, text, label, action }) {
  return new Promise((resolve) => {
    const id = newID('ask');
    const input = label ? h('input', { id: `${id}-text`, type: 'text', required: true, maxlength: 1000 }) : null;
    const dialog = h('dialog', { 'aria-labelledby': id, onclose: () => { resolve(null); dialog.remove(); } });
    const submit = (event) => {
      event.preventDefault();
      resolve(input ? input.value : true);
      dialog.close();
    };
    fill(dialog, h('form', { onsubmit: submit },
      h('h2', { id }, title), h('p', { class: 'muted' }, text), input && [h('label', { for: input.id }, label), input],
      h('div', { class: 'row end' }, button('Cancel', () => dialog.close()), h('button', { type: 'submit', class: 'primary' }, action))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// copyButton copies a text.
export function copyButton(text) {
  return button('Copy', async () => {
    try {
      await navigator.clipboard.writeText(text());
      note('good', 'Copied.');
    } catch {
      note('bad', 'The browser does not allow that: select the text and copy it.');
    }
  });
}

// downloadButton saves a text as a file; a link could not send the token.
export function downloadButton(label, file, text) {
  return button(label, async () => {
    try {
      const address = URL.createObjectURL(new Blob([await text()], { type: 'application/json' }));
      const link = document.createElement('a');
      link.href = address;
      link.download = file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    } catch (error) {
      note('bad', error.message);
    }
  });
}
