// The catalog: search, and what each template is for.
import { h, fill, debounce } from '../dom.js';
import { get, query } from '../api.js';
import { link, replaceQuery } from '../router.js';
import { badge, counted, errorBox, field, heading, select } from '../parts.js';

const filters = ['text', 'protocol', 'elementType', 'tag', 'engine', 'source'];
const most = 200;

export function catalog(route, signal) {
  const chosen = Object.fromEntries(filters.map((f) => [f, route.query.get(f) ?? '']));
  const list = h('ul', { class: 'cards', 'aria-label': 'Templates' });
  const count = h('p', { class: 'muted', role: 'status' }, '…');
  const bar = h('div', { class: 'filters', role: 'search' });

  async function search() {
    replaceQuery(['templates'], chosen);
    try {
      const { items } = await get(`/api/v1/templates${query({ ...chosen, limit: most })}`, signal);
      fill(count, items.length === most ? `the first ${most} templates` : counted(items.length, 'template'));
      fill(list, items.map(card));
    } catch (error) {
      fill(list, h('li', null, errorBox(error)));
    }
  }

  const soon = debounce(150, search);
  const choice = (name, options) => select(options, chosen[name], (value) => { chosen[name] = value; search(); });
  const text = (name, properties) => h('input', {
    value: chosen[name], oninput: (e) => { chosen[name] = e.target.value; soon(); }, ...properties,
  });

  // facets offers what there is to choose from.
  async function facets() {
    const { items } = await get('/api/v1/templates?limit=1000', signal);
    const facet = (name, of) => {
      const values = new Set(items.flatMap(of).filter(Boolean));
      if (chosen[name]) values.add(chosen[name]);
      return choice(name, [['', 'all'], ...[...values].sort((a, b) => a.localeCompare(b)).map((v) => [v, v])]);
    };
    bar.append(
      field('Protocol', facet('protocol', (i) => i.protocol)),
      field('Element', facet('elementType', (i) => [i.elementType, ...i.appliesTo])),
      field('Tag', facet('tag', (i) => i.keywords ?? [])),
      field('Engine', text('engine', { type: 'text', placeholder: '8.8', size: 5 })),
      field('Source', choice('source', [['', 'all'], ['published', 'published'], ['built-in', 'built in']])));
  }

  fill(bar, field('Search', text('text', { type: 'search', class: 'grow', placeholder: 'name, id, tag, job type…' })));
  search();
  facets().catch(() => {}); // the search tells what is wrong
  return h('div', null,
    heading('Catalog', 'Connector templates that modelers find here.', h('a', { class: 'button primary', href: '#/new' }, 'New template')),
    bar, count, list);
}

function card(info) {
  const address = link(['templates', info.id, String(info.version ?? 0)]);
  return h('li', { class: info.deprecated ? 'card old' : 'card' },
    h('span', { class: 'tile', 'aria-hidden': 'true' }, [...info.name.trim()][0] ?? '·'),
    h('div', { class: 'card-text' },
      h('h2', null, h('a', { href: address }, info.name), ' ', info.deprecated && badge('deprecated', 'warn')),
      info.description && h('p', null, info.description),
      h('p', { class: 'meta' }, h('code', null, info.id), info.version !== undefined && ` version ${info.version}`,
        info.engine && `, Camunda ${info.engine}`),
      h('p', { class: 'meta badges' }, info.protocol && badge(info.protocol, 'info'), info.inbound && badge('inbound', 'info'),
        badge(short(info.elementType ?? info.appliesTo[0] ?? '')), info.source === 'built-in' && badge('built in'),
        h('span', { class: 'tags' }, (info.keywords ?? []).slice(0, 5).join(' · ')))));
}

function short(type) {
  return type.replace(/^bpmn:/, '').replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
}
