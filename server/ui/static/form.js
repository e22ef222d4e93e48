// A template's form, drawn as the modeler's property panel draws it. What is
// shown, and what is wrong, the server says: it has the one set of rules.
import { h, fill, sync, newID, richText, anchor, debounce } from './dom.js';
import { post } from './api.js';
import { Completions } from './completions.js';
import { badge, button, counted, errorBox, field, select } from './parts.js';

// TemplateForm draws the form of a template: {templateId, templateVersion} or
// {template}. onanswer gets what the server says of the template.
export class TemplateForm {
  constructor(source, signal, onanswer) {
    this.source = source;
    this.signal = signal;
    this.onanswer = onanswer;
    this.values = Object.create(null); // keys are a template's: "__proto__" is one like any other
    this.preset = '';
    this.shown = new Map(); // the fields by key, so that the focus stays where it is
    this.groups = new Map(); // by id
    this.state = h('p', { class: 'form-state', role: 'status' });
    this.expressions = new Set(); // keys that a person made expressions, which 5 and true are too
    // context returns what the expression of a field sees, as far as it is known.
    this.context = () => null;
    this.element = h('div', { class: 'form' }, h('p', { class: 'muted' }, 'Reading the template…'));
    this.later = debounce(120, () => this.refresh());
    this.asked = 0;
  }

  // refresh asks the server for the form with the values as they are.
  async refresh() {
    this.asked += 1;
    const asked = this.asked;
    try {
      const form = await post('/api/v1/templates/form', { ...this.source, values: this.values, preset: this.preset }, this.signal);
      if (asked !== this.asked) return; // a later answer is on its way
      this.onanswer?.(form, null);
      this.draw(form);
    } catch (error) {
      if (error.name === 'AbortError' || asked !== this.asked) return;
      if (!this.onanswer?.(null, error)) fill(this.element, errorBox(error));
    }
  }

  draw(form) {
    const problems = form.groups.flatMap((g) => g.fields).filter((f) => f.problem).length;
    fill(this.state, problems === 0 ? badge('complete', 'good') : badge(counted(problems, 'value to mend', 'values to mend'), 'warn'));
    const before = this.shown;
    this.shown = new Map();
    const groups = form.groups.map((g) => this.group(g, before));
    const none = form.groups.length === 0 && h('p', { class: 'muted' }, 'The template asks for nothing.');
    const remarks = form.warnings.length > 0 && warnings(form.warnings);
    sync(this.element, [form.deprecated && deprecation(form), this.state, this.presets(form.presets ?? []), ...groups, none, remarks].filter(Boolean));
  }

  // presets is made once: a template's do not change with its values.
  presets(list) {
    if (list.length === 0) return null;
    const choose = (id) => { this.preset = id; this.refresh(); };
    this.presetField ??= field('Preset', select([['', 'no preset'], ...list.map((id) => [id, id])], this.preset, choose));
    return this.presetField;
  }

  group(group, before) {
    const known = this.groups.get(group.id) ?? this.newGroup(group);
    this.groups.set(group.id, known);
    known.dot.hidden = !group.fields.some((f) => f.problem);
    sync(known.element, [...known.head, ...group.fields.map((f) => this.field(f, before.get(f.key)))]);
    return known.element;
  }

  newGroup(group) {
    const dot = h('span', { class: 'dot', title: 'Something is to be mended here' });
    if (group.id === '') return { element: h('div', { class: 'group loose' }), head: [], dot };
    const head = [h('summary', null, h('span', null, group.label), dot)];
    if (group.tooltip) head.push(h('p', { class: 'hint' }, richText(group.tooltip)));
    return { element: h('details', { class: 'group', open: group.open }), head, dot };
  }

  // field draws a field anew only where its kind has changed.
  field(given, known) {
    const f = this.expressions.has(given.key) && !given.expression ? { ...given, expression: true } : given;
    const kind = JSON.stringify([f.type, f.feel, f.expression, f.choices, f.label]);
    const field = known?.kind === kind ? known : this.newField(f, kind);
    this.shown.set(f.key, field);
    if (document.activeElement !== field.control) write(field.control, f);
    field.problem.textContent = f.problem ?? '';
    field.problem.hidden = !f.problem;
    field.control.setAttribute('aria-invalid', String(Boolean(f.problem)));
    return field.element;
  }

  newField(f, kind) {
    const id = newID('value');
    const control = this.control(f, id);
    const problem = h('p', { class: 'problem', id: `${id}-problem` });
    control.setAttribute('aria-describedby', [f.description && `${id}-about`, `${id}-problem`].filter(Boolean).join(' '));
    if (f.required) control.setAttribute('aria-required', 'true');
    const label = h('label', { for: id }, f.label, f.required && h('span', { class: 'needed', title: 'A value is required' }, ' *'));
    const about = f.description && h('p', { class: 'hint', id: `${id}-about` }, richText(f.description));
    const element = h('div', { class: 'field', 'data-key': f.key }, this.arranged(f, label, control), problem, about);
    return { kind, element, control, problem };
  }

