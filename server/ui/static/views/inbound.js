// Inbound connectors: how they are, what happened, and pause and restart.
import { h, fill } from '../dom.js';
import { get, post } from '../api.js';
import { badge, button, counted, errorBox, heading, moment, muted, note, repeat, row } from '../parts.js';

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
    fill(count, items.length === 0 ? 'No process with an inbound connector is deployed.' : counted(items.length, 'connector'));
    const focused = document.activeElement?.dataset?.focus;
    fill(list, items.map(item));
    if (focused) list.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  async function doTo(id, action) {
    try {
      await post(`/api/v1/inbound/${encodeURIComponent(id)}/${action}`, undefined, signal);
      note('good', { pause: 'Paused.', resume: 'Resumed.', restart: 'Restarted.' }[action]);
      await load();
    } catch (error) {
      fill(problem, errorBox(error));
    }
  }

  function item(x) {
    const name = x.elements.map((e) => e.elementName || e.elementId).join(', ');
    const processes = [...new Set(x.elements.map((e) => e.processName || e.bpmnProcessId))].join(', ');
    const act = (action, label) => button(label, () => doTo(x.id, action), {
      'data-focus': `${x.id} ${action}`, 'aria-label': `${label} ${name}`,
    });
    const more = h('div'); // drawn when it is looked at: there may be many connectors
    const unfold = (e) => {
      if (e.target.open) open.add(x.id);
      else open.delete(x.id);
      fill(more, e.target.open && [about(x), activity(x.activity)]);
    };
    return h('li', { class: 'row-item' },
      h('div', { class: 'row between' },
        h('div', null, h('h2', null, name), h('p', { class: 'meta' }, h('code', null, x.type), ` · ${processes}`, x.path && [' · ', h('code', null, x.path)])),
        row(badge(x.state.replace('_', ' '), states[x.state] ?? ''), badge(x.health.status, health[x.health.status] ?? ''),
          x.state === 'paused' ? act('resume', 'Resume') : act('pause', 'Pause'), act('restart', 'Restart'))),
      x.health.error && h('p', { class: 'problem' }, x.health.error),
      h('details', { open: open.has(x.id), ontoggle: unfold },
        h('summary', { 'data-focus': `${x.id} activity` }, `Activity (${x.activity.length})`), more));
  }

  repeat(every, signal, load, (error) => fill(problem, error && errorBox(error)));
  return h('div', null, heading('Inbound connectors', 'What waits for webhooks, polls, and listens to queues.'), problem, count, list);
}

function about(x) {
  const element = (e) => [h('dt', null, e.elementId), h('dd', null, `${e.elementType} in ${e.bpmnProcessId} version ${e.version}`,
    e.messageName && `, message ${e.messageName}`, e.templateId && `, template ${e.templateId}`)];
  return h('dl', { class: 'pairs' }, h('dt', null, 'id'), h('dd', null, h('code', null, x.id)),
    x.activatedAt && [h('dt', null, 'active since'), h('dd', null, moment(x.activatedAt))], x.elements.map(element));
}

const severities = { ERROR: 'bad', WARNING: 'warn', INFO: '', DEBUG: '' };

function activity(list) {
  if (list.length === 0) return h('p', { class: 'muted' }, 'Nothing has happened yet.');
  const entry = (e) => h('li', null, moment(e.timestamp), badge(e.tag, severities[e.severity] ?? ''),
    h('span', null, e.message, Object.entries(e.data ?? {}).map(([k, v]) => muted(` · ${k} ${v}`))));
  return h('ol', { class: 'log', reversed: true }, [...list].reverse().map(entry));
}
