import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { PackageError } from '../errors.ts';
import { dockerConfigPath, storedCredentials } from './stored-credentials.ts';

function configuration(t: TestContext, content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-credentials-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const withCode =
  (code: string, message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof PackageError && error.code === code && message.test(error.message);

test('the configuration is where docker looks for it', () => {
  assert.equal(dockerConfigPath({ DOCKER_CONFIG: '/etc/docker-of-ci' }), '/etc/docker-of-ci/config.json');
  assert.match(dockerConfigPath({ DOCKER_CONFIG: '' }), /\/\.docker\/config\.json$/);
});

test('a password is found under any of the names that docker writes for a host', (t) => {
  const path = configuration(t, {
    auths: {
      'ghcr.io': { auth: base64('ann:se:cret') },
      'https://registry.example:5000/v1/': { auth: base64('bob:b\0\0') },
      'https://index.docker.io/v1/': { username: 'carl', password: 'c' },
      'empty.example': {},
    },
  });
  assert.deepEqual(storedCredentials(path, 'ghcr.io'), { user: 'ann', password: 'se:cret' });
  assert.deepEqual(storedCredentials(path, 'registry.example:5000'), { user: 'bob', password: 'b' });
  assert.deepEqual(storedCredentials(path, 'registry-1.docker.io'), { user: 'carl', password: 'c' });
  for (const other of ['registry.example', 'io', 'a.ghcr.io', 'ghcr.io.evil.example', 'empty.example']) {
    assert.equal(storedCredentials(path, other), undefined, other);
  }
  assert.equal(storedCredentials(`${path}.missing`, 'ghcr.io'), undefined);
});

test('where only a credential helper has the password, the helper is named and what to do', (t) => {
  const path = configuration(t, {
    auths: { 'stored.example': {}, 'plain.example': { auth: base64('u:p') } },
    credHelpers: { 'cloud.example': 'gcloud' },
    credsStore: 'pass',
  });
  const helper = /docker-credential-gcloud, which is not asked\ngive it by --username and --password$/;
  assert.throws(() => storedCredentials(path, 'cloud.example'), withCode('unsupported', helper));
  assert.throws(
    () => storedCredentials(path, 'stored.example'),
    withCode('unsupported', /stored\.example is with the credential helper docker-credential-pass/),
  );
  assert.deepEqual(storedCredentials(path, 'plain.example'), { user: 'u', password: 'p' });
  // Nobody logged in there: it may be open to all.
  assert.equal(storedCredentials(path, 'other.example'), undefined);
});

test('a token of an identity provider is refused, not sent as a password', (t) => {
  const path = configuration(t, {
    auths: { 'azure.example': { auth: base64('00000000-0000-0000-0000-000000000000:'), identitytoken: 'x' } },
  });
  assert.throws(() => storedCredentials(path, 'azure.example'), withCode('unsupported', /identity token/));
});

test('a broken file is an error that does not quote it', (t) => {
  const path = configuration(t, '{"auths": {"a.example": {"auth": "c2VjcmV0"');
  assert.throws(
    () => storedCredentials(path, 'a.example'),
    (error: unknown) => {
      assert.ok(withCode('badPackage', /config\.json: not JSON$/)(error));
      return !String(error).includes('c2Vj');
    },
  );
  const colonless = configuration(t, { auths: { 'a.example': { auth: base64('nocolon') } } });
  assert.throws(
    () => storedCredentials(colonless, 'a.example'),
    withCode('badPackage', /not base64 of USER:PASSWORD/),
  );
});

test('whatever the file holds, the answer is a password, nothing, or an error of packages', (t) => {
  const folder = configuration(t, '');
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (entry, helpers, store) => {
      writeFileSync(
        folder,
        JSON.stringify({ auths: { 'a.example': entry }, credHelpers: helpers, credsStore: store }),
      );
      try {
        const found = storedCredentials(folder, 'a.example');
        assert.ok(
          found === undefined || (typeof found.user === 'string' && typeof found.password === 'string'),
        );
      } catch (error) {
        assert.ok(error instanceof PackageError, String(error));
      }
    }),
    { numRuns: 200 },
  );
});
