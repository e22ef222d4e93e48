// Rows of a name and a text, to be added to and taken from: headers, secrets.
import { h, fill } from './dom.js';
import { button, row } from './parts.js';

// Pairs edits names and texts. what is the word for one, in buttons and labels;
// the properties are those of the field of a text.
export class Pairs {
  constructor(what, properties) {
    this.what = what;
    this.properties = properties;
    this.rows = [];
    this.holder = h('form', { class: 'pair-rows', autocomplete: 'off', onsubmit: (e) => e.preventDefault() }); // browsers want passwords in one
    this.element = h('div', { class: 'pair-list' }, this.holder, button(`Add a ${what}`, () => this.add().focus()));
  }

  // add appends a row and returns its first field.
  add(name = '', text = '') {
    const entry = {
      name: box(`Name of the ${this.what}`, name, { placeholder: 'name', class: 'code' }),
      text: box(`Value of the ${this.what}`, text, { placeholder: 'value', ...this.properties }),
    };
    const remove = () => {
      this.rows.splice(this.rows.indexOf(entry), 1);
      this.draw();
      (this.rows.at(-1)?.text ?? this.element.lastChild).focus(); // the button that had it is gone
    };
    entry.element = row(entry.name, entry.text, cross(`Remove this ${this.what}`, remove));
    this.rows.push(entry);
    this.draw();
    return entry.name;
  }

  draw() {
    fill(this.holder, this.rows.map((r) => r.element));
  }

  read() {
    return Object.fromEntries(this.rows.map((r) => [r.name.value.trim(), r.text.value]).filter(([n]) => n !== ''));
  }
}

// box is a field for a short text, in a row with others.
export function box(label, value, properties) {
  return h('input', { type: 'text', 'aria-label': label, value: String(value ?? ''), spellcheck: 'false', ...properties });
}

export function cross(label, onclick) {
  return button('✕', onclick, { class: 'quiet', 'aria-label': label });
}
