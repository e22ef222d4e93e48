// Recent calls of outbound connectors, as they happen.
import { h, fill, debounce } from '../dom.js';
import { get, query } from '../api.js';
import { replaceQuery, link } from '../router.js';
import { badge, duration, errorBox, field, heading, moment, repeat, select } from '../parts.js';
import { headers } from '../trace.js';
import { viewText } from '../json.js';

const outcomes = { completed: ['completed', 'good'], failed: ['failed', 'bad'], bpmnError: ['BPMN error', 'warn'], givenBack: ['given back', ''] };
const columns = ['Time', 'Process', 'Element', 'Protocol', 'Status', 'Took', 'Outcome', ''];
const every = 2; // seconds
const most = 200;

export function calls(route, signal) {
  const chosen = { text: route.query.get('text') ?? '', outcome: route.query.get('outcome') ?? '', errors: route.query.get('errors') === 'true' };
  const body = h('tbody');
  const empty = h('p', { class: 'muted' });
  const problem = h('div');
  const open = new Set();
  let live = true;
  let drawn = '';

  async function load() {
    const { items } = await get(`/api/v1/calls${query({ ...chosen, limit: most })}`, signal);
    const text = items.map((i) => i.seq).join() + JSON.stringify(chosen);
    if (text === drawn) return;
    drawn = text;
    const focused = document.activeElement?.dataset?.focus;
    fill(body, items.map(rows));
    fill(empty, items.length === 0 && (chosen.text || chosen.outcome || chosen.errors ? 'No recent call is like that.' : 'No connector has been called since the server started.'));
    if (focused) body.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  const now = async () => {
    replaceQuery(['calls'], chosen);
    try {
      await load();
      fill(problem);
    } catch (error) {
      if (error.name !== 'AbortError') fill(problem, errorBox(error));
    }
  };
  const soon = debounce(150, now);

  function rows(c) {
    const [text, kind] = outcomes[c.outcome] ?? [c.outcome, ''];
    const more = h('tr', { class: 'more', hidden: !open.has(c.seq) }, h('td', { colspan: columns.length }, details(c)));
    const toggle = h('button', {
      type: 'button', class: 'quiet', 'data-focus': String(c.seq), 'aria-expanded': String(open.has(c.seq)), 'aria-label': `Details of the call of ${c.element}`, onclick: () => {
        more.hidden = !more.hidden;
        toggle.setAttribute('aria-expanded', String(!more.hidden));
        if (more.hidden) open.delete(c.seq);
        else open.add(c.seq);
      },
    }, 'Details');
    return [h('tr', null, h('td', null, moment(c.time)), h('td', null, c.process), h('td', null, c.element), h('td', null, c.protocol ?? '–'),
      h('td', null, c.status ? badge(c.status, c.status >= 400 ? 'warn' : 'good') : '–', c.attempts > 1 && h('span', { class: 'muted' }, ` ×${c.attempts}`)),
      h('td', { class: 'number' }, duration(c.durationMs)), h('td', null, badge(text, kind), c.error && h('span', { class: 'short' }, ` ${c.error.code ?? ''} ${c.error.message}`)), h('td', null, toggle)), more];
  }

  repeat(every, signal, async () => { if (live) await load(); }, (error) => fill(problem, error && errorBox(error)));
  const check = (label, on, onchange) => h('label', { class: 'check-label' }, h('input', { type: 'checkbox', checked: on, onchange: (e) => onchange(e.target.checked) }), label);
  return h('div', null, heading('Recent calls', 'What outbound connectors did, kept in memory by this server.'),
    h('div', { class: 'filters', role: 'search' },
      field('Filter', h('input', { type: 'search', class: 'grow', value: chosen.text, placeholder: 'process, element, template, key, error…', oninput: (e) => { chosen.text = e.target.value; soon(); } })),
      field('Outcome', select([['', 'all'], ...Object.entries(outcomes).map(([v, [t]]) => [v, t])], chosen.outcome, (v) => { chosen.outcome = v; now(); })),
      check('only errors', chosen.errors, (on) => { chosen.errors = on; now(); }), check('live', true, (on) => { live = on; })),
    problem, h('div', { class: 'scroll' }, h('table', { class: 'calls' }, h('caption', { class: 'away' }, 'Recent calls, newest first'),
      h('thead', null, h('tr', null, columns.map((t) => h('th', { scope: 'col', class: t === 'Took' ? 'number' : null }, t || h('span', { class: 'away' }, 'Details'))))), body)), empty);
}

function details(c) {
  const pair = (name, value) => value !== undefined && value !== '' && [h('dt', null, name), h('dd', null, value)];
  return [h('dl', { class: 'pairs' }, pair('job', `${c.jobKey} (${c.jobType})`), pair('process instance', c.processInstanceKey),
    c.template && pair('template', h('a', { href: link(['templates', c.template, String(c.templateVersion ?? 0)]) }, `${c.template}@${c.templateVersion ?? 0}`)),
    c.error && pair('error', `${c.error.code ?? ''} ${c.error.message}`), pair('reason', c.error?.reason), pair('decided', c.decision),
    c.outcome === 'failed' && pair('retries left', String(c.retries ?? 0)), (c.warnings ?? []).map((w) => pair('warning', w))),
  (c.exchanges ?? []).map((e) => h('div', { class: 'exchange' }, h('p', null, h('strong', null, e.method), ' ', h('span', { class: 'url' }, e.url), ' ', e.status > 0 && badge(e.status), ' ', duration(e.durationMs)),
    e.error && h('p', { class: 'problem' }, e.error), headers('Request headers', e.requestHeaders), e.requestBody && viewText(e.requestBody, 'Request body'),
    headers('Response headers', e.responseHeaders), e.responseBody && viewText(e.responseBody, 'Response body')))];
}
