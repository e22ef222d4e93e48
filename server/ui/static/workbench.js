// A template's form beside its trial.
import { h } from './dom.js';
import { TemplateForm } from './form.js';
import { tryPanel } from './try.js';

// workbench draws both for a template: {templateId, templateVersion} or
// {template}. Ctrl+Enter runs the trial, wherever the focus is in it.
export function workbench(source, inbound, signal, onanswer) {
  const form = new TemplateForm(source, signal, onanswer);
  const values = () => ({ ...form.source, values: form.values, preset: form.preset });
  const trial = inbound ? { element: noTrial() } : tryPanel(values, signal);
  if (trial.seen) form.context = trial.seen;
  const onkeydown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) trial.run?.();
  };
  // begin fills form and trial with what a test case brings along.
  const begin = (example) => {
    Object.assign(form.values, example.values);
    form.preset = example.preset ?? '';
    trial.prepare?.(example);
  };
  const left = h('section', { 'aria-label': 'Form' }, h('h2', null, 'Form'), form.element);
  return { form, begin, panel: h('div', { class: 'two', onkeydown }, left, trial.element) };
}

function noTrial() {
  return h('section', { class: 'try' }, h('h2', null, 'Try it'), h('p', { class: 'muted' },
    'An inbound connector waits for what comes from outside, so it is tried by deploying a process; see ',
    h('a', { href: '#/inbound' }, 'inbound connectors'), '.'));
}
