// The list of what may stand at the caret of a text area, as the pattern of a
// combobox has it: the focus stays in the text.
import { h, fill, newID, debounce } from './dom.js';

// Completions is the list of an area. Options: holder, where it is put;
// complete(before), which returns {word, items}; place(list), called when it
// opens; changed(), called when a choice has been taken.
export class Completions {
  constructor(area, options) {
    this.area = area;
    this.options = options;
    this.list = h('ul', { class: 'completions', role: 'listbox', id: newID('completions'), 'aria-label': 'Completions', hidden: true });
    const roles = { role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-haspopup': 'listbox', 'aria-controls': this.list.id };
    for (const [name, value] of Object.entries(roles)) area.setAttribute(name, value);
    options.holder.append(this.list);
    this.offer = debounce(120, () => this.ask(false));
    area.addEventListener('input', () => this.offer());
    area.addEventListener('keydown', (event) => this.key(event));
    for (const gone of ['blur', 'scroll']) area.addEventListener(gone, () => this.close());
  }

  // ask shows what there is to choose from; anyway also where no word begins.
  async ask(anyway) {
    const caret = this.area.selectionStart;
    const before = this.area.value.slice(0, caret);
    if (!anyway && !/[\p{L}\p{N}_.]$/u.test(before)) return this.close();
    let found;
    try {
      found = await this.options.complete(before);
    } catch {
      return this.close(); // who types on is asked again
    }
    const same = this.area.selectionStart === caret && this.area.value.slice(0, caret) === before;
    const done = found.items.length === 1 && found.items[0].text === found.word;
    if (!same || document.activeElement !== this.area || found.items.length === 0 || done) return this.close();
    return this.open(found);
  }

  open({ word, items }) {
    this.word = word;
    this.items = items;
    const option = (item, i) => h('li', { role: 'option', id: `${this.list.id}-${i}`, onmousedown: (e) => { e.preventDefault(); this.take(i); } },
      h('span', { class: `kind ${item.kind}`, title: item.kind }, item.kind[0]), h('span', { class: 'text' }, item.text),
      item.detail && h('span', { class: 'detail' }, item.detail.split('\n')[0]));
    fill(this.list, items.map(option));
    this.list.hidden = false;
    this.area.setAttribute('aria-expanded', 'true');
    this.options.place?.(this.list);
    this.choose(0);
  }

  choose(index) {
    const options = [...this.list.children];
    this.chosen = (index + options.length) % options.length;
    options.forEach((o, i) => o.setAttribute('aria-selected', String(i === this.chosen)));
    options[this.chosen].scrollIntoView({ block: 'nearest' });
    this.area.setAttribute('aria-activedescendant', options[this.chosen].id);
  }

  key(event) {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      this.ask(true);
      return;
    }
    const act = !this.list.hidden && !event.ctrlKey && {
      ArrowDown: () => this.choose(this.chosen + 1), ArrowUp: () => this.choose(this.chosen - 1),
      Enter: () => this.take(this.chosen), Tab: () => this.take(this.chosen), Escape: () => this.close(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  take(index) {
    const item = this.items[index];
    const caret = this.area.selectionStart;
    const hasArguments = item.kind === 'function' && !/\/0$/.test(item.detail ?? '');
    const bracket = hasArguments && this.area.value[caret] !== '(' ? '(' : '';
    this.area.setRangeText(item.text + bracket, caret - this.word.length, caret, 'end');
    this.options.changed();
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.area.setAttribute('aria-expanded', 'false');
    this.area.removeAttribute('aria-activedescendant');
  }
}
