import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PackageError } from '../errors.ts';
import { parseReference, referenceText } from './reference.ts';
import { digestOf, Registry } from './registry.ts';
import { ask, isLocal } from './transport.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function server(t: TestContext, handler: Handler): Promise<string> {
  const listening = createServer(handler);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return `127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

const withCode =
  (code: string, message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof PackageError && error.code === code && message.test(error.message);

test('references are taken apart and put together again', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  for (const text of ['r.example/a/b:1.0', `r.example:5000/a@${digest}`, `localhost/x:tag@${digest}`]) {
    assert.equal(referenceText(parseReference(text)), text);
  }
  assert.equal(parseReference('r.example/a').tag, 'latest');
});

test('what is no reference is refused with its form', () => {
  for (const text of [
    'a',
    'a/b',
    'r.example/',
    'r.example/A',
    'r.example/a:',
    'r.example/a@sha256:12',
    'r.example/../x',
  ]) {
    assert.throws(() => parseReference(text), withCode('notFound', /HOST\[:PORT\]\/NAME/), text);
  }
});

test('a manifest that has another digest than the reference says is refused', async (t) => {
  const host = await server(t, (_, response) => response.end('{"config":{},"layers":[]}'));
  const reference = parseReference(`${host}/a@sha256:${'0'.repeat(64)}`);
  await assert.rejects(
    new Registry(reference).manifest(),
    withCode('badPackage', /the manifest has digest sha256:/),
  );
});

test('a layer is checked against its digest, and is not read beyond its size', async (t) => {
  const content = Buffer.from('hello');
  let answer = content;
  const host = await server(t, (_, response) => response.end(answer));
  const registry = new Registry(parseReference(`${host}/a:1`));
  const descriptor = { mediaType: 'x', digest: digestOf(content), size: 5 };
  assert.deepEqual(await registry.blob(descriptor, 100), content);
  answer = Buffer.from('jello');
  await assert.rejects(registry.blob(descriptor, 100), withCode('badPackage', /a layer has digest/));
  answer = Buffer.alloc(100_000);
  await assert.rejects(registry.blob(descriptor, 100), withCode('limit', /larger than/));
  await assert.rejects(registry.blob({ ...descriptor, size: 101 }, 100), withCode('limit', /101 bytes/));
});

test('a registry that wants a token gets one from the place it names', async (t) => {
  const seen: string[] = [];
  const host: string = await server(t, ({ url = '', headers }, response) => {
    seen.push(`${url} ${headers.authorization ?? '-'}`);
    if (url.startsWith('/token')) {
      response.end('{"token":"secret"}');
      return;
    }
    if (headers.authorization !== 'Bearer secret') {
      response.writeHead(401, {
        'www-authenticate': `Bearer realm="http://${headers.host}/token",service="s"`,
      });
      response.end();
      return;
    }
    response.writeHead(404);
    response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}');
  });
  const registry = new Registry(parseReference(`${host}/a/b:1`), {
    credentials: { user: 'u', password: 'p' },
  });
  await assert.rejects(
    registry.manifest(),
    withCode('notFound', /answered 404 \(MANIFEST_UNKNOWN not here\)/),
  );
  assert.deepEqual(seen, [
    '/v2/a/b/manifests/1 -',
    `/token?service=s&scope=repository%3Aa%2Fb%3Apull Basic ${Buffer.from('u:p').toString('base64')}`,
    '/v2/a/b/manifests/1 Bearer secret',
  ]);
});

test('a stored password is looked up when the registry asks, and not before', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-registry-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const dockerConfig = join(folder, 'config.json');
  let open = true;
  const host = await server(t, ({ headers }, response) => {
    const { authorization = '-' } = headers;
    if (!open && authorization === '-') response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' });
    else response.writeHead(404);
    response.end(JSON.stringify({ errors: [{ code: authorization }] }));
  });
  const asked = (): Promise<unknown> =>
    new Registry(parseReference(`${host}/a`), { dockerConfig }).manifest();
  // Unreadable, and not read.
  writeFileSync(dockerConfig, 'no JSON');
  await assert.rejects(asked(), withCode('notFound', /answered 404 \(-\)/));
  open = false;
  await assert.rejects(asked(), withCode('badPackage', /config\.json: not JSON/));
  const auth = Buffer.from('u:p').toString('base64');
  writeFileSync(dockerConfig, JSON.stringify({ auths: { [host]: { auth } } }));
  await assert.rejects(asked(), withCode('notFound', new RegExp(`answered 404 \\(Basic ${auth}\\)`)));
  rmSync(dockerConfig);
  await assert.rejects(asked(), withCode('network', /wants a user and a password/));
});

test('credentials do not follow a redirect to another host', async (t) => {
  let seen: string | undefined = 'nothing asked';
  const other = await server(t, ({ headers }, response) => {
    seen = headers.authorization;
    response.end('ok');
  });
  const first = await server(t, (_, response) => {
    response.writeHead(302, { location: `http://${other}/` });
    response.end();
  });
  const answer = await ask(`http://${first}/`, { limit: 10, headers: { authorization: 'Basic x' } });
  assert.equal(Buffer.from(answer.body).toString(), 'ok');
  assert.equal(seen, undefined);
});

test('redirects to files, and round and round, are not followed', async (t) => {
  let location = 'file:///etc/passwd';
  const host = await server(t, (_, response) => {
    response.writeHead(302, { location });
    response.end();
  });
  await assert.rejects(ask(`http://${host}/`, { limit: 10 }), withCode('network', /leads to file:/));
  location = '/';
  await assert.rejects(ask(`http://${host}/`, { limit: 10 }), withCode('network', /more than 5 redirects/));
});

test('a server that never answers is given up', async (t) => {
  const host = await server(t, () => {});
  await assert.rejects(
    ask(`http://${host}/`, { limit: 10, timeout: 100 }),
    withCode('network', /no answer within/),
  );
});

test('addresses that only this machine or its network reach are known', () => {
  const local = [
    'localhost',
    '127.0.0.1',
    '[::1]',
    '169.254.169.254',
    '10.1.2.3',
    '192.168.0.1',
    '172.20.0.1',
    'fe80::1',
  ];
  for (const name of local) assert.ok(isLocal(name), name);
  for (const name of ['r.example', '8.8.8.8', '172.32.0.1', '2001:db8::1']) assert.ok(!isLocal(name), name);
});

test('what is no address is refused, whoever wrote it', async (t) => {
  await assert.rejects(ask('http://[', { limit: 10 }), withCode('network', /"http:\/\/\[" is no address/));
  assert.throws(
    () => new Registry(parseReference('r.example:99999/a')),
    withCode('network', /is no address/),
  );
  const host = await server(t, (_, response) => {
    response.writeHead(302, { location: 'http://[' });
    response.end();
  });
  await assert.rejects(ask(`http://${host}/`, { limit: 10 }), withCode('network', /is no address/));
});
