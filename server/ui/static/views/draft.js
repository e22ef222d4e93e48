// A new template: from a curl command, a file or another template, to one that
// is linted, tried and published.
import { h, fill, debounce } from '../dom.js';
import { post, get, getText, templatePath } from '../api.js';
import { parse } from '../json.js';
import { link } from '../router.js';
import { Editor } from '../editor.js';
import { workbench } from '../workbench.js';
import { badge, button, counted, errorBox, heading, muted, note, row } from '../parts.js';

const kept = 'patchbay.draft';

export function draft(route, signal) {
  const findings = h('div', { role: 'status', 'aria-label': 'Findings' });
  const bench = h('div');
  const published = h('div');
  const editor = new Editor({ label: 'Template, JSON', rows: 22, json: true, oninput: () => { keep(); soon(); } });
  const publishButton = button('Publish', publish, { class: 'primary' });
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
    const text = editor.value;
    if (text.trim() === '') {
      fill(findings, h('p', { class: 'muted' }, 'Paste a curl command above, open a file, or write the template here.'));
      publishButton.disabled = true;
      return;
    }
    try {
      const answer = await post('/api/v1/templates/lint', text, signal);
      if (text === editor.value) drawFindings(answer.findings);
    } catch (error) {
      fill(findings, errorBox(error));
    }
  }

  function drawFindings(list) {
    const errors = list.filter((f) => f.severity === 'error').length;
    publishButton.disabled = errors > 0;
    editor.mark(list.map((f) => ({ line: f.line, column: f.column, kind: f.severity })));
    fill(findings, verdict(errors, list.length - errors), h('ul', { class: 'findings' }, list.map((f) => finding(f, editor))));
    if (errors === 0) drawBench();
    else if (!shown) fill(bench);
  }

  // drawBench shows the form of a template that could be published.
  function drawBench() {
    let read;
    try {
      read = parse(editor.value);
    } catch {
      return; // a finding tells of it
    }
    if (Array.isArray(read)) {
      shown = null;
      fill(bench, h('p', { class: 'muted' }, 'These are several templates: each is tried on its own.'));
      return;
    }
    if (shown?.id !== read.id) {
      const made = workbench({ template: read }, signal);
      shown = { id: read.id, form: made.form };
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
      fill(published, h('div', { class: 'box good', role: 'status' }, answer.map(publication)));
      note('good', 'Published.');
    } catch (error) {
      fill(published, errorBox(error), error.status === 409 && shown && row(button('Raise the version', async () => {
        await raise(shown.id, editor.value);
        publishButton.focus(); // the button that had it is gone
      })));
    } finally {
      publishButton.disabled = false;
    }
  }

  async function copyOf(id, version) {
    await raise(id, await getText(templatePath(id, version), signal));
  }

  // raise puts the text in with the next version that may be published.
  async function raise(id, text) {
    try {
      const { items } = await get(`/api/v1/templates/${encodeURIComponent(id)}`, signal);
      const next = Math.max(...items.map((i) => i.version ?? 0)) + 1;
      put(text.replace(/("version"\s*:\s*)\d+/, (_, before) => before + next)); // the first is the template's own
      note('info', `This is version ${next} now.`);
    } catch (error) {
      fill(published, errorBox(error));
    }
  }

  // made takes a template of a command, and the case that tests it.
  function made(answer) {
    example = { id: answer.template.id, ...answer.test.cases?.[0] };
    shown = null;
    put(answer.text);
  }

  const from = route.query.get('from');
  if (from) copyOf(from, route.query.get('version') ?? 0).catch((error) => fill(findings, errorBox(error)));
  else put(sessionStorage.getItem(kept) ?? '');

  return h('div', null, heading('New template', 'From a curl command to a template that is tried and published.'),
    curl(made, signal, from !== null),
    h('section', { class: 'step', 'aria-label': 'Template' },
      h('div', { class: 'row between' }, h('h2', null, 'Template'), row(opener(put), publishButton)),
      published, h('div', { class: 'two wide-left' }, editor.element, findings)),
    h('section', { class: 'step', 'aria-label': 'Form and trial' }, bench));
}

function verdict(errors, warnings) {
  if (errors + warnings === 0) return h('p', null, badge('no findings', 'good'));
  return h('p', null, errors > 0 && [badge(counted(errors, 'error'), 'bad'), ' '], warnings > 0 && badge(counted(warnings, 'warning'), 'warn'));
}

// finding tells what is wrong; its place puts the caret there.
function finding(f, editor) {
  return h('li', { class: f.severity }, button(`${f.line}:${f.column}`, () => editor.goTo(f.line, f.column), { class: 'quiet place' }),
    h('span', null, f.message, f.fix && muted(` – ${f.fix}`), ' ', h('code', { class: 'muted' }, f.pointer || '/')));
}

function publication(r) {
  const address = link(['templates', r.id, String(r.version ?? 0)]);
  return h('p', null, r.new ? 'Published: ' : 'Was published before: ', h('a', { href: address }, r.name),
    r.version !== undefined && ` version ${r.version}`, '. Next: ', h('a', { href: `${address}?tab=use` }, 'use it in a process'), '.');
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
      command.mark(error.errors ?? []);
      fill(said, errorBox(error));
    }
  }
  return h('details', { class: 'step', open: !folded }, h('summary', null, h('h2', null, 'From a curl command')), command.element,
    row(button('Make a template', make), muted('Credentials become secrets; parts that change become fields.')), said);
}

// remarks are what to know of a template that was made.
function remarks({ notes, secrets }) {
  const asks = `It asks for the ${secrets.length === 1 ? 'secret' : 'secrets'} ${secrets.join(', ')}. The trial below has a made-up one; the server takes it from the environment, as ${secrets.map((s) => `SECRET_${s}`).join(', ')}, or from its --secret-file.`;
  const list = secrets.length > 0 ? [asks, ...notes] : notes;
  return list.length > 0 && h('ul', { class: 'plain box info' }, list.map((r) => h('li', null, r)));
}

// opener reads a file.
function opener(put) {
  const read = async () => {
    if (input.files[0]) put(await input.files[0].text());
    input.value = ''; // so that the same file may be opened again
  };
  const input = h('input', {
    type: 'file', accept: '.json,application/json', class: 'hidden-file', 'aria-label': 'Open a template file', onchange: read,
  });
  return h('label', { class: 'button' }, 'Open a file', input);
}