  // arranged puts label and control together: a check box stands before its
  // label, an expression after a "=".
  arranged(f, label, control) {
    const beside = [label, this.toggle(f), tip(f)];
    if (f.expression) {
      const box = h('div', { class: 'feel' }, h('span', { 'aria-hidden': 'true' }, '='), control);
      return [h('div', { class: 'label-row' }, beside), this.completed(f, control, box)];
    }
    if (f.type === 'Boolean') return h('div', { class: 'check' }, control, beside);
    return [h('div', { class: 'label-row' }, beside), slot(f) ? this.completed(f, control, control) : control];
  }

  // completed adds completion to the text area of an expression.
  completed(f, area, box) {
    const holder = h('div', { class: 'completing' }, box);
    const complete = (before) => {
      const expression = f.expression ? `=${before}` : before;
      return post('/api/v1/complete', { before: expression, context: this.context(slot(f), expression) }, this.signal);
    };
    new Completions(area, { holder, complete, changed: () => area.dispatchEvent(new Event('input')) });
    return holder;
  }

  control(f, id) {
    const change = (value) => { this.values[f.key] = value; this.later(); };
    const { placeholder } = f;
    const oninput = (e) => change(e.target.value);
    const code = { class: 'code', spellcheck: 'false' };
    if (f.expression) {
      const label = `${f.label}, FEEL expression`;
      return h('textarea', { id, rows: 1, placeholder, ...code, 'aria-label': label, oninput: (e) => change(`=${e.target.value}`) });
    }
    switch (f.type) {
      case 'Boolean':
        return h('input', { id, type: 'checkbox', onchange: (e) => change(e.target.checked) });
      case 'Dropdown':
        return h('select', { id, onchange: oninput }, choices(f).map((c) => h('option', { value: c.value }, c.name)));
      case 'Text':
        return h('textarea', { id, rows: 3, placeholder, oninput, ...(isCode(f) ? code : {}) });
      case 'Number':
        return h('input', { id, type: 'text', inputmode: 'decimal', placeholder, oninput });
      default:
        return h('input', { id, type: 'text', placeholder: f.generated ? 'made up when the template is applied' : placeholder, oninput });
    }
  }

  // toggle switches between a value and an expression.
  toggle(f) {
    if (f.feel === 'required') return h('span', { class: 'feel-sign', title: 'A FEEL expression' }, 'fx');
    if (f.feel !== 'optional') return null;
    const flip = async () => {
      const control = this.shown.get(f.key).control;
      const value = f.type === 'Boolean' && !f.expression ? String(control.checked) : control.value;
      if (f.expression) this.expressions.delete(f.key);
      else this.expressions.add(f.key);
      this.values[f.key] = f.expression ? plain(value, f.type) : `=${f.type === 'String' || f.type === 'Text' ? quoted(value) : value}`;
      await this.refresh();
      this.shown.get(f.key)?.control.focus();
    };
    return button('fx', flip, {
      class: 'fx', 'aria-pressed': String(Boolean(f.expression)), 'aria-label': `FEEL expression for ${f.label}`, title: 'FEEL expression',
    });
  }
}

// deprecation is what the template's own text says of it.
function deprecation(form) {
  return h('p', { class: 'box warn' }, h('strong', null, 'Deprecated by its author'), form.deprecationMessage && [': ', richText(form.deprecationMessage)],
    form.deprecationRef && [' ', anchor(form.deprecationRef, 'Read more')]);
}

function warnings(list) {
  return h('ul', { class: 'plain box warn' }, list.map((w) => h('li', null, h('strong', null, w.property), `: ${w.message}`)));
}

// slot is the name of the slot for an expression that a field is bound to, or
// nothing; isCode tells which texts are not prose.
function slot(f) {
  return /\b(?:\w+Expression|activationCondition)$/.exec(f.binding)?.[0];
}

function isCode(f) {
  return Boolean(f.language) || slot(f) !== undefined;
}

// choices of a drop-down; a value that is none of them shows as nothing chosen.
function choices(f) {
  const list = f.choices ?? [];
  return list.some((c) => c.value === '') ? list : [{ name: '', value: '' }, ...list];
}

function write(control, f) {
  if (control.type === 'checkbox') {
    control.checked = f.value === true;
  } else {
    control.value = f.value === null || f.value === undefined ? '' : String(f.value?.rawJSON ?? f.value);
    if (control.rows) control.rows = Math.min(10, Math.max(f.expression ? 1 : 3, control.value.split('\n').length));
  }
}

// quoted and plain carry a value over when its kind is switched.
function quoted(text) {
  return text === '' ? '' : JSON.stringify(text);
}

function plain(text, type) {
  if (type === 'Boolean') return text.trim() === 'true';
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? text : String(value);
  } catch {
    return text;
  }
}

// tip is a tooltip that opens for the keyboard and for fingers too.
function tip(f) {
  if (!f.tooltip) return null;
  const id = newID('tip');
  const text = h('span', { class: 'tip-text', id, role: 'note', hidden: true }, richText(f.tooltip));
  const show = (on) => { text.hidden = !on; opener.setAttribute('aria-expanded', String(on)); };
  const opener = button('?', () => show(text.hidden), {
    class: 'tip', 'aria-label': `About ${f.label}`, 'aria-expanded': 'false', 'aria-controls': id,
    onkeydown: (e) => e.key === 'Escape' && show(false),
  });
  return h('span', { class: 'tip-holder' }, opener, text);
}
