// One template: its form beside a trial, its text, its versions.
import { h, fill, isPicture, anchor, richText } from '../dom.js';
import { get, getText, templatePath } from '../api.js';
import { link, replaceQuery } from '../router.js';
import { TemplateForm } from '../form.js';
import { tryPanel } from '../try.js';
import { colour } from '../json.js';
import { badge, copyButton, errorBox, field, moment, select, tabs } from '../parts.js';

export function template(route, signal) {
  const [, id, versionText] = route.parts;
  const holder = h('div', null, h('p', { class: 'muted' }, 'Reading the template…'));
  load(holder, id, versionText, route, signal).catch((error) => { if (error.name !== 'AbortError') fill(holder, back(), errorBox(error)); });
  return holder;
}

function back() {
  return h('p', { class: 'crumbs' }, h('a', { href: '#/templates' }, 'Catalog'));
}

async function load(holder, id, versionText, route, signal) {
  const { items } = await get(`/api/v1/templates/${encodeURIComponent(id)}`, signal);
  const version = versionText === undefined ? items[0].version ?? 0 : Number(versionText);
  const info = items.find((i) => (i.version ?? 0) === version) ?? items[0];
  const about = h('div');
  const source = { templateId: id, templateVersion: version };
  const { form, panel } = workbench(source, info, signal, (answer) => { if (answer) fill(about, links(answer)); });
  form.refresh();
  const bar = tabs('Parts of the template', [
    ['form', 'Form and trial', () => panel],
    ['json', 'JSON', () => text(id, version, signal)],
    ['versions', `Versions (${items.length})`, () => versions(items, version)],
  ], route.query.get('tab'), (tab) => replaceQuery(['templates', id, String(version)], { tab: tab === 'form' ? '' : tab }));
  fill(holder, back(), header(info, items, version, about), bar);
}

// workbench is a template's form beside its trial.
export function workbench(source, info, signal, onanswer) {
  const form = new TemplateForm(source, signal, onanswer);
  const trial = info.inbound ? h('section', { class: 'try' }, h('h2', null, 'Try it'), h('p', { class: 'muted' },
    'An inbound connector waits for what comes from outside, so it is tried by deploying a process; see ', h('a', { href: '#/inbound' }, 'inbound connectors'), '.'))
    : tryPanel(() => ({ ...form.source, values: form.values, preset: form.preset }), signal).element;
  return { form, panel: h('div', { class: 'two' }, h('section', { 'aria-label': 'Form' }, h('h2', null, 'Form'), form.element), trial) };
}

function header(info, items, version, about) {
  const versionSelect = select(items.map((i) => [String(i.version ?? 0), i.version === undefined ? 'no version' : String(i.version)]), String(version),
    (v) => { location.hash = link(['templates', info.id, v]); });
  return h('div', { class: 'heading' },
    h('div', null, h('h1', null, info.name), info.description && h('p', { class: 'lead' }, richText(info.description)),
      h('p', { class: 'badges' }, h('code', null, info.id), info.deprecated && badge('deprecated', 'warn'), info.protocol && badge(info.protocol, 'info'),
        info.source === 'built-in' && badge('built in'), info.engine && badge(`Camunda ${info.engine}`), (info.keywords ?? []).map((k) => badge(k))),
      info.jobType && h('p', { class: 'meta' }, 'job type ', h('code', null, info.jobType)), info.inbound && h('p', { class: 'meta' }, 'inbound type ', h('code', null, info.inbound)), about),
    h('div', { class: 'row top' }, field('Version', versionSelect), h('a', { class: 'button', href: link(['new'], { from: info.id, version }) }, 'New version of it')));
}

function links(answer) {
  return h('p', { class: 'meta row' }, isPicture(answer.icon) && h('img', { src: answer.icon, alt: '', width: 20, height: 20 }),
    answer.documentationRef && anchor(answer.documentationRef, 'Documentation'), h('span', null, `applies to ${answer.appliesTo.join(', ')}`),
    answer.elementType && h('span', null, `makes ${answer.elementType}`));
}

function text(id, version, signal) {
  const holder = h('div', null, '…');
  let content = '';
  getText(templatePath(id, version), signal).then((raw) => {
    content = raw;
    fill(holder, h('div', { class: 'row' }, copyButton(() => content), h('a', { class: 'button', href: templatePath(id, version) }, 'Raw')),
      h('pre', { class: 'json tall', tabindex: 0, role: 'region', 'aria-label': 'Text of the template' }, colour(raw)));
  }).catch((error) => fill(holder, errorBox(error)));
  return holder;
}

function versions(items, current) {
  return h('div', { class: 'scroll' }, h('table', null, h('thead', null, h('tr', null, ['Version', 'Published', 'Source', 'Engine', 'SHA-256'].map((t) => h('th', { scope: 'col' }, t)))),
    h('tbody', null, items.map((i) => h('tr', null,
      h('td', null, h('a', { href: link(['templates', i.id, String(i.version ?? 0)]), 'aria-current': (i.version ?? 0) === current ? 'true' : null }, i.version ?? 'none'), ' ', i.deprecated && badge('deprecated', 'warn')),
      h('td', null, i.publishedAt ? moment(i.publishedAt) : '–'), h('td', null, i.source), h('td', null, i.engine ?? 'any'), h('td', null, h('code', { title: i.hash }, i.hash.slice(0, 12))))))));
}
