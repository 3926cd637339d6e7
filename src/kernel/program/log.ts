/**
 * Reading the verifier's log.
 *
 * At level 1 the kernel writes one line an instruction it walks over (`12: (79) r1 = ...`), the state of
 * registers (`12: R1_w=ctx() R10=fp0`), source lines (`; text`), jumps (`from 9 to 11: ...`), and at
 * the end what it does not like, followed by statistics. kernel/bpf/log.c, kernel/bpf/verifier.c.
 *
 * Since 7.3 many complaints are followed by an explanation in paragraphs: `Verification failed: KIND: TITLE`, then
 * `Reason:`, `At:`, `Causal path:` and `Suggestion:`, each with indented lines. The complaint is still the line before.
 */

/** What a log says in the end. */
export interface LogVerdict {
  /** The complaint: the last line that is neither instruction, state, source nor statistics. */
  readonly complaint: string | undefined;
  /** The lines of the complaint with what belongs to it before: never empty if the log is not. */
  readonly tail: readonly string[];
  /** Slot of the instruction that was looked at last. */
  readonly slot: number | undefined;
  /** The kernel's own explanation of the complaint, where it gives one. */
  readonly explanation?: Explanation;
}

/** A sentence or more, each of one line. */
export interface Explanation {
  readonly reason: string;
  readonly suggestion: string | undefined;
}

const statistics =
  /^(?:processed \d+ insns|verification time |stack depth |insns processed|max_states_per_insn|total_states|peak_states|mark_read |[a-z_]+ \d+ (?:usec|max_))/;
const instruction = /^(\d+): \([0-9a-f]{2}\) /;
const state =
  /^(?:\d+: (?:R\d|frame\d|safe$|caller|returning|\(|$)|from \d+ to \d+|frame\d+: |;|func#\d|R\d+(?:_\w+)?=|fp-?\d+=)/;
const noise =
  /^(?:Validating |caller:|callee:|cur state:|old state:|returning from callee|to caller at|mark_precise: |last_idx |regs=|parent |propagating |BPF token|Live regs|\s*\d+: [.0-9]{10} )/;

/** Lines of a log as the kernel wrote it into a buffer, without the NUL and empty lines at the end. */
export function logLines(buffer: Uint8Array): string[] {
  const end = buffer.indexOf(0);
  const text = Buffer.from(end < 0 ? buffer : buffer.subarray(0, end)).toString('utf8');
  const lines = text.split('\n');
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}

/** What the log ends with. */
export function verdict(lines: readonly string[]): LogVerdict {
  const explained = lines.findLastIndex((line) => line.startsWith('Verification failed: '));
  if (explained < 0) return plainVerdict(lines);
  const before = plainVerdict(lines.slice(0, explained));
  const paragraphs = lines.slice(explained);
  const reason = paragraph(paragraphs, 'Reason:');
  const slot = before.slot ?? slotOf(paragraphs);
  const verdict = { ...before, slot, tail: [...before.tail, ...paragraphs] };
  if (reason === undefined) return verdict;
  return { ...verdict, explanation: { reason, suggestion: paragraph(paragraphs, 'Suggestion:') } };
}

/** The indented lines under a heading, as one. */
function paragraph(lines: readonly string[], heading: string): string | undefined {
  const start = lines.indexOf(heading) + 1;
  if (start === 0) return undefined;
  const words: string[] = [];
  for (const line of lines.slice(start)) {
    if (!line.startsWith('  ')) break;
    words.push(line.trim());
  }
  return words.length === 0 ? undefined : words.join(' ');
}

/** `insn 2` under `At:`: the walk may not have begun when the program was refused. */
function slotOf(lines: readonly string[]): number | undefined {
  const found = /^insn (\d+)$/.exec(paragraph(lines, 'At:')?.split(' | ')[0]?.trim() ?? '');
  return found === null ? undefined : Number(found[1]);
}

function plainVerdict(lines: readonly string[]): LogVerdict {
  let end = lines.length;
  while (end > 0 && (statistics.test(lines[end - 1] ?? '') || lines[end - 1]?.trim() === '')) end--;
  let slot: number | undefined;
  for (let i = end - 1; i >= 0 && slot === undefined; i--) {
    const found = instruction.exec(lines[i] ?? '');
    if (found !== null) slot = Number(found[1]);
  }
  let at = end - 1;
  while (at >= 0 && isContext(lines[at] ?? '')) at--;
  const complaint = at < 0 ? undefined : lines[at]?.trim();
  let from = Math.max(at, 0);
  // A line that leans on the one before it: a continuation, or a register without its sentence.
  while (
    from > 0 &&
    /^(?:\t|R\d|invalid bpf_context access)/.test(lines[from] ?? '') &&
    !isContext(lines[from - 1] ?? '')
  ) {
    from--;
  }
  return { complaint, tail: lines.slice(from, end), slot };
}

function isContext(line: string): boolean {
  return (
    line.trim() === '' ||
    instruction.test(line) ||
    state.test(line) ||
    noise.test(line) ||
    statistics.test(line)
  );
}
