// How a template comes from the catalog into a process, and the process to run.
import { h } from '../dom.js';
import { getText, hasToken, templatePath } from '../api.js';
import { copyButton, downloadButton, row } from '../parts.js';

// use tells the ways of a template; the commands name this server where the
// default of the command line is another.
export function use(info, signal) {
  const file = `${info.id}.json`;
  const server = `${isDefault() ? '' : ` --server ${location.origin}`}${hasToken() ? ' --token …' : ''}`;
  const element = info.elementType ?? info.appliesTo[0] ?? 'bpmn:Task';
  return h('div', { class: 'use' },
    part('In the Desktop Modeler', 'Beside your diagram, this writes all templates where the modeler looks, and again whenever one is published:',
      command(`patchbay template pull .camunda/element-templates --watch${server}`),
      h('p', null, 'Go back to the modeler’s window, select an element that may be a ', h('code', null, element.replace('bpmn:', '')),
        ', and choose “', info.name, '” as its template.')),
    part('In the Web Modeler', 'Upload the file to a project as a connector template, and publish it there:',
      row(downloadButton(`Download ${file}`, file, () => getText(templatePath(info.id, info.version), signal)))),
    part('Without a modeler', 'The same, written into a file:',
      command(`patchbay template apply ${quoted(info.source === 'built-in' ? info.id : file)} process.bpmn --element ELEMENT_ID -o process.bpmn`)),
    part('Deploy, and it runs', 'From the modeler’s deploy button, or as follows. Secrets that the template names have to be known to the server, from its environment as SECRET_NAME or from its --secret-file.',
      command('patchbay deploy process.bpmn'), info.inbound ? null : command('patchbay start PROCESS_ID --wait'),
      h('p', null, ...(info.inbound
        ? ['The listener starts with the deployment: see ', h('a', { href: '#/inbound' }, 'inbound connectors'), '.']
        : ['Each call is shown among the ', h('a', { href: '#/calls' }, 'recent calls'), '.']))));
}

function isDefault() {
  return location.origin === 'http://127.0.0.1:8086';
}

function part(title, text, ...rest) {
  return h('section', { class: 'step', 'aria-label': title }, h('h2', null, title), h('p', null, text), rest);
}

// quoted is a word of a shell's command.
function quoted(word) {
  return /^[\w.@%+=:,/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function command(text) {
  return row(h('code', { class: 'command' }, text), copyButton(() => text));
}
