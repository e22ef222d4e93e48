// The page: navigation, and the view that the address names.
import { h, fill } from './dom.js';
import { start } from './router.js';
import { hasToken, forgetToken } from './api.js';
import { errorBox } from './parts.js';
import { catalog } from './views/catalog.js';
import { template } from './views/template.js';
import { draft } from './views/draft.js';
import { playground } from './views/playground.js';
import { inbound } from './views/inbound.js';
import { deadLetters } from './views/deadletters.js';
import { calls } from './views/calls.js';

// A view returns its element at once and fills it when data comes. It stops
// what it has begun when the signal is aborted.
const views = [
  { path: 'templates', label: 'Catalog', title: 'Catalog', show: templates },
  { path: 'new', label: 'New template', title: 'New template', show: draft },
  { path: 'playground', label: 'Playground', title: 'Playground', show: playground },
  { path: 'inbound', label: 'Inbound', title: 'Inbound connectors', show: inbound },
  { path: 'calls', label: 'Calls', title: 'Recent calls', show: calls },
  { path: 'dead-letters', label: 'Dead letters', title: 'Dead letters', show: deadLetters },
];

const main = document.getElementById('main');
const links = new Map(views.map((v) => [v.path, h('a', { href: `#/${v.path}` }, v.label)]));
fill(document.getElementById('nav'), h('ul', null, [...links.values()].map((a) => h('li', null, a))));

function templates(route, signal) {
  return route.parts.length > 1 ? template(route, signal) : catalog(route, signal);
}

function show(route, signal, focus) {
  const view = views.find((v) => v.path === route.parts[0]) ?? views[0];
  for (const [path, a] of links) {
    if (path === view.path) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
  showLink(links.get(view.path));
  document.title = `${view.title} – patchbay`;
  try {
    fill(main, view.show(route, signal));
  } catch (error) {
    fill(main, errorBox(error));
  }
  if (focus) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

// showLink brings a link into sight where the navigation is a bar that scrolls.
function showLink(a) {
  const nav = document.getElementById('nav');
  nav.scrollLeft = a.offsetLeft - (nav.clientWidth - a.offsetWidth) / 2;
}

// who offers to forget the token.
function who() {
  const leave = () => {
    forgetToken();
    location.reload();
  };
  fill(document.getElementById('who'), hasToken() && h('button', { type: 'button', class: 'quiet', onclick: leave }, 'Forget the token'));
}

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener('token', who);
who();
start(show);
