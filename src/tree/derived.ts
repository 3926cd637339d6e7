/** Columns that are computed from others: how long a task runs, its container, its identity. */
import { findField } from './fields.ts';
import { type BytesColumn, type LongColumn, type Snapshot, ValueState } from './snapshot.ts';

/** Undefined for fields that are not computed. */
export function deriveLongs(snapshot: Snapshot, field: string): LongColumn | undefined {
  return field === 'run_time' ? runTime(snapshot) : undefined;
}

/** Undefined for fields that are not computed. */
export function deriveBytes(snapshot: Snapshot, field: string): BytesColumn | undefined {
  if (findField(field)?.source.kind !== 'derived') return undefined;
  return field === 'container' ? containers(snapshot) : identities(snapshot);
}

/** A task can be younger than the time that was noted before the walk: then it runs since no time at all. */
function runTime(snapshot: Snapshot): LongColumn {
  const { values, absent } = snapshot.longs('start_time');
  const { uptime } = snapshot.host;
  const out = new BigInt64Array(snapshot.count);
  if (uptime === undefined) return { values: out, absent: new Uint8Array(snapshot.count).fill(1) };
  for (let row = 0; row < out.length; row++) {
    const run = uptime - values[row]!;
    out[row] = run > 0n ? run : 0n;
  }
  return { values: out, absent };
}

/**
 * The container's id in the path of a cgroup, or undefined. The rule, from the last folder to the first:
 * - 64 hexadecimal digits, alone (`/docker/ID`, `/kubepods/.../ID`) or after `NAME-` and before an optional
 *   `.scope` (`docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID.scope`, `libpod-ID.scope`): the digits;
 * - `lxc.payload.NAME` or `lxc.payload/NAME` (LXC, Incus, LXD): the name.
 */
export function containerOf(path: string): string | undefined {
  const folders = path.split('/');
  for (let i = folders.length - 1; i >= 0; i--) {
    const folder = folders[i]!;
    const id = /^(?:[\w.]+-)*([0-9a-f]{64})(?:\.scope)?$/.exec(folder)?.[1];
    if (id !== undefined) return id;
    if (folder.startsWith('lxc.payload.')) return folder.slice('lxc.payload.'.length) || undefined;
    if (folder !== '' && folders[i - 1] === 'lxc.payload') return folder;
  }
  return undefined;
}

/** `latin1` keeps every byte of a path as it is. */
function containers(snapshot: Snapshot): BytesColumn {
  const known = new Map<string, Buffer | undefined>();
  return column(snapshot.count, (row) => {
    if (snapshot.state('cgroup', row) !== ValueState.whole) return undefined;
    const path = Buffer.from(snapshot.bytes('cgroup', row)).toString('latin1');
    if (!known.has(path)) {
      const id = containerOf(path);
      known.set(path, id === undefined ? undefined : Buffer.from(id, 'latin1'));
    }
    return known.get(path);
  });
}

function identities(snapshot: Snapshot): BytesColumn {
  const { values, absent } = snapshot.longs('start_time');
  const tid = snapshot.numbers('tid');
  const { bootId } = snapshot.host;
  return column(snapshot.count, (row) =>
    bootId === undefined || absent[row] === 1
      ? undefined
      : Buffer.from(`${bootId}:${tid[row]}:${values[row]}`, 'latin1'),
  );
}

function column(count: number, bytesOf: (row: number) => Uint8Array | undefined): BytesColumn {
  const start = new Uint32Array(count);
  const length = new Uint32Array(count);
  const state = new Uint8Array(count);
  const parts: Uint8Array[] = [];
  const places = new Map<Uint8Array, number>();
  let end = 0;
  for (let row = 0; row < count; row++) {
    const value = bytesOf(row);
    if (value === undefined) {
      state[row] = ValueState.absent;
      continue;
    }
    let at = places.get(value);
    if (at === undefined) {
      at = end;
      places.set(value, at);
      parts.push(value);
      end += value.length;
    }
    start[row] = at;
    length[row] = value.length;
  }
  return { data: Buffer.concat(parts), start, length, state };
}
