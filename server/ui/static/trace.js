// What a trial of a template did, step by step.
import { h } from './dom.js';
import { view, viewText } from './json.js';
import { badge, button, duration } from './parts.js';

const outcomes = {
  completed: ['completed', 'good'], bpmnError: ['BPMN error', 'warn'], failed: ['failed', 'bad'],
  accepted: ['accepted', 'good'], ignored: ['ignored', 'warn'], refused: ['refused', 'bad'], answered: ['answered', 'info'], nothing: ['nothing', 'warn'],
};

// summary is the outcome in a line.
export function summary(result) {
  const [text, kind] = outcomes[result.outcome.type] ?? [result.outcome.type, ''];
  const why = result.reason || result.outcome.message;
  const code = result.outcome.code && [' ', h('code', null, result.outcome.code)];
  return h('p', { class: 'summary', role: 'status' }, badge(text, kind), code, why && ` ${why}`);
}

// trace draws the answer of POST /api/v1/try, of an inbound connector or another.
// answer is called with an exchange that a person wants to give an answer to.
export function trace(result, inbound, answer) {
  const [text, kind] = outcomes[result.outcome.type] ?? [result.outcome.type, ''];
  const steps = [
    result.template.length > 0 && step('The form', 'warn', list(result.template.map((w) => `${w.property}: ${w.message}`)), true),
    result.input && step(inbound ? 'Properties' : 'Bound input', '', view(result.input, 'Bound input'), false),
    ...result.exchanges.map((e, i) => exchange(e, i, result.exchanges.length, answer)),
    inbound ? ofEvent(result) : ofJob(result),
    step('Outcome', kind, outcome(result.outcome, inbound, text, kind), true),
  ];
  return h('ol', { class: 'trace', 'aria-label': 'Steps of the trial' }, steps);
}

// ofJob are the steps after the requests of an outbound connector.
function ofJob(result) {
  return [
    result.response !== null && step('What the mappings saw', '', view(result.response, 'What the mappings saw'), false),
    result.error && step('Error', 'bad', [result.reason && problem(result.reason), view(result.error, 'Error')], true),
    expressionWarnings(result.warnings),
    result.variables && step('Mapped variables', 'good', view(result.variables, 'Mapped variables'), true),
  ];
}

// ofEvent are those of an inbound connector: what its expressions saw, the checks
// that it passed, each expression, the command and the answer.
function ofEvent(result) {
  const { events = [], evaluations = [], activity = [], answer } = result;
  const checks = activity.filter((n) => n.tag === 'Verification');
  const rest = activity.filter((n) => n.tag !== 'Verification');
  const number = (i) => (events.length > 1 ? ` ${i + 1}` : '');
  return [
    events.map((e, i) => step(`Event${number(i)}`, '', view(e.event, `Event${number(i)}`), false)),
    checks.length > 0 && step('Checks', checks.some((n) => n.severity !== 'INFO') ? 'warn' : 'good', list(checks.map((n) => n.message)), true),
    evaluations.map(evaluation),
    expressionWarnings(result.warnings),
    events.map((e, i) => e.command && command(e.command, number(i))),
    answer && step(h('span', null, 'Answer to the sender ', badge(answer.status, statusKind(answer.status))), statusKind(answer.status),
      [headers('Headers', answer.headers), answer.body ? viewText(answer.body, 'Body of the answer') : h('p', { class: 'muted' }, 'It has no body.')], true),
    rest.length > 0 && step('What operators see', '', list(rest.map((n) => `${n.tag}: ${n.message}`)), false),
  ];
}

function statusKind(status) {
  return status >= 400 ? 'bad' : 'good';
}

function expressionWarnings(warnings) {
  return warnings.length > 0 && step('Warnings of expressions', 'warn', list(warnings.map((w) => `${w.slot}: ${w.text}`)), true);
}

function evaluation(e) {
  const body = e.error ? problem(e.error) : view(e.value, `Value of ${e.property}`);
  return step(h('code', null, e.property), e.error ? 'bad' : 'good', [h('pre', { class: 'expression' }, e.expression), body], true);
}

function command(c, number) {
  const title = c.type === 'createInstance' ? 'Starts an instance' : `Publishes the message ${c.messageName}`;
  const pair = (name, value) => value && [h('dt', null, name), h('dd', null, h('code', null, value))];
  return step(title + number, 'good', [
    h('dl', { class: 'pairs' }, pair('correlation key', c.correlationKey), pair('message id', c.messageId)), view(c.variables, `Variables${number}`),
  ], true);
}

function problem(text) {
  return h('p', { class: 'problem' }, text);
}

function step(title, kind, body, open) {
  return h('li', { class: kind }, h('details', { open }, h('summary', null, title), body));
}

function list(texts) {
  return h('ul', { class: 'plain' }, texts.map((t) => h('li', null, t)));
}

function exchange(e, index, count, answer) {
  const kind = e.error ? 'bad' : e.status >= 400 ? 'warn' : 'good';
  const title = h('span', { class: 'request' }, h('strong', null, e.method), ' ', h('span', { class: 'url' }, e.url), ' ',
    e.status > 0 && badge(e.status, kind), ' ', h('span', { class: 'muted' }, duration(e.durationMs)));
  return h('li', { class: kind }, h('details', { open: true }, h('summary', null, count > 1 ? `Request ${index + 1} ` : 'Request ', title),
    e.error && problem(e.error),
    headers('Request headers', e.requestHeaders), e.requestBody && [h('h4', null, 'Request body'), viewText(e.requestBody, 'Request body')],
    e.status > 0 && [h('h4', null, `Response ${e.status}`), headers('Response headers', e.responseHeaders)],
    e.responseBody && viewText(e.responseBody, 'Response body'),
    answer && h('p', null, button(e.status > 0 ? 'Use as a stub' : 'Answer this request with a stub', () => answer(e)))));
}

// headers lists names and values.
export function headers(title, all) {
  const names = Object.keys(all ?? {}).sort();
  if (names.length === 0) return null;
  return h('details', { class: 'headers' }, h('summary', null, `${title} (${names.length})`),
    h('dl', { class: 'pairs' }, names.map((n) => [h('dt', null, n), h('dd', null, all[n].join(', '))])));
}

function outcome(o, inbound, text, kind) {
  const retries = o.retries > 0 ? `retries left: ${o.retries}` : 'no retries are left: the process would have an incident';
  return h('div', null, h('p', null, badge(text, kind), o.code && h('code', null, ` ${o.code}`)), o.message && h('p', null, o.message),
    !inbound && o.type === 'failed' && h('p', { class: 'muted' }, retries),
    !inbound && o.type !== 'completed' && o.variables && view(o.variables, 'Variables of the outcome'));
}
