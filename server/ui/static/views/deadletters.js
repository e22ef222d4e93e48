// Messages that no process accepted: to be read, replayed or discarded.
import { h, fill } from '../dom.js';
import { get, post, remove, query } from '../api.js';
import { ask, badge, button, counted, errorBox, heading, moment, note, row } from '../parts.js';
import { view } from '../json.js';

const page = 50;

export function deadLetters(route, signal) {
  const problem = h('div');
  const list = h('ul', { class: 'rows', 'aria-label': 'Dead letters' });
  const count = h('p', { class: 'muted', role: 'status' }, '…');
  const more = button('More', () => load(next), { hidden: true });
  let next;

  // load shows the list from its start, or adds the next page.
  async function load(after) {
    try {
      const answer = await get(`/api/v1/dead-letters${query({ after, limit: page })}`, signal);
      fill(problem);
      if (after === undefined) fill(list);
      list.append(...answer.items.map(item));
      next = answer.next;
      more.hidden = !next;
      const shown = list.children.length;
      fill(count, shown === 0 ? 'There are none.' : `${next ? 'the first ' : ''}${counted(shown, 'message')}, the oldest first`);
    } catch (error) {
      fill(problem, errorBox(error));
    }
  }

  async function act(call, said) {
    try {
      await call();
      note('good', said);
      await load();
    } catch (error) {
      fill(problem, errorBox(error));
    }
  }

  const path = (d) => `/api/v1/dead-letters/${encodeURIComponent(d.id)}`;
  const replay = (d) => act(() => post(`${path(d)}/replay`, undefined, signal), 'Replayed.');
  const discard = async (d) => {
    const sure = await ask({ title: 'Discard', text: `The message for ${d.elementId} is dropped for good.`, action: 'Discard' });
    if (sure) act(() => remove(path(d), signal), 'Discarded.');
  };

  function item(d) {
    const act = (label, onclick) => button(label, onclick, { 'aria-label': `${label} the message for ${d.elementId}` });
    const replays = d.replays === 1 ? 'replayed once' : `replayed ${d.replays} times`;
    return h('li', { class: 'row-item' },
      h('div', { class: 'row between' },
        h('div', null, h('h2', null, d.elementId), h('p', { class: 'meta' },
          h('code', null, d.type), ` · ${d.bpmnProcessId} · `, moment(d.timestamp), ' · ', h('code', null, d.source))),
        row(badge(d.code, 'bad'), d.replays > 0 && badge(replays, 'warn'), act('Replay', () => replay(d)), act('Discard', () => discard(d)))),
      h('p', { class: 'problem' }, d.reason), d.messageId && h('p', { class: 'meta' }, 'message id ', h('code', null, d.messageId)),
      h('details', null, h('summary', null, 'Content'), view(d.content, 'Content')));
  }

  load();
  const top = heading('Dead letters', 'What inbound connectors received and no process accepted.', button('Refresh', () => load()));
  return h('div', null, top, problem, count, list, more);
}
