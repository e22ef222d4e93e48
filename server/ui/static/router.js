// The view that is shown follows the part of the address after "#".

// parse splits "#/templates/x/1?tab=json" into its path and query. Parts of the
// path are decoded one by one.
export function parse(hash) {
  const [path, search] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').map(decode).filter((part) => part !== '');
  return { parts, query: new URLSearchParams(search ?? '') };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// link makes the address of a view.
export function link(parts, query = {}) {
  const set = Object.entries(query).filter(([, v]) => v !== '' && v !== false && v !== null && v !== undefined);
  const search = set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
  return `#/${parts.map(encodeURIComponent).join('/')}${search}`;
}

// replaceQuery notes what a view shows in the address, without a new view.
export function replaceQuery(parts, query) {
  history.replaceState(null, '', link(parts, query));
}

// start shows the view of the address, now and whenever it changes. show gets
// the route and a signal that ends with the view.
export function start(show) {
  let current = new AbortController();
  const change = (event) => {
    if (location.hash === '#main') return; // the skip link
    current.abort();
    current = new AbortController();
    show(parse(location.hash), current.signal, event !== undefined);
  };
  window.addEventListener('hashchange', change);
  change();
}
