// The playground of jq and FEEL.
import { h, fill, debounce } from '../dom.js';
import { post } from '../api.js';
import { Editor } from '../editor.js';
import { mistake, parse, view } from '../json.js';
import { badge, duration, errorBox, heading, select } from '../parts.js';

const kept = { expression: 'patchbay.expression', context: 'patchbay.context' };

const sample = `{
  "status": 200,
  "headers": {"Content-Type": "application/json"},
  "body": {
    "order": {"id": 4711, "customer": "Zoë"},
    "items": [
      {"name": "Cable", "price": 4.5, "count": 2},
      {"name": "Plug", "price": 12, "count": 1}
    ]
  }
}`;

const examples = [
  ['jq: names', '.body.items | map(.name)'],
  ['jq: total', '.body.items | map(.price * .count) | add'],
  ['jq: a BPMN error', 'if .status >= 400 then bpmnError("REFUSED"; "status \\(.status)") else null end'],
  ['FEEL: names', '=body.items.name'],
  ['FEEL: total', '=sum(for i in body.items return i.price * i.count)'],
  ['FEEL: an object', '={id: body.order.id, dear: body.items[price > 10]}'],
];

export function playground(route, signal) {
  const answer = h('div', { class: 'answer' });
  const language = h('span');
  const time = h('span', { class: 'muted' });
  const soon = debounce(150, run);
  const keep = () => {
    sessionStorage.setItem(kept.expression, expression.value);
    sessionStorage.setItem(kept.context, context.value);
  };
  const complete = (before) => post('/api/v1/complete', { before, context: readContext() }, signal);
  const expression = new Editor({
    label: 'Expression, FEEL when it begins with =, else jq', rows: 5, complete, onrun: run, oninput: soon,
    value: sessionStorage.getItem(kept.expression) ?? examples[1][1],
  });
  const context = new Editor({
    label: 'Context, JSON', rows: 14, json: true, onrun: run, oninput: soon, value: sessionStorage.getItem(kept.context) ?? sample,
  });
  let asked = 0;

  function readContext() {
    try {
      return parse(context.value.trim() || 'null');
    } catch {
      return null;
    }
  }

  async function run() {
    keep();
    asked += 1;
    const turn = asked;
    try {
      // The context is not parsed here, so that the server sees it as it is.
      const result = await post('/api/v1/eval', `{"expr":${JSON.stringify(expression.value)},"context":${contextText()}}`, signal);
      if (turn === asked) draw(result);
    } catch (error) {
      if (turn === asked) fill(answer, errorBox(error));
    }
  }

  // contextText is the context where it is JSON; else a text that tells why not.
  function contextText() {
    const text = context.value.trim() === '' ? 'null' : context.value;
    try {
      JSON.parse(text);
      context.mark([]);
      return text;
    } catch (error) {
      context.mark([mistake(error, context.value)]);
      throw new Error(`The context is no JSON: ${error.message}`);
    }
  }

  function draw(result) {
    fill(language, badge(result.language, 'info'));
    fill(time, duration(result.durationMs));
    expression.mark(result.error?.line ? [{ line: result.error.line, column: result.error.column }] : []);
    const warnings = result.warnings.map((w) => h('li', null, w));
    fill(answer, result.error ? wrong(result.error, expression.value) : view(result.result ?? null, 'Result'),
      warnings.length > 0 && h('div', { class: 'box warn' }, h('strong', null, 'Warnings'), h('ul', { class: 'plain' }, warnings)));
  }

  run();
  const choose = select([['', 'Examples'], ...examples.map(([name], i) => [String(i), name])], '', (i) => {
    if (i !== '') expression.value = examples[Number(i)][1];
    choose.value = '';
    run();
  });
  choose.setAttribute('aria-label', 'Examples');
  const between = (...parts) => h('div', { class: 'row between' }, parts);
  return h('div', null, heading('Playground', 'Evaluates as connectors do: an expression that begins with = is FEEL, any other is jq.'),
    h('div', { class: 'two' },
      h('section', { 'aria-label': 'Input' },
        between(h('h2', null, 'Expression ', language), choose), expression.element,
        h('p', { class: 'hint' }, 'Ctrl+Space completes, Ctrl+Enter evaluates.'),
        h('h2', null, 'Context'), context.element,
        h('p', { class: 'hint' }, 'jq sees it as “.”, FEEL sees its keys as variables.')),
      h('section', { 'aria-label': 'Result' }, between(h('h2', null, 'Result'), time), h('div', { 'aria-live': 'polite' }, answer))));
}

// wrong shows the line with a caret below the place, as the command line does.
function wrong(error, source) {
  const line = error.line > 0 && source.split('\n')[error.line - 1];
  const caret = ' '.repeat(Math.max(0, error.column - 1));
  return h('div', { class: 'box bad', role: 'alert' },
    h('strong', null, error.line ? `Line ${error.line}, column ${error.column}` : 'No result'), h('p', null, error.message),
    typeof line === 'string' && h('pre', { class: 'caret' }, `${line}\n${caret}^`), error.hint && h('p', { class: 'muted' }, error.hint));
}
