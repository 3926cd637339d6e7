/**
 * `__arg_ctx`: a parameter of a global function that is the program's context, whatever its C type is.
 *
 * The verifier looks at a global function by itself, so its parameters have to say what they are. Linux 6.8 reads it
 * from the tag; before, only a pointer to the struct that the program type's context is called by is one. There the
 * function is declared a second time, with such a parameter, for each type of program that calls it.
 */
import type { Btf } from '../../btf/btf.ts';
import type { BtfType, TypeId } from '../../btf/types.ts';
import { ProgramType } from '../../kernel/spec.ts';

const TAG = 'arg:ctx';

/** Names of contexts: include/linux/bpf_types.h. Types that are not here have none. */
const contexts: ReadonlyMap<ProgramType, string> = new Map([
  [ProgramType.kprobe, 'bpf_user_pt_regs_t'],
  [ProgramType.perfEvent, 'bpf_perf_event_data'],
  [ProgramType.rawTracepoint, 'bpf_raw_tracepoint_args'],
  [ProgramType.rawTracepointWritable, 'bpf_raw_tracepoint_args'],
  [ProgramType.xdp, 'xdp_md'],
  [ProgramType.skMsg, 'sk_msg_md'],
  [ProgramType.sockOps, 'bpf_sock_ops'],
  [ProgramType.cgroupSock, 'bpf_sock'],
  [ProgramType.cgroupSockAddr, 'bpf_sock_addr'],
  [ProgramType.cgroupSockopt, 'bpf_sockopt'],
  [ProgramType.cgroupSysctl, 'bpf_sysctl'],
  [ProgramType.cgroupDevice, 'bpf_cgroup_dev_ctx'],
  [ProgramType.skReuseport, 'sk_reuseport_md'],
  [ProgramType.skLookup, 'bpf_sk_lookup'],
  [ProgramType.netfilter, 'bpf_nf_ctx'],
  ...[
    ProgramType.socketFilter,
    ProgramType.schedCls,
    ProgramType.schedAct,
    ProgramType.cgroupSkb,
    ProgramType.skSkb,
    ProgramType.flowDissector,
    ProgramType.lwtIn,
    ProgramType.lwtOut,
    ProgramType.lwtXmit,
    ProgramType.lwtSeg6local,
  ].map((type): [ProgramType, string] => [type, '__sk_buff']),
]);

/** Declarations that are added to an object's types, by negative ids: -1 is the first of them. */
export class ContextArguments {
  readonly #types: Btf;
  /** Which parameters are contexts, by function. */
  readonly #tagged = new Map<TypeId, Set<number>>();
  readonly #declared = new Map<string, TypeId>();
  readonly #added: BtfType[] = [];

  constructor(types: Btf) {
    this.#types = types;
    for (let id = 1; id < types.count; id++) {
      if (types.kind(id) !== 'declTag' || types.name(id) !== TAG) continue;
      const tag = types.type(id);
      if (tag.kind !== 'declTag' || tag.component < 0) continue;
      const known = this.#tagged.get(tag.target);
      if (known === undefined) this.#tagged.set(tag.target, new Set([tag.component]));
      else known.add(tag.component);
    }
  }

  get added(): readonly BtfType[] {
    return this.#added;
  }

  /** The declaration of a function for the programs of a type: its own where nothing is to be said. */
  declarationFor(id: TypeId, program: ProgramType): TypeId {
    const tagged = this.#tagged.get(id);
    const context = contexts.get(program);
    const type = this.#types.type(id);
    if (tagged === undefined || context === undefined || type.kind !== 'function') return id;
    const key = `${id} ${context}`;
    const known = this.#declared.get(key);
    if (known !== undefined) return known;
    const prototype = this.#types.type(type.prototype);
    if (prototype.kind !== 'prototype') return id;
    const struct = this.#add({ kind: 'struct', name: context, size: 0, members: [] });
    const pointer = this.#add({ kind: 'pointer', target: struct });
    const changed = this.#add({
      ...prototype,
      parameters: prototype.parameters.map((one, i) => (tagged.has(i) ? { ...one, type: pointer } : one)),
    });
    const declaration = this.#add({ ...type, prototype: changed });
    this.#declared.set(key, declaration);
    return declaration;
  }

  #add(type: BtfType): TypeId {
    return -this.#added.push(type);
  }
}
