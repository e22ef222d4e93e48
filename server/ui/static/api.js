// Calls of the HTTP API. A token, where the API asks for one, lives as long as
// the tab.
import { askToken } from './login.js';
import { parse } from './json.js';

const tokenKey = 'patchbay.token';

// Problem is an answer that is an error (RFC 9457).
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || `the server answered ${status}`);
    this.status = status;
    this.errors = document.errors ?? [];
    this.changes = document.changes ?? [];
    this.differences = document.differences ?? [];
  }
}

export function hasToken() {
  return sessionStorage.getItem(tokenKey) !== null;
}

export function forgetToken() {
  sessionStorage.removeItem(tokenKey);
}

async function send(method, path, body, signal) {
  const headers = { Accept: 'application/json' };
  const token = sessionStorage.getItem(tokenKey);
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  try {
    return await fetch(path, { method, headers, signal, body: text });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error('The server cannot be reached.', { cause: error });
  }
}

async function problemOf(response) {
  const document = await response.json().catch(() => ({}));
  return new Problem(response.status, document);
}

// request sends a request, asks for a token if one is needed, and returns the
// answer's text. A body that is a string is sent as it is.
async function request(method, path, body, signal) {
  let response = await send(method, path, body, signal);
  while (response.status === 401) {
    const token = await askToken((await problemOf(response)).message);
    sessionStorage.setItem(tokenKey, token);
    document.dispatchEvent(new Event('token'));
    response = await send(method, path, body, signal);
  }
  if (!response.ok) throw await problemOf(response);
  return response.text();
}

export async function get(path, signal) {
  return parse(await request('GET', path, undefined, signal));
}

export async function getText(path, signal) {
  return request('GET', path, undefined, signal);
}

async function change(method, path, body, signal) {
  const text = await request(method, path, body, signal);
  return text === '' ? null : parse(text);
}

export const post = (path, body, signal) => change('POST', path, body ?? {}, signal);
export const put = (path, body, signal) => change('PUT', path, body, signal);
export const remove = (path, signal) => change('DELETE', path, undefined, signal);

// query makes the query of a path from those values that are set.
export function query(values) {
  const set = Object.entries(values).filter(([, v]) => v !== '' && v !== false && v !== null && v !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

// templatePath is where a version of a template lies; none counts as 0.
export function templatePath(id, version) {
  return `/api/v1/templates/${encodeURIComponent(id)}/versions/${version ?? 0}`;
}
