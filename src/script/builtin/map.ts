/** Maps inside the kernel: `k.started.get(k.pid)`. One table of operations for each kind of map. */
import type { Node } from 'acorn';
import type { Namespace } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import type { MapDeclaration, MapKind } from '../maps.ts';
import { messages } from '../messages.ts';
import { checkCount } from './arguments.ts';
import { histogram } from './map-histogram.ts';
import { keyed } from './map-keyed.ts';
import type { MapOperation } from './map-operation.ts';
import { queue } from './map-queue.ts';
import { ring } from './map-ring.ts';
import { rows } from './map-rows.ts';

const operations: Record<MapKind, Readonly<Record<string, MapOperation>>> = {
  hash: keyed,
  lruHash: keyed,
  perCpuHash: keyed,
  lruPerCpuHash: keyed,
  lpmTrie: keyed,
  array: keyed,
  perCpuArray: keyed,
  queue,
  stack: queue,
  stackTrace: {},
  ringbuf: ring,
  rows,
  log2Histogram: histogram,
  linearHistogram: histogram,
};

export function mapNamespace(l: Lowering, name: string, map: MapDeclaration<MapKind, unknown>): Namespace {
  const table = operations[map.kind];
  return {
    title: `the ${map.kind} "${name}"`,
    map: name,
    names: () => Object.keys(table),
    member(method: string, node: Node) {
      const operation = Object.hasOwn(table, method) ? table[method] : undefined;
      if (!operation) return l.fail(node, messages.unknownMethod(name, map.kind, method, Object.keys(table)));
      return {
        kind: 'operation',
        name: `${name}.${method}`,
        call(args, at) {
          checkCount(l, `${name}.${method}`, operation.arity(map), args, at);
          return operation.lower(l, { name, map }, args, at);
        },
      };
    },
  };
}
