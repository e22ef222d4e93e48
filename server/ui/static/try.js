// The trial of a template: variables or an event, answers and secrets in, a trace out.
import { h, fill, newID } from './dom.js';
import { post } from './api.js';
import { mistake, parse } from './json.js';
import { Editor } from './editor.js';
import { EventFields } from './event.js';
import { Pairs, box, cross } from './pairs.js';
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
  const event = new EventFields(run);
  const before = h('div', { class: 'part' }, h('h3', null, 'Process variables'), variables.element);
  const requests = h('div', { class: 'part' }, network.element, stubs.element);

  let response = null;
  let inbound = false;

  async function run() {
    runButton.disabled = true;
    try {
      const request = { ...source(), ...(inbound ? { event: event.read() } : {}), ...asked() };
      const answer = await post('/api/v1/try', request, signal);
      response = answer.response;
      fill(result, summary(answer), trace(answer, inbound, stub));
      result.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      fill(result, errorBox(error));
    } finally {
      runButton.disabled = false;
    }
  }

  // asked is what answers the connector's requests, so far as it makes any.
  function asked() {
    const all = { secrets: secrets.read() };
    if (!before.hidden) all.variables = readVariables();
    return requests.hidden ? all : { ...all, stub: stubs.read(), offline: network.stubbed() };
  }

  // stub gives an exchange the answer that it had, or an empty one.
  function stub(exchange) {
    network.choose(true);
    stubs.add(exchange, { status: exchange.status || 200, body: exchange.responseBody || {} }).focus();
  }

  function readVariables() {
    try {
      const read = parse(variables.value.trim() || '{}');
      variables.mark([]);
      if (read === null || typeof read !== 'object' || Array.isArray(read)) throw new Error('expected an object');
      return read;
    } catch (error) {
      variables.mark([mistake(error, variables.value)]);
      throw new Error(`The process variables are no JSON object: ${error.message}`);
    }
  }

  return {
    run,
    // takes is told what a modeler's form says of the template. An inbound
    // connector takes an event; only a poll makes requests, for an instance that
    // waits with the variables of that.
    takes: (form) => {
      inbound = Boolean(form.inbound);
      const members = form.event ?? [];
      const starts = form.elementType === 'bpmn:StartEvent';
      const polls = members.some((m) => m.name === 'cursor');
      event.show(members.filter((m) => m.name !== 'cursor' || starts));
      requests.hidden = inbound && !polls;
      before.hidden = inbound && !(polls && !starts);
    },
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
      h('h2', null, 'Try it'), event.element, before, requests, secrets.element,
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
    try { content = parse(content); } catch { /* a text is a body too */ }
    const asked = method.value.trim() === '' ? { url: url.value } : { method: method.value.trim(), url: url.value };
    const answered = { status: Number(status.value) || 200, body: content };
    return { request: asked, response: response.headers ? { ...answered, headers: response.headers } : answered };
  };
  return {
    method, url, body, read,
    element: h('div', { class: 'stub' }, row(method, url, status, cross('Remove this stub', remove)), body.element),
  };
}

// secretList edits the secrets of the trial; the server's own are not lent.
function secretList() {
  const list = new Pairs('secret', { type: 'password', autocomplete: 'off' });
  const element = h('details', { class: 'secrets' }, h('summary', null, 'Secrets of the trial'),
    h('p', { class: 'hint' }, 'The server’s own secrets are not lent to trials. These are masked in the trace and kept nowhere.'), list.element);
  return { element, add: (name, value) => list.add(name, value), read: () => list.read() };
}
