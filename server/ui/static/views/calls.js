// Recent calls of outbound connectors, as they happen.
import { h, fill, debounce } from '../dom.js';
import { get, query } from '../api.js';
import { replaceQuery, link } from '../router.js';
import { badge, button, duration, errorBox, field, heading, moment, muted, repeat, select, table } from '../parts.js';
import { headers } from '../trace.js';
import { viewText } from '../json.js';

const outcomes = {
  completed: ['completed', 'good'], failed: ['failed', 'bad'], bpmnError: ['BPMN error', 'warn'], givenBack: ['given back', ''],
};
const columns = ['Time', 'Process', 'Element', 'Protocol', 'Status', 'Took', 'Outcome', ''];
const every = 2; // seconds
const most = 200;

export function calls(route, signal) {
  const asked = (name) => route.query.get(name) ?? '';
  const chosen = { text: asked('text'), outcome: asked('outcome'), errors: asked('errors') === 'true' };
  const body = h('tbody');
  const empty = h('p', { class: 'muted' });
  const problem = h('div');
  const open = new Set();
  let live = true;
  let drawn = '';

  async function load() {
    const { items } = await get(`/api/v1/calls${query({ ...chosen, limit: most })}`, signal);
    const text = items.map((i) => i.seq).join() + JSON.stringify(chosen);
    if (text === drawn) return; // the focus stays where it is
    drawn = text;
    const focused = document.activeElement?.dataset?.focus;
    fill(body, items.map((c) => rows(c, open)));
    fill(empty, items.length === 0 && none());
    if (focused) body.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  function none() {
    const filtered = chosen.text || chosen.outcome || chosen.errors;
    return filtered ? 'No recent call is like that.' : 'No connector has been called since the server started.';
  }

  async function now() {
    replaceQuery(['calls'], chosen);
    try {
      await load();
      fill(problem);
    } catch (error) {
      fill(problem, errorBox(error));
    }
  }

  const soon = debounce(150, now);
  const check = (label, checked, onchange) => h('label', { class: 'check-label' },
    h('input', { type: 'checkbox', checked, onchange: (e) => onchange(e.target.checked) }), label);
  const filter = h('input', {
    type: 'search', class: 'grow', value: chosen.text, placeholder: 'process, element, template, key, error…',
    oninput: (e) => { chosen.text = e.target.value; soon(); },
  });
  const options = [['', 'all'], ...Object.entries(outcomes).map(([value, [text]]) => [value, text])];
  const outcome = select(options, chosen.outcome, (value) => { chosen.outcome = value; now(); });

  repeat(every, signal, async () => { if (live) await load(); }, (error) => fill(problem, error && errorBox(error)));
  return h('div', null, heading('Recent calls', 'What outbound connectors did, kept in memory by this server.'),
    h('div', { class: 'filters', role: 'search' }, field('Filter', filter), field('Outcome', outcome),
      check('only errors', chosen.errors, (on) => { chosen.errors = on; now(); }), check('live', true, (on) => { live = on; })),
    problem, table('Recent calls, newest first', columns, body, { class: 'calls' }), empty);
}

// rows are a call's, and that of its details.
function rows(c, open) {
  const [text, kind] = outcomes[c.outcome] ?? [c.outcome, ''];
  const about = h('td', { colspan: columns.length }, details(c), (c.exchanges ?? []).map(exchange));
  const more = h('tr', { class: 'more', hidden: !open.has(c.seq) }, about);
  const toggle = button('Details', () => {
    more.hidden = !more.hidden;
    toggle.setAttribute('aria-expanded', String(!more.hidden));
    if (more.hidden) open.delete(c.seq);
    else open.add(c.seq);
  }, {
    class: 'quiet', 'data-focus': String(c.seq), 'aria-expanded': String(open.has(c.seq)), 'aria-label': `Details of the call of ${c.element}`,
  });
  const cells = [
    moment(c.time), c.process, c.element, c.protocol ?? '–',
    [c.status ? status(c.status) : '–', c.attempts > 1 && muted(` ×${c.attempts}`)],
    duration(c.durationMs),
    [badge(text, kind), c.error && h('span', { class: 'short' }, ` ${c.error.code ?? ''} ${c.error.message}`)],
    toggle,
  ];
  return [h('tr', null, cells.map((cell, i) => h('td', { class: columns[i] === 'Took' ? 'number' : null }, cell))), more];
}

function status(code) {
  return badge(code, code >= 400 ? 'warn' : 'good');
}

function details(c) {
  const pair = (name, value) => value && [h('dt', null, name), h('dd', null, value)];
  const version = c.templateVersion ?? 0;
  return h('dl', { class: 'pairs' },
    pair('job', `${c.jobKey} (${c.jobType})`), pair('process instance', c.processInstanceKey),
    c.template && pair('template', h('a', { href: link(['templates', c.template, String(version)]) }, `${c.template}@${version}`)),
    c.error && pair('error', `${c.error.code ?? ''} ${c.error.message}`), pair('reason', c.error?.reason), pair('decided', c.decision),
    c.outcome === 'failed' && pair('retries left', String(c.retries ?? 0)), (c.warnings ?? []).map((w) => pair('warning', w)));
}

function exchange(e) {
  return h('div', { class: 'exchange' },
    h('p', null, h('strong', null, e.method), ' ', h('span', { class: 'url' }, e.url), ' ',
      e.status > 0 && [status(e.status), ' '], duration(e.durationMs)),
    e.error && h('p', { class: 'problem' }, e.error),
    headers('Request headers', e.requestHeaders), e.requestBody && viewText(e.requestBody, 'Request body'),
    headers('Response headers', e.responseHeaders), e.responseBody && viewText(e.responseBody, 'Response body'));
}
