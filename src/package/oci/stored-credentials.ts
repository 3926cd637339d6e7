/**
 * Passwords for registries that `docker login` wrote down: `auths` of `config.json`. What a credential helper keeps is
 * not asked for, since that runs another program; where only a helper has the password, the error names it.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PackageError } from '../errors.ts';
import { record, text } from '../format/shape.ts';
import type { Credentials } from './registry.ts';

/** `$DOCKER_CONFIG/config.json`, else the one of this user. */
export function dockerConfigPath(environment: NodeJS.ProcessEnv): string {
  const folder = environment.DOCKER_CONFIG;
  return join(folder === undefined || folder === '' ? join(homedir(), '.docker') : folder, 'config.json');
}

/**
 * What the file has for a registry (`host[:port]`); undefined if the file or an entry is missing. Throws PackageError
 * `unsupported` where a helper has it, `badPackage` for a file that is no configuration.
 */
export function storedCredentials(path: string, registry: string): Credentials | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // One that others wrote and that nobody here may read says nothing to us.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw new PackageError('badPackage', `${path}: cannot be read (${code})`, { cause });
  }
  const at = (place: string): { what: string; path: string } => ({ what: path, path: place });
  const configuration = record(parsed(content, path), at(''));
  const helper = helperOf(configuration, registry, at);
  if (helper !== undefined) {
    throw new PackageError(
      'unsupported',
      `${path}: the password for ${registry} is with the credential helper docker-credential-${helper}, which is not asked`,
      { hint: 'give it by --username and --password' },
    );
  }
  const auths = record(configuration.auths ?? {}, at('auths'));
  for (const [key, value] of Object.entries(auths)) {
    if (hostOf(key) !== hostOf(registry)) continue;
    const found = credentialsOf(value, `auths[${JSON.stringify(key)}]`, at);
    if (found) return found;
  }
  // The store of all registries that have no helper of their own, whose entries in `auths` are empty.
  const store = configuration.credsStore;
  if (store === undefined || !Object.keys(auths).some((key) => hostOf(key) === hostOf(registry)))
    return undefined;
  throw new PackageError(
    'unsupported',
    `${path}: the password for ${registry} is with the credential helper docker-credential-${text(store, at('credsStore'))}, which is not asked`,
    { hint: 'give it by --username and --password' },
  );
}

type At = (place: string) => { what: string; path: string };

function helperOf(
  configuration: Readonly<Record<string, unknown>>,
  registry: string,
  at: At,
): string | undefined {
  const helpers = record(configuration.credHelpers ?? {}, at('credHelpers'));
  for (const [key, value] of Object.entries(helpers)) {
    if (hostOf(key) === hostOf(registry)) return text(value, at(`credHelpers[${JSON.stringify(key)}]`));
  }
  return undefined;
}

/** `auth` is base64 of `USER:PASSWORD`; older files have the two by themselves. */
function credentialsOf(value: unknown, place: string, at: At): Credentials | undefined {
  const { auth, username, password, identitytoken } = record(value, at(place));
  if (auth !== undefined && auth !== '') {
    const decoded = Buffer.from(text(auth, at(`${place}.auth`)), 'base64').toString('utf8');
    // The password ends at the first zero: docker once padded it.
    const [, user, secret] = /^([^:]+):([^\0]*)/.exec(decoded) ?? [];
    if (user === undefined || secret === undefined) {
      throw new PackageError('badPackage', `${at('').what}: ${place}.auth is not base64 of USER:PASSWORD`);
    }
    if (secret !== '') return { user, password: secret };
  }
  if (typeof username === 'string' && typeof password === 'string' && password !== '') {
    return { user: username, password };
  }
  if (identitytoken === undefined || identitytoken === '') return undefined;
  throw new PackageError('unsupported', `${at('').what}: ${place} has an identity token, which is not used`, {
    hint: 'give --username and --password',
  });
}

/** Keys are hosts, or addresses as they were in version 1 of the registry's interface. */
function hostOf(key: string): string {
  const host = key
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/s, '')
    .toLowerCase();
  return /^(?:index\.|registry-1\.)?docker\.io$/.test(host) ? 'docker.io' : host;
}

function parsed(content: string, path: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // The parser's message would quote the file, which has passwords.
    throw new PackageError('badPackage', `${path}: not JSON`);
  }
}
