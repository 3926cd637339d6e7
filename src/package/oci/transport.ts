/**
 * HTTP for registries and packages behind a URL, made for strangers on the other side: sizes and times are bounded,
 * every redirect is looked at, and credentials stay with the host that they are for.
 */
import { isIP } from 'node:net';
import { PackageError } from '../errors.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

export interface AskOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Most bytes of the answer. */
  readonly limit: number;
  /** Milliseconds for all of it. Default 60,000. */
  readonly timeout?: number;
}

const mostRedirects = 5;

/** An address as a server or a user wrote it. Throws PackageError `network` for what is none. */
export function urlOf(text: string, base?: string): URL {
  if (!URL.canParse(text, base)) {
    throw new PackageError('network', `${JSON.stringify(text.slice(0, 200))} is no address`);
  }
  return new URL(text, base);
}

/** Throws PackageError `network` or `limit`. Any HTTP status is an answer. */
export async function ask(url: string, options: AskOptions): Promise<Answer> {
  const { method = 'GET', limit, timeout = 60_000 } = options;
  const signal = AbortSignal.timeout(timeout);
  let headers: Record<string, string> = { ...options.headers };
  let at = urlOf(url);
  const first = at;
  for (let hop = 0; ; hop++) {
    checkAddress(at, first);
    let answer: Response;
    try {
      answer = await fetch(at, {
        method,
        headers,
        signal,
        redirect: 'manual',
        ...(options.body === undefined ? {} : { body: options.body as Uint8Array<ArrayBuffer> }),
      });
    } catch (cause) {
      throw networkError(at, cause, timeout);
    }
    const location = answer.headers.get('location');
    if (
      answer.status >= 300 &&
      answer.status < 400 &&
      location !== null &&
      method !== 'POST' &&
      method !== 'PUT'
    ) {
      await answer.body?.cancel();
      if (hop >= mostRedirects)
        throw new PackageError('network', `${url}: more than ${mostRedirects} redirects`);
      const next = urlOf(location, at.href);
      if (next.host !== at.host) {
        const { authorization: _, ...others } = headers;
        headers = others;
      }
      at = next;
      continue;
    }
    try {
      return {
        status: answer.status,
        headers: answer.headers,
        body: await bounded(answer, at, limit),
        url: at.href,
      };
    } catch (cause) {
      if (cause instanceof PackageError) throw cause;
      throw networkError(at, cause, timeout);
    }
  }
}

/** A redirect may not leave HTTP, give up encryption, or turn to addresses that only this machine reaches. */
function checkAddress(url: URL, first: URL): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new PackageError('network', `${first.href} leads to ${url.protocol}//…, which is not followed`);
  }
  if (url.host === first.host) return;
  if (first.protocol === 'https:' && url.protocol === 'http:') {
    throw new PackageError('network', `${first.href} leads from https to ${url.href}, which is not followed`);
  }
  if (isLocal(url.hostname) && !isLocal(first.hostname)) {
    throw new PackageError(
      'network',
      `${first.href} leads to the local address ${url.hostname}, which is not followed`,
    );
  }
}

/** Loopback, link-local, private and unspecified addresses, by their text. */
export function isLocal(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  if (isIP(name) === 4)
    return /^(?:0|10|127)\.|^169\.254\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\./.test(name);
  if (isIP(name) === 6) return /^::1?$|^::ffff:|^f[cd]|^fe[89ab]/.test(name);
  return false;
}

async function bounded(answer: Response, url: URL, limit: number): Promise<Uint8Array> {
  const tooLarge = (): PackageError =>
    new PackageError('limit', `${url.href}: the answer is larger than ${limit} bytes`);
  if (Number(answer.headers.get('content-length') ?? 0) > limit) {
    await answer.body?.cancel();
    throw tooLarge();
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.length;
    if (size > limit) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function networkError(url: URL, cause: unknown, timeout: number): PackageError {
  const error = cause as Error & { cause?: Error & { code?: string } };
  if (error.name === 'TimeoutError') {
    return new PackageError('network', `${url.href}: no answer within ${timeout / 1000} seconds`, { cause });
  }
  const { cause: inner } = error;
  return new PackageError('network', `${url.href}: ${inner?.code ?? inner?.message ?? error.message}`, {
    cause,
  });
}
