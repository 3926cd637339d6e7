/**
 * A client for registries of the OCI distribution specification 1.1: manifests and blobs by digest, token
 * authentication. What is pulled is checked against the digest that names it.
 */
import { createHash } from 'node:crypto';
import { badPackage, PackageError } from '../errors.ts';
import { list, optional, record, text, whole } from '../format/shape.ts';
import { type Reference, referenceText } from './reference.ts';
import { storedCredentials } from './stored-credentials.ts';
import { type Answer, ask, isLocal, urlOf } from './transport.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface RegistryOptions {
  /** Undefined: those of `dockerConfig`, else anonymous. */
  readonly credentials?: Credentials | undefined;
  /** A `config.json` with passwords that `docker login` wrote; looked into only when a registry asks. */
  readonly dockerConfig?: string | undefined;
  /** http instead of https. Default: only for registries on this machine. */
  readonly plainHttp?: boolean | undefined;
  /** Milliseconds for each request. Default 60,000. */
  readonly timeout?: number;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly digest: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const manifestLimit = 4 << 20;

export class Registry {
  readonly #reference: Reference;
  readonly #options: RegistryOptions;
  readonly #base: string;
  #authorization: string | undefined;

  constructor(reference: Reference, options: RegistryOptions = {}) {
    this.#reference = reference;
    this.#options = options;
    const { hostname } = urlOf(`http://${reference.registry}`);
    const scheme = (options.plainHttp ?? isLocal(hostname)) ? 'http' : 'https';
    this.#base = `${scheme}://${reference.registry}/v2/${reference.repository}`;
  }

