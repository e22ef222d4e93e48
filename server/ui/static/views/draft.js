// A new template: from a curl command, a file or another template, to one that
// is linted, tried and published.
import { h, fill, debounce } from '../dom.js';
import { post, get, getText, templatePath } from '../api.js';
import { link } from '../router.js';
import { Editor } from '../editor.js';
import { badge, errorBox, heading, note } from '../parts.js';
import { workbench } from './template.js';

const kept = 'patchbay.draft';

export function draft(route, signal) {
  const findings = h('div', { role: 'status', 'aria-label': 'Findings' });
  const bench = h('div');
  const published = h('div');
  const editor = new Editor({ label: 'Template, JSON', rows: 22, json: true, oninput: () => { keep(); soon(); } });
  const publishButton = h('button', { type: 'button', class: 'primary', onclick: publish }, 'Publish');
  let shown = null; // the form beside the trial, made when the template is one
  let example = null; // what a trial of the template may begin with

  const keep = () => sessionStorage.setItem(kept, editor.value);
  const soon = debounce(300, check);

  function put(text) {
    editor.value = text;
    keep();
    check();
  }

  async function check() {
    fill(published);
    if (editor.value.trim() === '') {
      fill(findings, h('p', { class: 'muted' }, 'Paste a curl command above, open a file, or write the template here.'));
      publishButton.disabled = true;
      return;
    }
    try {
      const text = editor.value;
      const answer = await post('/api/v1/templates/lint', text, signal);
      if (text !== editor.value) return;
      drawFindings(answer.findings);
    } catch (error) {
      if (error.name !== 'AbortError') fill(findings, errorBox(error));
    }
  }

  function drawFindings(list) {
    const errors = list.filter((f) => f.severity === 'error').length;
    publishButton.disabled = errors > 0;
    editor.mark(list.map((f) => ({ line: f.line, column: f.column, kind: f.severity })));
    const words = [errors > 0 && badge(`${errors} ${errors === 1 ? 'error' : 'errors'}`, 'bad'), list.length > errors && badge(`${list.length - errors} ${list.length - errors === 1 ? 'warning' : 'warnings'}`, 'warn')];
    fill(findings, h('p', null, list.length === 0 ? badge('no findings', 'good') : words.filter(Boolean).flatMap((w) => [w, ' '])),
      h('ul', { class: 'findings' }, list.map((f) => h('li', { class: f.severity }, h('button', { type: 'button', class: 'quiet place', onclick: () => editor.goTo(f.line, f.column) }, `${f.line}:${f.column}`),
        h('span', null, f.message, f.fix && h('span', { class: 'muted' }, ` – ${f.fix}`), ' ', h('code', { class: 'muted' }, f.pointer || '/'))))));
    if (errors === 0) drawBench();
    else if (!shown) fill(bench);
  }

  // drawBench shows the form of a template that could be published.
  function drawBench() {
    let read;
    try {
      read = JSON.parse(editor.value);
    } catch {
      return;
    }
    if (Array.isArray(read)) {
      shown = null;
      fill(bench, h('p', { class: 'muted' }, 'These are several templates: each is tried on its own.'));
      return;
    }
    const inbound = (read.properties ?? []).some((p) => p.binding?.name === 'inbound.type');
    if (shown?.id !== read.id || shown.inbound !== inbound) {
      const made = workbench({ template: read }, { inbound }, signal);
      shown = { id: read.id, inbound, form: made.form };
      if (example?.id === read.id) made.begin(example);
      fill(bench, made.panel);
    }
    shown.form.source = { template: read };
    shown.form.refresh();
  }

  async function publish() {
    publishButton.disabled = true;
    try {
      const answer = [await post('/api/v1/templates', editor.value, signal)].flat();
      fill(published, h('div', { class: 'box good', role: 'status' }, answer.map((r) => h('p', null, r.new ? 'Published: ' : 'Was published before: ',
        h('a', { href: link(['templates', r.id, String(r.version ?? 0)]) }, r.name), r.version !== undefined && ` version ${r.version}`))));
      note('good', 'Published.');
    } catch (error) {
      if (error.name !== 'AbortError') fill(published, errorBox(error));
    } finally {
      publishButton.disabled = false;
    }
  }

  async function copyOf(id, version) {
    const raw = await getText(templatePath(id, version), signal);
    const { items } = await get(`/api/v1/templates/${encodeURIComponent(id)}`, signal);
    const next = Math.max(...items.map((i) => i.version ?? 0)) + 1;
    put(raw.replace(/("version"\s*:\s*)\d+/, (_, before) => before + next)); // the first is the template's own
    note('info', `A copy, as version ${next}.`);
  }

  // made takes a template of a command, and the case that tests it.
  function made(answer) {
    example = { id: answer.template.id, ...answer.test.cases?.[0] };
    shown = null;
    put(answer.text);
  }

  const from = route.query.get('from');
  if (from) copyOf(from, route.query.get('version') ?? 0).catch((error) => { if (error.name !== 'AbortError') fill(findings, errorBox(error)); });
  else put(sessionStorage.getItem(kept) ?? '');

  return h('div', null, heading('New template', 'From a curl command to a template that is tried and published.'),
    curl(made, signal, from !== null),
    h('section', { class: 'step', 'aria-label': 'Template' },
      h('div', { class: 'row between' }, h('h2', null, 'Template'), h('div', { class: 'row' }, opener(put), publishButton)),
      published, h('div', { class: 'two wide-left' }, editor.element, findings)),
    h('section', { class: 'step', 'aria-label': 'Form and trial' }, bench));
}

// curl turns a command into a template.
function curl(made, signal, folded) {
  const said = h('div');
  const command = new Editor({ label: 'curl command', rows: 4, value: '', onrun: make });
  command.area.placeholder = "curl https://api.example.com/orders -H 'Authorization: Bearer …' -d '{\"id\": 1}'";
  async function make() {
    try {
      const answer = await post('/api/v1/templates/from-curl', { command: command.value }, signal);
      command.mark([]);
      fill(said, remarks(answer));
      made(answer);
    } catch (error) {
      if (error.name === 'AbortError') return;
      command.mark(error.errors ?? []);
      fill(said, errorBox(error));
    }
  }
  return h('details', { class: 'step', open: !folded }, h('summary', null, h('h2', null, 'From a curl command')), command.element,
    h('div', { class: 'row' }, h('button', { type: 'button', onclick: make }, 'Make a template'), h('span', { class: 'muted' }, 'Credentials become secrets; parts that change become fields.')), said);
}

// remarks are what to know of a template that was made.
function remarks({ notes, secrets }) {
  const list = [...(secrets.length > 0 ? [`It asks for ${secrets.length === 1 ? 'the secret' : 'the secrets'} ${secrets.join(', ')}.`] : []), ...notes];
  return list.length > 0 && h('ul', { class: 'plain box info' }, list.map((r) => h('li', null, r)));
}

// opener reads a file.
function opener(put) {
  const input = h('input', { type: 'file', accept: '.json,application/json', class: 'hidden-file', 'aria-label': 'Open a template file', onchange: async () => { if (input.files[0]) put(await input.files[0].text()); input.value = ''; } });
  return h('label', { class: 'button' }, 'Open a file', input);
}
