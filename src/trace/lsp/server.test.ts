import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import type { LspDiagnostic } from './protocol.ts';
import { LanguageServer } from './server.ts';
import { fakeEnvironment } from './testing.ts';

interface Sent {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number };
  readonly params?: {
    readonly uri: string;
    readonly version?: number;
    readonly diagnostics: readonly LspDiagnostic[];
  };
}

function client() {
  const sent: Sent[] = [];
  const server = new LanguageServer({
    ...{ environment: fakeEnvironment, version: '0', delay: 0 },
    send: (message) => void sent.push(message as Sent),
  });
  const say = (message: object): void => server.receive(JSON.stringify(message));
  let last = 0;
  const ask = (method: string, params?: unknown): Sent => {
    say({ jsonrpc: '2.0', id: ++last, method, params });
    return sent.find(({ id }) => id === last)!;
  };
  const tell = (method: string, params?: unknown): void => say({ jsonrpc: '2.0', method, params });
  return { server, sent, ask, tell, say };
}

const uri = 'file:///x/script.bt';
const open = (text: string, version = 1) => ({
  textDocument: { uri, languageId: 'bpftrace', version, text },
});
const place = (line: number, character: number) => ({ textDocument: { uri }, position: { line, character } });

function started() {
  const one = client();
  one.ask('initialize', {});
  one.tell('initialized', {});
  return one;
}

async function published({ sent }: ReturnType<typeof client>, version: number) {
  for (let i = 0; i < 100; i++) {
    const found = sent.find(({ params }) => params?.version === version);
    if (found !== undefined) return found.params!.diagnostics;
    await setTimeout(5);
  }
  throw new Error('nothing was published');
}

test('a session begins with initialize and ends with shutdown and exit', () => {
  const { server, ask, tell } = client();
  assert.equal(ask('textDocument/hover', place(0, 0)).error?.code, -32002);
  assert.ok((ask('initialize', {}).result as { capabilities: object }).capabilities);
  assert.equal(ask('initialize', {}).error?.code, -32600);
  assert.equal(ask('shutdown').result, null);
  assert.equal(ask('textDocument/hover', place(0, 0)).error?.code, -32600);
  tell('exit');
  assert.equal(server.exitCode, 0);
});

test('exit without shutdown is a failure', () => {
  const { server, tell } = started();
  tell('exit');
  assert.equal(server.exitCode, 1);
});

test('diagnostics follow the text, in UTF-16, with related places', async () => {
  const one = started();
  one.tell('textDocument/didOpen', open('begin { print("😀"); let $x; let $x; }'));
  const [first] = await published(one, 1);
  assert.equal(first!.severity, 1);
  assert.deepEqual(first!.range, { start: { line: 0, character: 29 }, end: { line: 0, character: 35 } });
  assert.deepEqual(
    first!.relatedInformation!.map(({ location }) => location.range.start.character),
    [21],
  );
  one.tell('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [
      { range: { start: { line: 0, character: 29 }, end: { line: 0, character: 36 } }, text: '' },
    ],
  });
  assert.deepEqual(
    (await published(one, 2)).filter(({ severity }) => severity === 1),
    [],
  );
  one.tell('textDocument/didClose', { textDocument: { uri } });
  assert.deepEqual(one.sent.at(-1)!.params, { uri, diagnostics: [] });
});

test('errors of syntax hide what follows from them', async () => {
  const one = started();
  one.tell('textDocument/didOpen', open('begin { $x = ; print($x) }'));
  const found = await published(one, 1);
  assert.equal(found.length, 1);
});

test('what comes out of a macro is told where it is, with the call', async () => {
  const one = started();
  one.tell('textDocument/didOpen', open('macro f(x) { x.nope }\nbegin { print(f(curtask)) }'));
  const [first] = await published(one, 1);
  assert.equal(first!.range.start.line, 0);
  assert.deepEqual(
    first!.relatedInformation!.map(({ message, location }) => [message, location.range.start.line]),
    [['expanded from', 1]],
  );
});

test('a hint is told too', async () => {
  const one = started();
  one.tell('textDocument/didOpen', open('begin { print(curtask.tgidd) }'));
  const [first] = await published(one, 1);
  assert.match(first!.message, /tgid/);
});

