// The trial of a template: variables, answers and secrets in, a trace out.
import { h, fill, newID } from './dom.js';
import { post } from './api.js';
import { Editor } from './editor.js';
import { summary, trace } from './trace.js';
import { errorBox } from './parts.js';

// tryPanel tries what source() returns: the template, by its text or name, and
// the values of its form.
export function tryPanel(source, signal) {
  const variables = new Editor({ label: 'Process variables, a JSON object', value: '{\n  \n}', rows: 6, json: true, onrun: run });
  const stubs = stubList();
  const secrets = secretList();
  const result = h('div', { class: 'result', 'aria-live': 'polite' });
  const button = h('button', { type: 'button', class: 'primary', onclick: run }, 'Run');
  const network = networkChoice((stubbed) => { stubs.element.hidden = !stubbed; });

  async function run() {
    button.disabled = true;
    try {
      const request = { ...source(), variables: readVariables(), secrets: secrets.read(), stub: stubs.read(), offline: network.stubbed() };
      const answer = await post('/api/v1/try', request, signal);
      fill(result, summary(answer), trace(answer, (e) => { network.choose(true); stubs.add(e, { status: e.status || 200, body: e.responseBody || {} }).focus(); }));
    } catch (error) {
      if (error.name !== 'AbortError') fill(result, errorBox(error));
    } finally {
      button.disabled = false;
    }
  }

  function readVariables() {
    try {
      const read = JSON.parse(variables.value.trim() || '{}');
      variables.mark([]);
      if (read === null || typeof read !== 'object' || Array.isArray(read)) throw new Error('expected an object');
      return read;
    } catch (error) {
      throw new Error(`The process variables are no JSON object: ${error.message}`);
    }
  }

  return {
    run,
    // prepare puts what a test case brings along into the fields.
    prepare: (example) => {
      if (example.variables) variables.value = JSON.stringify(example.variables, null, 2);
      (example.stub ?? []).forEach((s) => stubs.add(s.request, s.response));
      Object.entries(example.secrets ?? {}).forEach(([name, value]) => secrets.add(name, value));
    },
    element: h('section', { class: 'try', 'aria-label': 'Try it' },
      h('h2', null, 'Try it'), h('h3', null, 'Process variables'), variables.element, network.element, stubs.element, secrets.element,
      h('div', { class: 'row' }, button, h('span', { class: 'muted' }, 'or Ctrl+Enter')), result),
  };
}

function networkChoice(onchange) {
  const name = newID('network');
  const option = (value, text, checked) => {
    const input = h('input', { type: 'radio', name, id: `${name}-${value}`, value, checked, onchange: () => onchange(value === 'stub') });
    return [input, h('span', { class: 'radio' }, input, h('label', { for: input.id }, text))];
  };
  const [stub, stubRow] = option('stub', 'Stubs: no request leaves this server', true);
  const [net, netRow] = option('network', 'The network, as connectors may reach it', false);
  return {
    element: h('fieldset', { class: 'radios' }, h('legend', null, 'Requests are answered by'), stubRow, netRow),
    stubbed: () => stub.checked,
    choose: (stubbed) => { (stubbed ? stub : net).checked = true; onchange(stubbed); },
  };
}

// stubList edits canned answers.
function stubList() {
  const rows = [];
  const holder = h('div', { class: 'stubs' });
  const none = h('p', { class: 'hint' }, 'Run once to see the request, then answer it.');
  const draw = () => fill(holder, rows.length === 0 ? none : rows.map((r) => r.element));
  // add puts an answer to a request in, in place of the one that there is.
  const add = (request, response) => {
    const known = rows.findIndex((r) => r.url.value === request.url && r.method.value === (request.method ?? ''));
    const row = stubRow(request, response, () => { rows.splice(rows.indexOf(row), 1); draw(); });
    if (known >= 0) rows.splice(known, 1, row);
    else rows.push(row);
    draw();
    return row.body.area;
  };
  draw();
  return {
    element: h('div', null, holder, h('button', { type: 'button', onclick: () => add({ method: 'GET', url: 'https://' }, {}).focus() }, 'Add a stub')),
    add, read: () => rows.map((r) => r.read()),
  };
}

function stubRow(request, response, remove) {
  const box = (label, value, attributes) => h('input', { type: 'text', 'aria-label': label, value: String(value ?? ''), spellcheck: 'false', ...attributes });
  const method = box('Method', request.method, { size: 7, class: 'code' });
  const url = box('URL', request.url, { class: 'code grow' });
  const status = box('Status of the answer', response.status ?? 200, { size: 4, inputmode: 'numeric', class: 'code' });
  const body = new Editor({ label: 'Body of the answer', value: typeof response.body === 'string' ? response.body : JSON.stringify(response.body ?? {}, null, 2), rows: 3, json: true });
  const read = () => {
    let content = body.value;
    try { content = JSON.parse(content); } catch { /* a text is a body too */ }
    const asked = method.value.trim() === '' ? { url: url.value } : { method: method.value.trim(), url: url.value };
    const answered = { status: Number(status.value) || 200, body: content };
    return { request: asked, response: response.headers ? { ...answered, headers: response.headers } : answered };
  };
  return {
    method, url, body, read,
    element: h('div', { class: 'stub' }, h('div', { class: 'row' }, method, url, status, h('button', { type: 'button', class: 'quiet', 'aria-label': 'Remove this stub', onclick: remove }, '✕')), body.element),
  };
}

// secretList edits the secrets of the trial; the server's own are not lent.
function secretList() {
  const rows = [];
  const holder = h('form', { autocomplete: 'off', onsubmit: (e) => e.preventDefault() }); // browsers want passwords in one
  const draw = () => fill(holder, rows.map((r) => r.element));
  const add = (of = '', is = '') => {
    const name = h('input', { type: 'text', 'aria-label': 'Name of the secret', placeholder: 'NAME', class: 'code', spellcheck: 'false', value: of });
    const value = h('input', { type: 'password', 'aria-label': 'Value of the secret', placeholder: 'value', autocomplete: 'off', value: is });
    const row = { name, value, element: h('div', { class: 'row' }, name, value,
      h('button', { type: 'button', class: 'quiet', 'aria-label': 'Remove this secret', onclick: () => { rows.splice(rows.indexOf(row), 1); draw(); } }, '✕')) };
    rows.push(row);
    draw();
    return name;
  };
  return {
    add,
    element: h('details', { class: 'secrets' }, h('summary', null, 'Secrets of the trial'),
      h('p', { class: 'hint' }, 'The server’s own secrets are not lent to trials. These are masked in the trace and kept nowhere.'), holder,
      h('button', { type: 'button', onclick: () => add().focus() }, 'Add a secret')),
    read: () => Object.fromEntries(rows.map((r) => [r.name.value.trim(), r.value.value]).filter(([n]) => n !== '')),
  };
}
