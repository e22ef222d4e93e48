// Inbound connectors: how they are, what happened, and pause and restart.
import { h, fill } from '../dom.js';
import { get, post } from '../api.js';
import { badge, errorBox, heading, moment, note, repeat } from '../parts.js';

const health = { UP: 'good', DOWN: 'bad', UNKNOWN: '' };
const states = { active: 'good', starting: 'info', backing_off: 'warn', standby: 'info', paused: 'warn', invalid: 'bad', stopped: '' };
const every = 3; // seconds

export function inbound(route, signal) {
  const problem = h('div');
  const list = h('ul', { class: 'rows', 'aria-label': 'Inbound connectors' });
  const count = h('p', { class: 'muted', role: 'status' }, '…');
  const open = new Set(route.parts[1] ? [route.parts[1]] : []);
  let drawn = '';

  async function load() {
    const { items } = await get('/api/v1/inbound', signal);
    const text = JSON.stringify(items);
    if (text === drawn) return; // the focus stays where it is
    drawn = text;
    fill(count, items.length === 0 ? 'No process with an inbound connector is deployed.' : `${items.length} ${items.length === 1 ? 'connector' : 'connectors'}`);
    const focused = document.activeElement?.dataset?.focus;
    fill(list, items.map(item));
    if (focused) list.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  async function act(id, action) {
    try {
      await post(`/api/v1/inbound/${encodeURIComponent(id)}/${action}`, undefined, signal);
      note('good', { pause: 'Paused.', resume: 'Resumed.', restart: 'Restarted.' }[action]);
      await load();
    } catch (error) {
      if (error.name !== 'AbortError') fill(problem, errorBox(error));
    }
  }

  function item(x) {
    const name = x.elements.map((e) => e.elementName || e.elementId).join(', ');
    const button = (action, label) => h('button', { type: 'button', 'data-focus': `${x.id} ${action}`, 'aria-label': `${label} ${name}`, onclick: () => act(x.id, action) }, label);
    return h('li', { class: 'row-item' },
      h('div', { class: 'row between' },
        h('div', null, h('h2', null, name), h('p', { class: 'meta' }, h('code', null, x.type), ` · ${[...new Set(x.elements.map((e) => e.processName || e.bpmnProcessId))].join(', ')}`)),
        h('div', { class: 'row' }, badge(x.state.replace('_', ' '), states[x.state] ?? ''), badge(x.health.status, health[x.health.status] ?? ''),
          x.state === 'paused' ? button('resume', 'Resume') : button('pause', 'Pause'), button('restart', 'Restart'))),
      x.health.error && h('p', { class: 'problem' }, x.health.error),
      h('details', { open: open.has(x.id), ontoggle: (e) => (e.target.open ? open.add(x.id) : open.delete(x.id)) },
        h('summary', { 'data-focus': `${x.id} activity` }, `Activity (${x.activity.length})`), elements(x), activity(x.activity)));
  }

  repeat(every, signal, load, (error) => fill(problem, error && errorBox(error)));
  return h('div', null, heading('Inbound connectors', 'What waits for webhooks, polls, and listens to queues.'), problem, count, list);
}

function elements(x) {
  return h('dl', { class: 'pairs' }, h('dt', null, 'id'), h('dd', null, h('code', null, x.id)),
    x.activatedAt && [h('dt', null, 'active since'), h('dd', null, moment(x.activatedAt))],
    x.elements.map((e) => [h('dt', null, e.elementId), h('dd', null, `${e.elementType} in ${e.bpmnProcessId} version ${e.version}`, e.messageName && `, message ${e.messageName}`, e.templateId && `, template ${e.templateId}`)]));
}

const severities = { ERROR: 'bad', WARNING: 'warn', INFO: '', DEBUG: '' };

function activity(list) {
  if (list.length === 0) return h('p', { class: 'muted' }, 'Nothing has happened yet.');
  return h('ol', { class: 'log', reversed: true }, [...list].reverse().map((e) => h('li', null, moment(e.timestamp),
    badge(e.tag, severities[e.severity] ?? ''), h('span', null, e.message, e.data && Object.entries(e.data).map(([k, v]) => h('span', { class: 'muted' }, ` · ${k} ${v}`))))));
}