  /** The manifest of the reference, its digest checked where the reference or the registry names one. */
  async manifest(): Promise<Manifest> {
    const { digest: pinned, tag } = this.#reference;
    const name = referenceText(this.#reference);
    const answer = await this.#ask(`/manifests/${pinned ?? tag}`, {
      accept: `${manifestType}, application/vnd.docker.distribution.manifest.v2+json`,
      limit: manifestLimit,
    });
    if (answer.status !== 200) throw refused(name, answer);
    const digest = digestOf(answer.body);
    const claimed = pinned ?? answer.headers.get('docker-content-digest') ?? digest;
    if (claimed !== digest) throw badPackage(name, `the manifest has digest ${digest}, wanted is ${claimed}`);
    return readManifest(answer.body, digest, name);
  }

  /** The bytes of a layer, checked against its size and digest. */
  async blob(descriptor: Descriptor, limit: number): Promise<Uint8Array> {
    const name = referenceText(this.#reference);
    const { digest, size } = descriptor;
    if (size > limit) {
      throw new PackageError('limit', `${name}: a layer of ${size} bytes is larger than ${limit}`);
    }
    const answer = await this.#ask(`/blobs/${digest}`, { limit: size });
    if (answer.status !== 200) throw refused(name, answer);
    const found = digestOf(answer.body);
    if (found !== digest) throw badPackage(name, `a layer has digest ${found}, wanted is ${digest}`);
    return answer.body;
  }

  /** Stores layers and config, then the manifest that names them. Returns the manifest's digest. */
  async push(
    config: { readonly mediaType: string; readonly content: Uint8Array },
    layers: readonly { readonly mediaType: string; readonly content: Uint8Array; readonly title: string }[],
    annotations: Readonly<Record<string, string>>,
  ): Promise<string> {
    const describe = async (mediaType: string, content: Uint8Array): Promise<Descriptor> => {
      const digest = digestOf(content);
      await this.#upload(digest, content);
      return { mediaType, digest, size: content.length };
    };
    const described = await describe(config.mediaType, config.content);
    const stored: Descriptor[] = [];
    for (const { mediaType, content, title } of layers) {
      const layer = await describe(mediaType, content);
      stored.push({ ...layer, annotations: { 'org.opencontainers.image.title': title } });
    }
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: described,
        layers: stored,
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      }),
    );
    const digest = digestOf(manifest);
    const answer = await this.#ask(`/manifests/${this.#reference.tag ?? digest}`, {
      method: 'PUT',
      body: manifest,
      type: manifestType,
      limit: manifestLimit,
    });
    if (answer.status !== 201) throw refused(referenceText(this.#reference), answer);
    return digest;
  }

  async #upload(digest: string, content: Uint8Array): Promise<void> {
    const name = referenceText(this.#reference);
    const there = await this.#ask(`/blobs/${digest}`, { method: 'HEAD', limit: 0 });
    if (there.status === 200) return;
    const begun = await this.#ask('/blobs/uploads/', { method: 'POST', limit: manifestLimit });
    const location = begun.headers.get('location');
    if (begun.status !== 202 || location === null) throw refused(name, begun);
    const target = urlOf(location, begun.url);
    if (target.origin !== new URL(this.#base).origin) {
      throw new PackageError(
        'network',
        `${name}: the registry wants the upload at another host, ${target.host}`,
      );
    }
    target.searchParams.set('digest', digest);
    const answer = await this.#ask(target.href, {
      method: 'PUT',
      body: content,
      type: 'application/octet-stream',
      limit: manifestLimit,
    });
    if (answer.status !== 201) throw refused(name, answer);
  }

  async #ask(
    path: string,
    options: {
      readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
      readonly accept?: string;
      readonly type?: string;
      readonly body?: Uint8Array;
      readonly limit: number;
    },
  ): Promise<Answer> {
    const url = path.startsWith('/') ? this.#base + path : path;
    const { method = 'GET', accept, type, body, limit } = options;
    for (let attempt = 0; ; attempt++) {
      const answer = await ask(url, {
        method,
        limit: Math.max(limit, 64 << 10),
        ...(this.#options.timeout === undefined ? {} : { timeout: this.#options.timeout }),
        ...(body === undefined ? {} : { body }),
        headers: {
          ...(accept === undefined ? {} : { accept }),
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        },
      });
      if (answer.status !== 401 || attempt > 0) return answer;
      this.#authorization = await this.#authorize(answer, method === 'GET' || method === 'HEAD');
    }
  }

  /** Answers `WWW-Authenticate`: the registry names a place that gives tokens, or wants the password itself. */
  async #authorize(refusal: Answer, readOnly: boolean): Promise<string> {
    const name = referenceText(this.#reference);
    const challenge = refusal.headers.get('www-authenticate') ?? '';
    const { dockerConfig } = this.#options;
    const credentials =
      this.#options.credentials ??
      (dockerConfig === undefined ? undefined : storedCredentials(dockerConfig, this.#reference.registry));
    const basic =
      credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
    if (/^basic/i.test(challenge)) {
      if (basic) return basic;
      throw new PackageError('network', `${name}: the registry wants a user and a password (-u, -p)`);
    }
    const parameters = new Map(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const),
    );
    const realm = parameters.get('realm');
    if (!/^bearer/i.test(challenge) || realm === undefined || !URL.canParse(realm))
      throw refused(name, refusal);
    const url = urlOf(realm);
    if (basic && url.protocol === 'http:' && this.#base.startsWith('https:')) {
      throw new PackageError(
        'network',
        `${name}: the registry wants the password to be sent to ${url.origin}, without encryption`,
      );
    }
    const service = parameters.get('service');
    if (service !== undefined) url.searchParams.set('service', service);
    const actions = readOnly ? 'pull' : 'pull,push';
    url.searchParams.set('scope', `repository:${this.#reference.repository}:${actions}`);
    const answer = await ask(url.href, {
      limit: manifestLimit,
      headers: basic ? { authorization: basic } : {},
    });
    if (answer.status !== 200) throw refused(name, answer);
    const token = record(parse(answer.body, `${name}: the token`), { what: name, path: 'token' });
    const found = token.token ?? token.access_token;
    return `Bearer ${text(found, { what: name, path: 'token' })}`;
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function parse(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw badPackage(what, `not JSON: ${(cause as Error).message}`, cause);
  }
}

function readManifest(bytes: Uint8Array, digest: string, what: string): Manifest {
  const at = (path: string): { what: string; path: string } => ({ what, path });
  const manifest = record(parse(bytes, what), at(''));
  const descriptor = (value: unknown, path: string): Descriptor => {
    const one = record(value, at(path));
    const named = text(one.digest, at(`${path}.digest`));
    if (!/^sha256:[0-9a-f]{64}$/.test(named)) throw badPackage(what, `${path}.digest is no sha256 digest`);
    return {
      mediaType: text(one.mediaType, at(`${path}.mediaType`)),
      digest: named,
      size: whole(one.size, at(`${path}.size`)),
      annotations: texts(one.annotations, what, `${path}.annotations`),
    };
  };
  return {
    digest,
    config: descriptor(manifest.config, 'config'),
    layers: list(manifest.layers, at('layers'), (layer, place) => descriptor(layer, place.path)),
    annotations: texts(manifest.annotations, what, 'annotations'),
  };
}

function texts(value: unknown, what: string, path: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null);
  const given = optional(value, (one) => record(one, { what, path })) ?? {};
  for (const [name, one] of Object.entries(given)) found[name] = text(one, { what, path: `${path}.${name}` });
  return found;
}

/** The registry's own words, where it has any. */
function refused(name: string, answer: Answer): PackageError {
  let said = '';
  try {
    const { errors } = JSON.parse(Buffer.from(answer.body).toString('utf8')) as {
      errors?: { code?: string; message?: string }[];
    };
    said = (errors ?? []).map(({ code, message }) => `${code ?? ''} ${message ?? ''}`.trim()).join('; ');
  } catch {
    // No JSON: the status has to do.
  }
  const code = answer.status === 404 ? 'notFound' : 'network';
  return new PackageError(
    code,
    `${name}: the registry answered ${answer.status}${said === '' ? '' : ` (${said})`}`,
  );
}
