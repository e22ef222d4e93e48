// Messages that could not be delivered, and their replay.
import { h, fill } from '../dom.js';
import { get, post } from '../api.js';
import { badge, errorBox, heading, moment, note } from '../parts.js';
import { view } from '../json.js';

export function deadLetters(route, signal) {
  const problem = h('div');
  const list = h('ul', { class: 'rows', 'aria-label': 'Dead letters' });
  const count = h('p', { class: 'muted', role: 'status' }, '…');

  async function load() {
    try {
      const { items } = await get('/api/v1/dead-letters', signal);
      fill(problem);
      fill(count, items.length === 0 ? 'There are none.' : `${items.length} ${items.length === 1 ? 'message' : 'messages'}`);
      fill(list, items.map(item));
    } catch (error) {
      if (error.name === 'AbortError') return;
      fill(count);
      fill(problem, error.status === 404 ? h('p', { class: 'muted' }, 'This server keeps no dead letters.') : errorBox(error));
    }
  }

  async function replay(id) {
    try {
      await post(`/api/v1/dead-letters/${encodeURIComponent(id)}/replay`, undefined, signal);
      note('good', 'Replayed.');
      await load();
    } catch (error) {
      if (error.name !== 'AbortError') fill(problem, errorBox(error));
    }
  }

  function item(d) {
    const id = String(d.id);
    return h('li', { class: 'row-item' }, h('div', { class: 'row between' },
      h('div', null, h('h2', null, d.source ?? d.executable ?? d.connector ?? id), h('p', { class: 'meta' }, h('code', null, id), d.time || d.timestamp || d.createdAt ? [' ', moment(d.time ?? d.timestamp ?? d.createdAt)] : null)),
      h('div', { class: 'row' }, d.attempts !== undefined && badge(`${d.attempts} attempts`), h('button', { type: 'button', class: 'primary', 'aria-label': `Replay ${id}`, onclick: () => replay(id) }, 'Replay'))),
    (d.error ?? d.reason) && h('p', { class: 'problem' }, typeof d.error === 'object' ? d.error.message : d.error ?? d.reason),
    h('details', null, h('summary', null, 'Message'), view(d, 'Message')));
  }

  load();
  return h('div', null, heading('Dead letters', 'What inbound connectors received and could not deliver.', h('button', { type: 'button', onclick: load }, 'Refresh')), problem, count, list);
}
