// A text area for code: line numbers, colours, marks under what is wrong, and
// completion. The text area itself is invisible above a copy that is drawn.
import { h, fill, newID, debounce } from './dom.js';
import { colour } from './json.js';

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
      oninput: () => this.changed(), onkeydown: (e) => this.key(e), onblur: () => this.closeList(),
      onscroll: () => { this.scroll(); this.closeList(); },
    });
    this.copy = h('pre', { class: 'copy', 'aria-hidden': 'true' });
    this.gutter = h('pre', { class: 'gutter', 'aria-hidden': 'true' });
    this.element = h('div', { class: 'editor' }, this.gutter, h('div', { class: 'sheet' }, this.copy, this.area));
    if (options.complete) this.prepareList();
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
    if (this.options.complete) this.offer();
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
      return;
    }
    if (!this.list) return;
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      this.ask(true);
    } else if (!this.list.hidden) {
      this.keyInList(event);
    }
  }

  // The list of completions follows the pattern of a combobox: the focus stays in
  // the text.
  prepareList() {
    this.list = h('ul', { class: 'completions', role: 'listbox', id: newID('completions'), 'aria-label': 'Completions', hidden: true });
    this.area.setAttribute('role', 'combobox');
    this.area.setAttribute('aria-autocomplete', 'list');
    this.area.setAttribute('aria-expanded', 'false');
    this.area.setAttribute('aria-haspopup', 'listbox');
    this.area.setAttribute('aria-controls', this.list.id);
    this.element.append(this.list);
    this.offer = debounce(120, () => this.ask(false));
  }

  async ask(anyway) {
    const caret = this.area.selectionStart;
    const before = this.value.slice(0, caret);
    if (!anyway && !/[\p{L}\p{N}_.]$/u.test(before)) return this.closeList();
    let found;
    try {
      found = await this.options.complete(before);
    } catch {
      return this.closeList(); // who types on is asked again
    }
    const same = this.area.selectionStart === caret && this.value.slice(0, caret) === before;
    const done = found.items.length === 1 && found.items[0].text === found.word;
    if (!same || document.activeElement !== this.area || found.items.length === 0 || done) return this.closeList();
    this.openList(found);
  }

  openList({ word, items }) {
    this.word = word;
    this.items = items;
    fill(this.list, items.map((item, i) => h('li', {
      role: 'option', id: `${this.list.id}-${i}`, onmousedown: (e) => { e.preventDefault(); this.take(i); },
    }, h('span', { class: `kind ${item.kind}`, title: item.kind }, item.kind[0]), h('span', { class: 'text' }, item.text),
    item.detail && h('span', { class: 'detail' }, item.detail.split('\n')[0]))));
    this.list.hidden = false;
    this.area.setAttribute('aria-expanded', 'true');
    this.place();
    this.choose(0);
  }

  // place puts the list below the caret.
  place() {
    const before = this.value.slice(0, this.area.selectionStart).split('\n');
    const style = getComputedStyle(this.area);
    const probe = h('span', { class: 'probe' }, before.at(-1) || ' ');
    this.copy.append(probe);
    const left = probe.getBoundingClientRect().width - this.area.scrollLeft;
    probe.remove();
    const top = before.length * parseFloat(style.lineHeight) + parseFloat(style.paddingTop) - this.area.scrollTop;
    const space = this.element.clientWidth - 280;
    this.list.style.top = `${top + 4}px`;
    this.list.style.left = `${Math.max(0, Math.min(left + this.gutter.offsetWidth, space))}px`;
  }

  choose(index) {
    const options = [...this.list.children];
    this.chosen = (index + options.length) % options.length;
    options.forEach((o, i) => o.setAttribute('aria-selected', String(i === this.chosen)));
    options[this.chosen].scrollIntoView({ block: 'nearest' });
    this.area.setAttribute('aria-activedescendant', options[this.chosen].id);
  }

  keyInList(event) {
    const act = {
      ArrowDown: () => this.choose(this.chosen + 1), ArrowUp: () => this.choose(this.chosen - 1),
      Enter: () => this.take(this.chosen), Tab: () => this.take(this.chosen), Escape: () => this.closeList(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  take(index) {
    const item = this.items[index];
    const caret = this.area.selectionStart;
    const call = item.kind === 'function' && this.value[caret] !== '(' && !/\/0$/.test(item.detail ?? '') ? '(' : '';
    this.area.setRangeText(item.text + call, caret - this.word.length, caret, 'end');
    this.changed();
    this.closeList();
  }

  closeList() {
    if (!this.list) return;
    this.list.hidden = true;
    this.area.setAttribute('aria-expanded', 'false');
    this.area.removeAttribute('aria-activedescendant');
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
