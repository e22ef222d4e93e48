// One template: its form beside a trial, its text, its versions.
import { h, fill, isPicture, anchor, richText } from '../dom.js';
import { get, getText, put, remove, templatePath } from '../api.js';
import { link, replaceQuery } from '../router.js';
import { workbench } from '../workbench.js';
import { colour } from '../json.js';
import { use } from './use.js';
import { ask, badge, button, copyButton, downloadButton, errorBox, field, moment, note, row, select, table, tabs } from '../parts.js';

export function template(route, signal) {
  const holder = h('div', null, h('p', { class: 'muted' }, 'Reading the template…'));
  load(holder, route, signal).catch((error) => fill(holder, back(), errorBox(error)));
  return holder;
}

function back() {
  return h('p', { class: 'crumbs' }, h('a', { href: '#/templates' }, 'Catalog'));
}

async function load(holder, route, signal) {
  const [, id, versionText] = route.parts;
  const { items } = await get(`/api/v1/templates/${encodeURIComponent(id)}`, signal);
  const version = versionText === undefined ? items[0].version ?? 0 : Number(versionText);
  const info = items.find((i) => (i.version ?? 0) === version) ?? items[0];
  const about = h('div');
  const source = { templateId: id, templateVersion: version };
  const { form, panel } = workbench(source, signal, (answer) => { if (answer) fill(about, links(answer)); });
  form.refresh();
  const bar = tabs('Parts of the template', [
    ['form', 'Form and trial', () => panel],
    ['json', 'JSON', () => text(id, version, signal)],
    ['use', 'Use it', () => use(info, signal)],
    ['versions', `Versions (${items.length})`, () => versions(items, version, signal)],
  ], route.query.get('tab'), (tab) => replaceQuery(['templates', id, String(version)], { tab: tab === 'form' ? '' : tab }));
  fill(holder, back(), header(info, items, version, about), bar);
}

function header(info, items, version, about) {
  const options = items.map((i) => [String(i.version ?? 0), i.version === undefined ? 'no version' : String(i.version)]);
  const chooser = select(options, String(version), (v) => { location.hash = link(['templates', info.id, v]); });
  const type = (label, value) => value && h('p', { class: 'meta' }, label, h('code', null, value));
  return h('div', { class: 'heading' },
    h('div', null, h('h1', null, info.name), info.description && h('p', { class: 'lead' }, richText(info.description)), badges(info),
      info.deprecation && deprecation(info.deprecation), type('job type ', info.jobType), type('inbound type ', info.inbound), about),
    h('div', { class: 'row top' }, field('Version', chooser),
      h('a', { class: 'button', href: link(['new'], { from: info.id, version }) }, 'New version')));
}

function badges(info) {
  return h('p', { class: 'badges' }, h('code', null, info.id), info.protocol && badge(info.protocol, 'info'),
    info.source === 'built-in' && badge('built in'), info.engine && badge(`Camunda ${info.engine}`), (info.keywords ?? []).map((k) => badge(k)));
}

function deprecation(d) {
  return h('p', { class: 'box warn' }, h('strong', null, 'Deprecated'), d.reason && `: ${d.reason}`,
    d.replacement && ` Use ${d.replacement} instead.`);
}

function links(answer) {
  return h('p', { class: 'meta row' }, isPicture(answer.icon) && h('img', { src: answer.icon, alt: '', width: 20, height: 20 }),
    answer.documentationRef && anchor(answer.documentationRef, 'Documentation'),
    h('span', null, `applies to ${answer.appliesTo.join(', ')}`), answer.elementType && h('span', null, `makes ${answer.elementType}`));
}

// text is what was published, byte for byte.
function text(id, version, signal) {
  const holder = h('div', null, '…');
  const path = templatePath(id, version);
  const draw = (raw) => fill(holder, row(copyButton(() => raw), downloadButton('Download', `${id}.json`, () => raw)),
    h('pre', { class: 'json tall', tabindex: 0, role: 'region', 'aria-label': 'Text of the template' }, colour(raw)));
  getText(path, signal).then(draw).catch((error) => fill(holder, errorBox(error)));
  return holder;
}

const versionColumns = ['Version', 'Published', 'Source', 'Engine', 'SHA-256', ''];

function versions(items, current, signal) {
  const problem = h('div');
  const version = (i) => h('a', {
    href: link(['templates', i.id, String(i.version ?? 0)]), 'aria-current': (i.version ?? 0) === current ? 'true' : null,
  }, i.version ?? 'none');
  const cells = (i) => [
    [version(i), ' ', i.deprecated && badge('deprecated', 'warn')], i.publishedAt ? moment(i.publishedAt) : '–', i.source, i.engine ?? 'any',
    h('code', { title: i.hash }, i.hash.slice(0, 12)), i.source === 'published' && lifecycle(i, problem, signal),
  ];
  const body = h('tbody', null, items.map((i) => h('tr', null, cells(i).map((cell) => h('td', null, cell)))));
  return h('div', null, problem, table('Versions', versionColumns, body));
}

// lifecycle are the buttons that end a version.
function lifecycle(i, problem, signal) {
  const path = templatePath(i.id, i.version);
  const name = i.version === undefined ? i.name : `${i.name}, version ${i.version}`;
  const again = () => window.dispatchEvent(new Event('hashchange'));
  const action = (question, call, said, then = again) => button(question.title, async () => {
    const answer = await ask(question);
    if (answer === null) return;
    try {
      await call(answer);
      note('good', said);
      then();
    } catch (error) {
      fill(problem, errorBox(error));
    }
  }, { class: 'quiet' });
  return row(
    i.deprecation
      ? action({ title: 'Take deprecation back', text: name, action: 'Take back' },
        () => remove(`${path}/deprecation`, signal), 'No longer deprecated.')
      : action({ title: 'Deprecate', text: `${name} stays, and is marked for all who look for it.`, label: 'Why', action: 'Deprecate' },
        (reason) => put(`${path}/deprecation`, { reason }, signal), 'Deprecated.'),
    action({ title: 'Delete', text: `${name} is deleted for good. This is refused while a deployed process uses it.`, action: 'Delete' },
      () => remove(path, signal), 'Deleted.', () => { location.hash = '#/templates'; }));
}
