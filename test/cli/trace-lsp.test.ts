/** The language server as an editor has it: the built command, its streams, and the kernel that is running. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LspClient } from '../support/lsp-client.ts';
import { projectRoot } from '../support/project.ts';

const words = [join(projectRoot, 'dist/bpfkit.cjs'), 'trace', '--lsp'];
const uri = 'file:///nowhere/script.bt';
const text = 'tracepoint:syscalls:sys_enter_openat\n{\n  $t = curtask;\n  printf("%s", str(args.\n}\n';

test('an editor has diagnostics, completion, hover and formatting, and leaves', {
  timeout: 60_000,
}, async () => {
  const client = new LspClient(process.execPath, words);
  try {
    const { result } = await client.ask('initialize', { processId: null, rootUri: null, capabilities: {} });
    assert.equal((result as { serverInfo: { name: string } }).serverInfo.name, 'bpfkit');
    client.tell('initialized');
    client.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'bpftrace', version: 1, text } });
    const { params } = await client.next(({ method }) => method === 'textDocument/publishDiagnostics');
    assert.ok((params as { diagnostics: unknown[] }).diagnostics.length > 0);

    const at = (line: number, character: number) => ({
      textDocument: { uri },
      position: { line, character },
    });
    const completion = (await client.ask('textDocument/completion', at(3, 24))).result as {
      items: { label: string }[];
    };
    assert.ok(completion.items.some(({ label }) => label === 'filename'));

    client.tell('textDocument/didChange', {
      textDocument: { uri, version: 2 },
      contentChanges: [
        {
          range: { start: { line: 3, character: 24 }, end: { line: 3, character: 24 } },
          text: 'filename));',
        },
      ],
    });
    const after = await client.next(({ method }) => method === 'textDocument/publishDiagnostics');
    assert.deepEqual((after.params as { diagnostics: unknown[] }).diagnostics, []);

    const hover = (await client.ask('textDocument/hover', at(2, 3))).result as {
      contents: { value: string };
    };
    assert.match(hover.contents.value, /\$t: struct task_struct \*/);
    const probe = (await client.ask('textDocument/hover', at(0, 5))).result as {
      contents: { value: string };
    };
    assert.match(probe.contents.value, /const char \* filename;/);
    const edits = (await client.ask('textDocument/formatting', { textDocument: { uri } })).result;
    assert.ok(Array.isArray(edits));

    assert.equal((await client.ask('shutdown')).result, null);
    client.tell('exit');
    assert.equal(await client.exited, 0);
  } finally {
    client.close();
  }
});

test('what is no message ends the server with 1, and so does an editor that goes away', {
  timeout: 60_000,
}, async () => {
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '']) {
    const client = new LspClient(process.execPath, words);
    if (bytes === '') client.hangUp();
    else client.raw(bytes);
    assert.equal(await client.exited, 1);
    client.close();
  }
});
