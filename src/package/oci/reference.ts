/** Names of packages in registries: `registry.example:5000/team/opensnoop:1.2@sha256:…` (OCI distribution spec, "pull"). */
import { PackageError } from '../errors.ts';

export interface Reference {
  /** With its port. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:` and 64 hexadecimal digits: what is pulled must have it. */
  readonly digest: string | undefined;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repository = new RegExp(`^${component}(?:/${component})*$`);
const host = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?$/;

/** Throws PackageError `notFound` for what is no reference; a registry must be named, there is no default. */
export function parseReference(text: string): Reference {
  const wrong = (problem: string): PackageError =>
    new PackageError(
      'notFound',
      `"${text.slice(0, 200)}" is no name of a package in a registry: ${problem}`,
      {
        hint: 'it is HOST[:PORT]/NAME[:TAG][@sha256:DIGEST]',
      },
    );
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw wrong('a digest is sha256: and 64 hex digits');
  const named = at < 0 ? text : text.slice(0, at);
  const slash = named.indexOf('/');
  if (slash < 0) throw wrong('the registry is missing');
  const registry = named.slice(0, slash);
  if (!host.test(registry) || !/[.:]|^localhost$/.test(registry)) throw wrong(`"${registry}" is no host`);
  const rest = named.slice(slash + 1);
  const colon = rest.lastIndexOf(':');
  const name = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (name.length > 255 || !repository.test(name))
    throw wrong(`"${name}" is no name (lower case, digits, . _ - /)`);
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) throw wrong(`"${tag}" is no tag`);
  return { registry, repository: name, tag: tag ?? (digest ? undefined : 'latest'), digest };
}

export function referenceText({ registry, repository: name, tag, digest }: Reference): string {
  return `${registry}/${name}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}
