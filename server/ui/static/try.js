// The trial of a template: variables, answers and secrets in, a trace out.
import { h, fill, newID } from './dom.js';
import { post } from './api.js';
import { Editor } from './editor.js';
import { summary, trace } from './trace.js';
import { button, errorBox, muted, row } from './parts.js';

// tryPanel tries what source() returns: the template, by its text or name, and
// the values of its form.
export function tryPanel(source, signal) {
  const variables = new Editor({ label: 'Process variables, a JSON object', value: '{\n  \n}', rows: 6, json: true, onrun: run });
  const stubs = stubList();
  const secrets = secretList();
  const result = h('div', { class: 'result' });
  const runButton = button('Run', run, { class: 'primary' });
  const network = networkChoice((stubbed) => { stubs.element.hidden = !stubbed; });

  let response = null;

  async function run() {
    runButton.disabled = true;
    try {
      const request = { ...source(), variables: readVariables(), secrets: secrets.read(), stub: stubs.read(), offline: network.stubbed() };
      const answer = await post('/api/v1/try', request, signal);
      response = answer.response;
      fill(result, summary(answer), trace(answer, stub));
    } catch (error) {
      fill(result, errorBox(error));
    } finally {
      runButton.disabled = false;
    }
  }

  // stub gives an exchange the answer that it had, or an empty one.
  function stub(exchange) {
    network.choose(true);
    stubs.add(exchange, { status: exchange.status || 200, body: exchange.responseBody || {} }).focus();
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
    // seen is what the expression in a slot sees: the variables before the call,
    // the last trial's response after it.
    seen: (slot, expression) => {
      let all = {};
      try { all = readVariables(); } catch { /* there are none then */ }
      if (slot === undefined || slot === 'requestExpression') return all;
      return expression.trimStart().startsWith('=') ? { ...all, ...response, response } : response;
    },
    // prepare puts what a test case brings along into the fields.
    prepare: (example) => {
      if (example.variables) variables.value = JSON.stringify(example.variables, null, 2);
      (example.stub ?? []).forEach((s) => stubs.add(s.request, s.response));
      Object.entries(example.secrets ?? {}).forEach(([name, value]) => secrets.add(name, value));
    },
    element: h('section', { class: 'try', 'aria-label': 'Try it' },
      h('h2', null, 'Try it'), h('h3', null, 'Process variables'), variables.element, network.element, stubs.element, secrets.element,
      row(runButton, muted('or Ctrl+Enter')), result),
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
    const entry = stubRow(request, response, () => { rows.splice(rows.indexOf(entry), 1); draw(); });
    if (known >= 0) rows.splice(known, 1, entry);
    else rows.push(entry);
    draw();
    return entry.body.area;
  };
  draw();
  return {
    element: h('div', null, holder, button('Add a stub', () => add({ method: 'GET', url: 'https://' }, {}).focus())),
    add, read: () => rows.map((r) => r.read()),
  };
}

function stubRow(request, response, remove) {
  const method = box('Method', request.method, { size: 7, class: 'code' });
  const url = box('URL', request.url, { class: 'code grow' });
  const status = box('Status of the answer', response.status ?? 200, { size: 4, inputmode: 'numeric', class: 'code' });
  const text = typeof response.body === 'string' ? response.body : JSON.stringify(response.body ?? {}, null, 2);
  const body = new Editor({ label: 'Body of the answer', value: text, rows: 3, json: true });
  const read = () => {
    let content = body.value;
    try { content = JSON.parse(content); } catch { /* a text is a body too */ }
    const asked = method.value.trim() === '' ? { url: url.value } : { method: method.value.trim(), url: url.value };
    const answered = { status: Number(status.value) || 200, body: content };
    return { request: asked, response: response.headers ? { ...answered, headers: response.headers } : answered };
  };
  return {
    method, url, body, read,
    element: h('div', { class: 'stub' }, row(method, url, status, cross('Remove this stub', remove)), body.element),
  };
}

// box is a field for a short text, in a row with others.
function box(label, value, properties) {
  return h('input', { type: 'text', 'aria-label': label, value: String(value ?? ''), spellcheck: 'false', ...properties });
}

function cross(label, onclick) {
  return button('✕', onclick, { class: 'quiet', 'aria-label': label });
}

// secretList edits the secrets of the trial; the server's own are not lent.
function secretList() {
  const rows = [];
  const holder = h('form', { autocomplete: 'off', onsubmit: (e) => e.preventDefault() }); // browsers want passwords in one
  const draw = () => fill(holder, rows.map((r) => r.element));
  const add = (of = '', is = '') => {
    const name = box('Name of the secret', of, { placeholder: 'NAME', class: 'code' });
    const value = box('Value of the secret', is, { type: 'password', placeholder: 'value', autocomplete: 'off' });
    const entry = { name, value };
    entry.element = row(name, value, cross('Remove this secret', () => { rows.splice(rows.indexOf(entry), 1); draw(); }));
    rows.push(entry);
    draw();
    return name;
  };
  return {
    add,
    element: h('details', { class: 'secrets' }, h('summary', null, 'Secrets of the trial'),
      h('p', { class: 'hint' }, 'The server’s own secrets are not lent to trials. These are masked in the trace and kept nowhere.'), holder,
      button('Add a secret', () => add().focus())),
    read: () => Object.fromEntries(rows.map((r) => [r.name.value.trim(), r.value.value]).filter(([n]) => n !== '')),
  };
}
