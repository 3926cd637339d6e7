/**
 * Many elements a call: BPF_MAP_*_BATCH, Linux 5.6 for hashes and arrays, later for other types.
 *
 * A hash is read bucket by bucket and the cursor is a bucket's number, so an element that stays in the
 * map all the time is read exactly once, whatever is added and deleted meanwhile. Walking key by key
 * has no such promise: when the current key is deleted the kernel begins again.
 *
 * Three answers of the kernel are not failures: ENOENT with a count (the end, and the last elements
 * are valid), ENOSPC (the next bucket holds more elements than there is room: ask with more room), and
 * ENOTSUPP or EINVAL at the first call (no such command for this type in this kernel: do without).
 */
import { constants } from 'node:os';
import { type BpfAnswer, bpfError, bpfTry } from '../../sys/bpf.ts';

const { ENOENT, ENOSPC, EINVAL, EINTR, EOPNOTSUPP } = constants.errno;
const ENOTSUPP = 524;

/** What batches need to know of a map. */
export interface BatchShape {
  readonly fd: number;
  readonly keySize: number;
  /** With all CPUs. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly subject: string;
}

/** Elements one after the other; valid until the next step. */
export interface ElementBlock {
  readonly count: number;
  readonly keys: DataView;
  readonly values: DataView;
}

/** Elements asked for at once, as long as they are not large. */
const usual = 512;
const usualBytes = 1024 * 1024;

/**
 * Reads all elements block by block, deleting them on the way with `take`. Ends with `false` when
 * the kernel has no batches for this type, before anything was yielded. Throws SysError.
 */
export function* readBlocks(
  shape: BatchShape,
  options: { readonly take?: boolean; readonly flags?: number } = {},
): Generator<ElementBlock, boolean, undefined> {
  const command = options.take === true ? 'mapLookupAndDeleteBatch' : 'mapLookupBatch';
  const fitting = Math.floor(usualBytes / (shape.keySize + shape.valueSize));
  let room = Math.max(1, Math.min(usual, shape.maxEntries, fitting));
  let keys = new Uint8Array(room * shape.keySize);
  let values = new Uint8Array(room * shape.valueSize);
  // The kernel keeps a bucket number or a whole key there.
  let from = new Uint8Array(Math.max(shape.keySize, 4));
  let to = new Uint8Array(from.length);
  let first = true;
  let idle = 0;
  for (;;) {
    const answer = bpfTry(command, {
      inBatch: first ? 0 : from,
      outBatch: to,
      keys,
      values,
      count: room,
      mapFd: shape.fd,
      elemFlags: options.flags ?? 0,
    });
    const { result } = answer;
    if (first && (result === -ENOTSUPP || result === -EINVAL || result === -EOPNOTSUPP)) return false;
    if (result === -ENOSPC && room < shape.maxEntries * 2) {
      room *= 2;
      keys = new Uint8Array(room * shape.keySize);
      values = new Uint8Array(room * shape.valueSize);
      continue;
    }
    // EINTR: other types than hashes give up after three deletes under their feet, with a valid cursor.
    if (result < 0 && result !== -ENOENT && result !== -EINTR)
      throw bpfError(command, -result, shape.subject);
    const count = countOf(answer);
    if (count > 0) {
      yield { count, keys: new DataView(keys.buffer), values: new DataView(values.buffer) };
    }
    if (result === -ENOENT) return true;
    idle = count === 0 ? idle + 1 : 0;
    if (idle > 100) throw bpfError(command, EINTR, shape.subject);
    if (count > 0) {
      [from, to] = [to, from];
      first = false;
    }
  }
}

function countOf(answer: BpfAnswer): number {
  return answer.attr.number('count');
}

/** Writes `count` elements. Gives how many went in, and minus the errno if not all did. */
export function writeBlock(
  shape: BatchShape,
  block: { readonly count: number; readonly keys: Uint8Array; readonly values: Uint8Array },
  elemFlags: number,
): { readonly done: number; readonly result: number } {
  const { count, keys, values } = block;
  const answer = bpfTry('mapUpdateBatch', { keys, values, count, mapFd: shape.fd, elemFlags });
  return outcome(answer, count);
}

/** Deletes `count` keys. Gives how many went, and minus the errno if not all did. */
export function deleteBlock(
  shape: BatchShape,
  block: { readonly count: number; readonly keys: Uint8Array },
): { readonly done: number; readonly result: number } {
  const { count, keys } = block;
  const answer = bpfTry('mapDeleteBatch', { keys, count, mapFd: shape.fd });
  return outcome(answer, count);
}

function outcome(answer: BpfAnswer, count: number): { readonly done: number; readonly result: number } {
  if (answer.result >= 0) return { done: count, result: 0 };
  // A kernel that does not know the command leaves the count as it was given.
  if (lacksBatches(answer.result)) return { done: 0, result: answer.result };
  return { done: Math.min(countOf(answer), count), result: answer.result };
}

/** Whether an errno of the first batch call says that the kernel has no such command for this type. */
export function lacksBatches(result: number): boolean {
  return result === -ENOTSUPP || result === -EINVAL || result === -EOPNOTSUPP;
}
