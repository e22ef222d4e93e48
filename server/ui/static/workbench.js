// A template's form beside its trial.
import { h } from './dom.js';
import { TemplateForm } from './form.js';
import { tryPanel } from './try.js';

// workbench draws both for a template: {templateId, templateVersion} or
// {template}. Ctrl+Enter runs the trial, wherever the focus is in it.
export function workbench(source, signal, onanswer) {
  const answered = (answer, error) => {
    if (answer) trial.takes(answer);
    return onanswer?.(answer, error);
  };
  const form = new TemplateForm(source, signal, answered);
  const trial = tryPanel(() => ({ ...form.source, values: form.values, preset: form.preset }), signal);
  form.context = trial.seen;
  const onkeydown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) trial.run();
  };
  // begin fills form and trial with what a test case brings along.
  const begin = (example) => {
    Object.assign(form.values, example.values);
    form.preset = example.preset ?? '';
    trial.prepare(example);
  };
  const left = h('section', { 'aria-label': 'Form' }, h('h2', null, 'Form'), form.element);
  return { form, begin, panel: h('div', { class: 'two', onkeydown }, left, trial.element) };
}
