/** One way to the server: JSON in, JSON out, and every failure an `ApiError` with words for the reader. */

import type { Method, PathOf } from './contract';

/** What the server refused, and why. `status` 0 means that the server could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly details: unknown = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

/** Set by the session: what to do when the server no longer knows who we are. */
let whenSignedOut: () => void = () => undefined;

export function onSignedOut(action: () => void): void {
  whenSignedOut = action;
}

/** Path below `/api/v1` with its query; empty values are left out. */
export function address(path: string, query: Query = {}): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => [name, String(value)]);
  const search = new URLSearchParams(pairs).toString();
  return `/api/v1${path}${search ? `?${search}` : ''}`;
}

async function failure(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as {
      error: { code: string; message: string; field?: string; details?: unknown };
    };
    return new ApiError(response.status, error.code, error.message, error.field, error.details);
  } catch {
    return new ApiError(response.status, 'unexpected', `HTTP ${response.status}`);
  }
}

async function send(method: string, url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { method, credentials: 'same-origin', ...init });
  } catch {
    throw new ApiError(0, 'unreachable', '');
  }
  if (response.ok) return response;
  if (response.status === 401 && !url.endsWith('/session')) whenSignedOut();
  throw await failure(response);
}

/** Asks for JSON. A path that the server does not describe for the method does not compile. */
async function request<T, M extends Method>(
  method: M,
  path: PathOf<M>,
  options: Options,
): Promise<T> {
  const init: RequestInit = { signal: options.signal };
  if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  // Whoever writes names the state that he saw, so that nobody overwrites another's change.
  if (options.version) init.headers = { ...init.headers, 'If-Match': `"${options.version}"` };
  const response = await send(method.toUpperCase(), address(path, options.query), init);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

interface Options {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  version?: string;
}

type More = Pick<Options, 'query' | 'version'>;

export const get = <T>(path: PathOf<'get'>, query?: Query, signal?: AbortSignal) =>
  request<T, 'get'>('get', path, { query, signal });
export const post = <T>(path: PathOf<'post'>, body?: unknown, more: More = {}) =>
  request<T, 'post'>('post', path, { ...more, body });
export const put = <T>(path: PathOf<'put'>, body?: unknown, more: More = {}) =>
  request<T, 'put'>('put', path, { ...more, body });
export const patch = <T>(path: PathOf<'patch'>, body: unknown) =>
  request<T, 'patch'>('patch', path, { body });
export const remove = <T = undefined>(path: PathOf<'delete'>, more: More = {}) =>
  request<T, 'delete'>('delete', path, more);

/** A text document, such as the routing configuration, and the state that it is. */
export interface TextDocument {
  text: string;
  version: string;
}

interface TextOptions {
  body?: string;
  /** The state that the writer saw. */
  version?: string;
}

export async function requestText(
  method: 'GET' | 'PUT',
  path: string,
  mediaType: string,
  { body, version }: TextOptions = {},
): Promise<TextDocument> {
  const headers: Record<string, string> = { Accept: mediaType };
  if (body !== undefined) headers['Content-Type'] = mediaType;
  if (version) headers['If-Match'] = `"${version}"`;
  const response = await send(method, address(path), { body, headers });
  const etag = response.headers.get('ETag') ?? '';
  return { text: await response.text(), version: etag.replaceAll('"', '').replace(/^W\//, '') };
}

/** Sends a text and is answered in JSON. */
export async function sendText<T>(
  method: 'POST' | 'PUT',
  path: string,
  mediaType: string,
  body: string,
): Promise<T> {
  const headers = { Accept: 'application/json', 'Content-Type': mediaType };
  return (await (await send(method, address(path), { body, headers })).json()) as T;
}

export async function upload<T>(file: File): Promise<T> {
  const response = await send('POST', address('/uploads'), {
    body: file,
    headers: {
      'Content-Type': file.type || 'application/octet-stream',
      'X-File-Name': encodeURIComponent(file.name),
    },
  });
  return (await response.json()) as T;
}

export async function headers(path: string): Promise<Headers> {
  return (await send('HEAD', address(path), {})).headers;
}

/** The name in a `Content-Disposition`. RFC 6266 §4.3: the extended form wins. */
export function fileName(disposition: string): string {
  const extended = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
  if (extended) return decodeURIComponent(extended);
  return /filename="?([^";]+)"?/i.exec(disposition)?.[1] ?? '';
}
