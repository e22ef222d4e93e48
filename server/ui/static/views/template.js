// One template: its form beside a trial, its text, its versions.
import { h, fill, isPicture, anchor, richText } from '../dom.js';
import { get, getText, put, remove, templatePath } from '../api.js';
import { link, replaceQuery } from '../router.js';
import { TemplateForm } from '../form.js';
import { tryPanel } from '../try.js';
import { colour } from '../json.js';
import { ask, badge, copyButton, errorBox, field, moment, note, select, tabs } from '../parts.js';

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
    ['versions', `Versions (${items.length})`, () => versions(items, version, signal)],
  ], route.query.get('tab'), (tab) => replaceQuery(['templates', id, String(version)], { tab: tab === 'form' ? '' : tab }));
  fill(holder, back(), header(info, items, version, about), bar);
}

// workbench is a template's form beside its trial.
export function workbench(source, info, signal, onanswer) {
  const form = new TemplateForm(source, signal, onanswer);
  const trial = info.inbound ? { element: noTrial() }
    : tryPanel(() => ({ ...form.source, values: form.values, preset: form.preset }), signal);
  const onkeydown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) trial.run?.();
  };
  // begin fills form and trial with what a test case brings along.
  const begin = (example) => {
    Object.assign(form.values, example.values);
    form.preset = example.preset ?? '';
    trial.prepare?.(example);
  };
  return { form, begin, panel: h('div', { class: 'two', onkeydown }, h('section', { 'aria-label': 'Form' }, h('h2', null, 'Form'), form.element), trial.element) };
}

function noTrial() {
  return h('section', { class: 'try' }, h('h2', null, 'Try it'), h('p', { class: 'muted' },
    'An inbound connector waits for what comes from outside, so it is tried by deploying a process; see ', h('a', { href: '#/inbound' }, 'inbound connectors'), '.'));
}

function header(info, items, version, about) {
  const versionSelect = select(items.map((i) => [String(i.version ?? 0), i.version === undefined ? 'no version' : String(i.version)]), String(version),
    (v) => { location.hash = link(['templates', info.id, v]); });
  return h('div', { class: 'heading' },
    h('div', null, h('h1', null, info.name), info.description && h('p', { class: 'lead' }, richText(info.description)),
      h('p', { class: 'badges' }, h('code', null, info.id), info.protocol && badge(info.protocol, 'info'),
        info.source === 'built-in' && badge('built in'), info.engine && badge(`Camunda ${info.engine}`), (info.keywords ?? []).map((k) => badge(k))),
      info.deprecated && h('p', { class: 'box warn' }, h('strong', null, 'Deprecated'), info.deprecation?.reason && `: ${info.deprecation.reason}`, info.deprecation?.replacement && ` Use ${info.deprecation.replacement} instead.`),
      info.jobType && h('p', { class: 'meta' }, 'job type ', h('code', null, info.jobType)), info.inbound && h('p', { class: 'meta' }, 'inbound type ', h('code', null, info.inbound)), about),
    h('div', { class: 'row top' }, field('Version', versionSelect), h('a', { class: 'button', href: link(['new'], { from: info.id, version }) }, 'New version')));
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

const versionColumns = ['Version', 'Published', 'Source', 'Engine', 'SHA-256', ''];

function versions(items, current, signal) {
  const problem = h('div');
  const row = (i) => h('tr', null,
    h('td', null, h('a', { href: link(['templates', i.id, String(i.version ?? 0)]), 'aria-current': (i.version ?? 0) === current ? 'true' : null }, i.version ?? 'none'), ' ', i.deprecated && badge('deprecated', 'warn')),
    h('td', null, i.publishedAt ? moment(i.publishedAt) : '–'), h('td', null, i.source), h('td', null, i.engine ?? 'any'),
    h('td', null, h('code', { title: i.hash }, i.hash.slice(0, 12))), h('td', null, i.source === 'published' && lifecycle(i, problem, signal)));
  return h('div', null, problem, h('div', { class: 'scroll' }, h('table', null,
    h('thead', null, h('tr', null, versionColumns.map((t) => h('th', { scope: 'col' }, t || h('span', { class: 'away' }, 'Actions'))))), h('tbody', null, items.map(row)))));
}

// lifecycle are the buttons that end a version.
function lifecycle(i, problem, signal) {
  const path = templatePath(i.id, i.version);
  const name = i.version === undefined ? i.name : `${i.name}, version ${i.version}`;
  const act = async (question, call, said, then) => {
    const answer = await ask(question);
    if (answer === null) return;
    try {
      await call(answer);
      note('good', said);
      then();
    } catch (error) {
      if (error.name !== 'AbortError') fill(problem, errorBox(error));
    }
  };
  const again = () => window.dispatchEvent(new Event('hashchange'));
  const deprecate = () => act({ title: 'Deprecate', text: `${name} stays, and is marked for all who look for it.`, label: 'Why', action: 'Deprecate' },
    (reason) => put(`${path}/deprecation`, { reason }, signal), 'Deprecated.', again);
  const takeBack = () => act({ title: 'Take the deprecation back', text: name, action: 'Take back' }, () => remove(`${path}/deprecation`, signal), 'No longer deprecated.', again);
  const drop = () => act({ title: 'Delete', text: `${name} is deleted for good. This is refused while a deployed process uses it.`, action: 'Delete' },
    () => remove(path, signal), 'Deleted.', () => { location.hash = '#/templates'; });
  return h('div', { class: 'row' }, i.deprecation ? h('button', { type: 'button', class: 'quiet', onclick: takeBack }, 'Take deprecation back')
    : h('button', { type: 'button', class: 'quiet', onclick: deprecate }, 'Deprecate'), h('button', { type: 'button', class: 'quiet', onclick: drop }, 'Delete'));
}
