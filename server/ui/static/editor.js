// A text area for code: line numbers, colours, marks under what is wrong, and
// completion. The text area itself is invisible above a copy that is drawn.
import { h, fill, newID } from './dom.js';
import { colour } from './json.js';
import { Completions } from './completions.js';

// Editor is the element and what can be done with it. Options: value, label,
// rows, json (colours), oninput(text), onrun() for Ctrl+Enter, and
// complete(before, signal), which returns {word, items}.
export class Editor {
  constructor(options) {
    this.options = options;
    this.marks = [];
    this.area = h('textarea', {
      id: newID('editor'), 'aria-label': options.label, rows: options.rows ?? 6,
      spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', wrap: 'off',
      oninput: () => this.changed(), onkeydown: (e) => this.key(e), onscroll: () => this.scroll(),
    });
    this.copy = h('pre', { class: 'copy', 'aria-hidden': 'true' });
    this.gutter = h('pre', { class: 'gutter', 'aria-hidden': 'true' });
    this.element = h('div', { class: 'editor' }, this.gutter, h('div', { class: 'sheet' }, this.copy, this.area));
    if (options.complete) {
      const { complete } = options;
      new Completions(this.area, { holder: this.element, complete, place: (list) => this.place(list), changed: () => this.changed() });
    }
    this.value = options.value ?? '';
  }

  get value() { return this.area.value; }

  set value(text) {
    this.area.value = text;
    this.marks = [];
    this.draw();
  }

  changed() {
    this.marks = [];
    this.draw();
    this.options.oninput?.(this.value);
  }

  // mark underlines places: {line, column, kind}, counted from 1 in characters.
  mark(marks) {
    this.marks = marks.filter((m) => m.line > 0);
    const wrong = this.marks.some((m) => m.kind !== 'warning');
    this.area.setAttribute('aria-invalid', String(wrong));
    this.draw();
  }

  draw() {
    const lines = this.value.split('\n');
    const marked = new Map(this.marks.map((m) => [m.line, m.kind ?? 'error']));
    fill(this.gutter, lines.map((_, i) => h('span', { class: marked.get(i + 1) ?? null }, `${i + 1}\n`)));
    fill(this.copy, this.drawn(lines), '\n');
    this.scroll();
  }

  drawn(lines) {
    if (this.marks.length === 0) return this.options.json ? colour(this.value) : this.value;
    const ends = this.marks.map((m) => [...range(lines, m), m.kind ?? 'error']).sort((a, b) => a[0] - b[0]);
    const out = [];
    let from = 0;
    for (const [start, end, kind] of ends) {
      if (start < from) continue;
      const between = this.value.slice(from, start);
      out.push(this.options.json ? colour(between) : between, h('mark', { class: kind }, this.value.slice(start, end) || ' '));
      from = end;
    }
    const rest = this.value.slice(from);
    return [...out, this.options.json ? colour(rest) : rest];
  }

  scroll() {
    this.copy.style.transform = `translate(${-this.area.scrollLeft}px, ${-this.area.scrollTop}px)`;
    this.gutter.style.transform = `translateY(${-this.area.scrollTop}px)`;
  }

  // goTo puts the caret at a line and column.
  goTo(line, column) {
    const lines = this.value.split('\n');
    const [at] = range(lines, { line, column });
    this.area.focus();
    this.area.setSelectionRange(at, at);
    const height = this.area.scrollHeight / Math.max(lines.length, 1);
    this.area.scrollTop = Math.max(0, (line - 4) * height);
  }

  key(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && this.options.onrun) {
      event.preventDefault();
      this.options.onrun();
    }
  }

  // place puts a list below the caret.
  place(list) {
    const before = this.value.slice(0, this.area.selectionStart).split('\n');
    const style = getComputedStyle(this.area);
    const probe = h('span', { class: 'probe' }, before.at(-1) || ' ');
    this.copy.append(probe);
    const left = probe.getBoundingClientRect().width - this.area.scrollLeft;
    probe.remove();
    const top = before.length * parseFloat(style.lineHeight) + parseFloat(style.paddingTop) - this.area.scrollTop;
    const space = this.element.clientWidth - list.offsetWidth;
    list.style.top = `${top + 4}px`;
    list.style.left = `${Math.max(0, Math.min(left + this.gutter.offsetWidth, space))}px`;
  }
}

// range is where a mark begins and ends: the word at the place, or a character.
function range(lines, { line, column }) {
  const text = lines[line - 1] ?? '';
  let start = 0;
  for (let i = 0; i < line - 1 && i < lines.length; i += 1) start += lines[i].length + 1;
  const units = [...text].slice(0, Math.max(0, (column ?? 1) - 1)).join('').length;
  const word = /^("(?:[^"\\]|\\.)*"|[\p{L}\p{N}_]+)/u.exec(text.slice(units));
  return [start + units, start + units + Math.max(1, word?.[0].length ?? 1)];
}
