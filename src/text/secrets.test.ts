import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redactCommandLine, SECRET_MARK, suspectLines } from './secrets.ts';

const line = (...words: string[]): string => words.map((word) => `${word}\0`).join('');

/** What is shown of a command line, with spaces between arguments. */
function shown(...words: string[]): string {
  return (redactCommandLine(line(...words)) ?? line(...words)).replaceAll('\0', ' ').trimEnd();
}

const redacted: readonly (readonly [words: readonly string[], shown: string])[] = [
  [['app', '--password=hunter2'], 'app --password=***'],
  [['app', '--password=a b c; d'], 'app --password=***'],
  [['app', '--db-password', 'hunter2', '-v'], 'app --db-password *** -v'],
  [['app', '-passwd', 'hunter2'], 'app -passwd ***'],
  [['env', 'TOKEN=hunter2', 'GITHUB_TOKEN=hunter2', 'app'], 'env TOKEN=*** GITHUB_TOKEN=*** app'],
  [['env', 'DB_PWD=hunter2', 'PWD=/root'], 'env DB_PWD=*** PWD=/root'],
  [
    ['env', 'AWS_SECRET_ACCESS_KEY=hunter2', 'AWS_ACCESS_KEY_ID=AKIA'],
    'env AWS_SECRET_ACCESS_KEY=*** AWS_ACCESS_KEY_ID=AKIA',
  ],
  [['app', '--API-Key=hunter2', '--client_secret=hunter2'], 'app --API-Key=*** --client_secret=***'],
  [
    ['java', '-Djavax.net.ssl.keyStorePassword=hunter2', '-jar', 'x'],
    'java -Djavax.net.ssl.keyStorePassword=*** -jar x',
  ],
  [['curl', '-H', 'Authorization: Bearer hunter2', 'http://x'], 'curl -H Authorization: Bearer *** http://x'],
  [['curl', '-H', 'X-Api-Key: hunter2'], 'curl -H X-Api-Key: ***'],
  [['curl', '-u', 'bob:hunter2', 'http://x'], 'curl -u bob:*** http://x'],
  [['curl', '-ubob:hunter2', '--user=bob:hunter2'], 'curl -ubob:*** --user=bob:***'],
  [
    ['curl', '-d', '{"user":"bob","password":"hunter2","x":1}'],
    'curl -d {"user":"bob","password":"***","x":1}',
  ],
  [['curl', 'https://x/?a=1&token=hunter2&b=2'], 'curl https://x/?a=1&token=***&b=2'],
  [['git', 'clone', 'https://bob:hunter2@host/x.git'], 'git clone https://bob:***@host/x.git'],
  [['psql', 'postgres://bob:hunter2@host:5432/db'], 'psql postgres://bob:***@host:5432/db'],
  [['app', 'Server=db;Password=hunter2;Database=x'], 'app Server=db;Password=***;Database=x'],
  [
    ['sh', '-c', 'PASSWORD=hunter2 exec app --token hunter2 -v'],
    'sh -c PASSWORD=*** exec app --token *** -v',
  ],
  [['sh', '-c', "app --password 'hunter2 hunter2' -v"], "sh -c app --password '***' -v"],
  [['/usr/bin/mysql', '-uroot', '-phunter2', 'db'], '/usr/bin/mysql -uroot -p*** db'],
  [['sshpass', '-p', 'hunter2', 'ssh', 'host'], 'sshpass -p *** ssh host'],
  [['redis-cli', '-a', 'hunter2'], 'redis-cli -a ***'],
  [['worker: connect password=hunter2 to db'], 'worker: connect password=*** to db'],
];

for (const [words, expected] of redacted) {
  test(`${expected} has no secret`, () => {
    assert.equal(shown(...words), expected);
    assert.doesNotMatch(shown(...words), /hunter2/);
  });
}

const kept: readonly (readonly string[])[] = [
  ['node', 'server.js', '--port=80'],
  ['app', '--password-file=/etc/app/password', '--token-path', '/run/token'],
  ['docker', 'login', '--password-stdin', 'host'],
  ['app', '--no-password', 'db'],
  ['mysql', '-p', 'db'],
  ['cat', '/etc/passwd', '/root/secret.txt'],
  ['app', '--password', '--verbose'],
  ['app', '--password'],
  ['ssh', 'git@host', 'http://host:80/a@b'],
  ['app', 'PWD=/root', 'OLDPWD=/'],
  ['grep', 'password'],
  ['app', '--password='],
];

for (const words of kept) {
  test(`${words.join(' ')} stays as it is`, () => assert.equal(redactCommandLine(line(...words)), undefined));
}

test('arguments stay arguments, and bytes of any encoding come back', () => {
  const bytes = Buffer.from([0x61, 0xff, 0xc3, 0x28, 0, ...Buffer.from('--token=x\0'), 0x80, 0]);
  const text = redactCommandLine(bytes.toString('latin1'));
  assert.deepEqual(
    Buffer.from(text!, 'latin1'),
    Buffer.from([0x61, 0xff, 0xc3, 0x28, 0, ...Buffer.from(`--token=${SECRET_MARK}\0`), 0x80, 0]),
  );
});

test('what was redacted has nothing left to redact, and as many arguments as before', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary-ascii' }),
    fc.constantFrom('--password', 'token=', 'curl', '-u', 'a:b', '://u:p@h', '"', "'", 'secret:', ' ', '--'),
  );
  const argument = fc.array(word, { maxLength: 4 }).map((parts) => parts.join('').replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(argument, { minLength: 1, maxLength: 5 }), (list) => {
      const text = line(...list);
      const once = redactCommandLine(text) ?? text;
      assert.equal(once.split('\0').length, text.split('\0').length);
      assert.equal(redactCommandLine(once) ?? once, once);
    }),
    { numRuns: 500 },
  );
});

test('no text makes it slow: a hundred times as much takes about a hundred times as long', () => {
  const pieces = [
    'a',
    '-',
    'password',
    'token-',
    '://',
    'x:',
    'password=',
    '"',
    'secret: "',
    '--pwd ',
    '=',
    '\0',
  ];
  for (const piece of pieces) {
    const text = `app\0${piece.repeat(Math.ceil(2 ** 20 / piece.length))}`;
    const before = performance.now();
    redactCommandLine(text);
    assert.ok(
      performance.now() - before < 3000,
      `${JSON.stringify(piece)} takes ${performance.now() - before} ms`,
    );
  }
});

test('a search through many lines finds every line that alone would be changed', () => {
  const word = fc.constantFrom(
    ...['app', '-v', '--password=x', 'TOKEN=x', '--secret', 'mysql', '/usr/bin/curl', '-px', '-u', 'a:b'],
    ...['http://u', 'p@host', 'http://u:p@host', '://', '@', 'old', 'pwd', 'db-pwd=x', 'pgpass', 'file', ''],
  );
  const lines = fc.array(fc.array(word, { maxLength: 4 }), { maxLength: 8 });
  fc.assert(
    fc.property(lines, fc.boolean(), (list, ended) => {
      // A line that was cut has no NUL at its end.
      const texts = list.map((words) => words.join('\0') + (ended && words.length > 0 ? '\0' : ''));
      let all = '';
      const ends = texts.map((text) => {
        all += `${text}\0`;
        return all.length;
      });
      const found = suspectLines(all, ends);
      assert.deepEqual(
        found,
        [...new Set(found)].sort((a, b) => a - b),
      );
      for (const [i, text] of texts.entries()) {
        if (redactCommandLine(text) !== undefined) assert.ok(found.includes(i), JSON.stringify(text));
      }
    }),
  );
});
