import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnnotations } from './annotations.ts';

test('a comment before a variable is about that variable', () => {
  const { variables } = readAnnotations(`
/// @cmdarg {"default": 0, "short": "p", "long": "pid"}
/// @description target pid to trace
const volatile int target_pid = 0;
/// plain text
const volatile char names[16] = {};
`);
  assert.deepEqual(
    { ...variables.get('target_pid') },
    {
      cmdarg: { default: 0, short: 'p', long: 'pid' },
      description: 'target pid to trace',
    },
  );
  assert.deepEqual({ ...variables.get('names') }, { description: 'plain text' });
});

test('a comment before a map is found at the end of its anonymous struct', () => {
  const { variables } = readAnnotations(`
/// @sample {"interval": 1000, "type" : "log2_hist"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32); /// not about anything
} hists SEC(".maps");
`);
  assert.deepEqual({ ...variables.get('hists') }, { sample: { interval: 1000, type: 'log2_hist' } });
});

test('a comment before a function is about that function, also when a macro declares it', () => {
  const { functions } = readAnnotations(`
/// @tchook {"ifindex":1, "attach_point":"BPF_TC_INGRESS"}
/// @flag called when …
SEC("tc")
int tc_ingress(struct __sk_buff *ctx)
{
	/// inside a body
	int x = 1;
}
/// @quiet
SEC("kprobe/do_unlinkat")
int BPF_KPROBE(unlink, int dfd) { return 0; }
`);
  assert.deepEqual(
    { ...functions.get('tc_ingress') },
    {
      tchook: { ifindex: 1, attach_point: 'BPF_TC_INGRESS' },
      flag: 'called when …',
    },
  );
  assert.deepEqual({ ...functions.get('unlink') }, { quiet: true });
  assert.equal(functions.size, 2);
});

test('the comment of LICENSE is about the whole program, with block commands of several lines', () => {
  const { document, variables } = readAnnotations(`
/// @brief Trace opens
/// @details first
/// second
///
/// free text
char LICENSE[] SEC("license") = "GPL";
`);
  assert.deepEqual(
    { ...document },
    {
      brief: 'Trace opens',
      details: 'first\nsecond',
      description: 'free text',
    },
  );
  assert.equal(variables.size, 0);
});

test('block comments count, ordinary comments and separators of slashes do not', () => {
  const { variables } = readAnnotations(`
//////////// a line
// no
/* no */
int a;
/** @description yes
 *  and more
 */
int b;
`);
  assert.deepEqual([...variables.keys()], ['b']);
  assert.deepEqual({ ...variables.get('b') }, { description: 'and more' });
});

test('text that begins like JSON and is not is kept as text and reported with its line', () => {
  const { variables, problems } = readAnnotations('int z;\n/// @sample {interval: 3}\nint a;\n');
  assert.deepEqual({ ...variables.get('a') }, { sample: '{interval: 3}' });
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.line, 2);
});

test('keys named like parts of every object stay keys', () => {
  const { variables } = readAnnotations('/// @__proto__ {"x": 1}\n/// @constructor 1\nint a;\n');
  assert.deepEqual(Object.keys(variables.get('a')!), ['__proto__', 'constructor']);
});

test('a value in JSON may go over several lines, and ends where it is whole', () => {
  const { variables, problems } = readAnnotations(
    '/// @cmdarg {"long": "pid",\n///   "help": "of [the] process"}\n/// about it\nconst volatile int a = 0;\n/// @cmdarg {"long":\n/// @other 1\nconst volatile int b = 0;\n',
  );
  assert.deepEqual(
    { ...variables.get('a') },
    {
      cmdarg: { long: 'pid', help: 'of [the] process' },
      description: 'about it',
    },
  );
  assert.deepEqual({ ...variables.get('b') }, { cmdarg: '{"long":', other: 1 });
  assert.deepEqual(
    problems.map(({ line }) => line),
    [5],
  );
});

test('a comment with `<` belongs to the declaration before it', () => {
  const { variables, functions } = readAnnotations(
    'const volatile int a = 0; ///< @cmdarg {"long": "alpha"}\n/** @description of b */\nconst volatile int b = 0; /**< @value 3 */\n' +
      'int f(void *c) { return 0; } ///< of f\nint g(int a, ///< of a parameter\n int b) { return 0; }\n///< of g\nint c;\n',
  );
  assert.deepEqual({ ...variables.get('a') }, { cmdarg: { long: 'alpha' } });
  assert.deepEqual({ ...variables.get('b') }, { description: 'of b', value: 3 });
  assert.deepEqual({ ...functions.get('f') }, { description: 'of f' });
  assert.deepEqual({ ...functions.get('g') }, { description: 'of g' });
  assert.equal(variables.get('c'), undefined);
});