test('questions are answered from the text as it is now', () => {
  const { ask, tell } = started();
  tell('textDocument/didOpen', open('begin { $x = 1 }'));
  tell('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: 'begin { $x = curtask; $x }' }],
  });
  const { contents } = ask('textDocument/hover', place(0, 23)).result as { contents: { value: string } };
  assert.match(contents.value, /task_struct/);
  const definition = ask('textDocument/definition', place(0, 23)).result;
  assert.deepEqual(definition, {
    uri,
    range: { start: { line: 0, character: 8 }, end: { line: 0, character: 10 } },
  });
});

test('formatting replaces the text, and leaves one with errors alone', () => {
  const { ask, tell } = started();
  tell('textDocument/didOpen', open('begin{print(1)}'));
  const [edit] = ask('textDocument/formatting', place(0, 0)).result as [{ newText: string; range: object }];
  assert.match(edit.newText, /^begin\n?\s*\{\n/);
  assert.deepEqual(edit.range, { start: { line: 0, character: 0 }, end: { line: 0, character: 15 } });
  tell('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: edit.newText }],
  });
  assert.deepEqual(ask('textDocument/formatting', place(0, 0)).result, []);
  tell('textDocument/didChange', {
    textDocument: { uri, version: 3 },
    contentChanges: [{ text: 'begin {' }],
  });
  assert.equal(ask('textDocument/formatting', place(0, 0)).result, null);
});

test('a probe of a completion is described when it is asked for', () => {
  const { ask } = started();
  const item = { label: 'x', data: { probe: 'tracepoint:sched:sched_switch' } };
  const { documentation } = ask('completionItem/resolve', item).result as {
    documentation: { value: string };
  };
  assert.match(documentation.value, /of_sched_sched_switch/);
  assert.deepEqual(ask('completionItem/resolve', { label: 'y' }).result, { label: 'y' });
  assert.equal(ask('completionItem/resolve', { label: 'y', data: 7 }).error?.code, -32602);
});

test('what is unknown or wrong is answered, and what is no request is passed over', () => {
  const { server, sent, ask, tell } = started();
  assert.equal(ask('workspace/symbol', {}).error?.code, -32601);
  assert.equal(ask('__proto__').error?.code, -32601);
  assert.equal(ask('textDocument/hover', { textDocument: { uri: 'file:///other' } }).error?.code, -32602);
  assert.equal(ask('textDocument/hover').error?.code, -32602);
  const before = sent.length;
  tell('$/cancelRequest', { id: 1 });
  tell('textDocument/didSave', { textDocument: { uri } });
  server.receive('{"jsonrpc":"2.0","id":99,"result":null}');
  assert.equal(sent.length, before);
  for (const text of ['', '[]', 'null', '{', '7', '[{"id":1,"method":"shutdown"}]']) {
    server.receive(text);
    assert.ok(sent.at(-1)!.error!.code <= -32600, text);
  }
});

test('a change that cannot be applied forgets the text instead of keeping another', () => {
  const { sent, ask, tell } = started();
  tell('textDocument/didOpen', open('begin { }'));
  tell('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [{ range: 5, text: '' }],
  });
  assert.equal(sent.at(-1)!.method, 'window/logMessage');
  assert.equal(ask('textDocument/hover', place(0, 0)).error?.code, -32602);
});

test('whatever a client sends, every request has one answer', () => {
  const methods = ['textDocument/hover', 'textDocument/completion', 'textDocument/definition', 'x'];
  const value = fc.jsonValue({ maxDepth: 3 });
  const { sent, say, tell } = started();
  tell('textDocument/didOpen', open('begin { $x = curtask; print($x.pid) }'));
  let id = 1000;
  fc.assert(
    fc.property(fc.constantFrom(...methods), value, value, (method, params, position) => {
      id++;
      say({ id, method, params });
      say({ id: `${id}`, method, params: { textDocument: { uri }, position } });
      assert.equal(sent.filter((one) => one.id === id || one.id === `${id}`).length, 2);
      say({ method: 'textDocument/didChange', params });
    }),
    { numRuns: 200 },
  );
});
