/** How types are called in messages. */
import type { Type } from './type.ts';

/** `uint64`, `struct x *`, `(int64,string[4])`. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? '' : 'u'}int${type.bits}`;
    case 'enum':
      return type.name;
    case 'pointer':
      return `${typeText(type.target)} *`;
    case 'string':
    case 'buffer':
      return `${type.kind}[${type.size}]`;
    case 'array':
      return `${typeText(type.element)}[${type.length}]`;
    case 'struct':
      return type.name !== ''
        ? type.name
        : anonymous(type.memberNames().map((name) => type.member(name)!.type));
    case 'tuple':
      return `(${type.elements.map(typeText).join(',')})`;
    case 'record':
      return `record { ${type.fields.map((field) => `.${field.name} = ${typeText(field.type)}`).join(', ')} }`;
    case 'kstack':
    case 'ustack':
      return `${type.kind}_${type.mode}_${type.limit}`;
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'stats':
      return `${type.signed ? '' : 'u'}${type.kind}_t`;
    case 'count':
    case 'hist':
    case 'lhist':
    case 'tseries':
      return `${type.kind}_t`;
    case 'context':
      return 'ctx';
    default:
      return kindText(type);
  }
}

const anonymous = (types: readonly Type[]): string => `struct {${types.map(typeText).join(',')}}`;

/** What sort of type it is, where the particular one does not matter: `int`, `string`, `ksym_t`. */
export function kindText(type: Type): string {
  switch (type.kind) {
    case 'macaddr':
      return 'macaddr_t';
    case 'cgroupPath':
      return 'cgroup_path_t';
    case 'ksym':
    case 'usym':
    case 'username':
    case 'count':
    case 'hist':
    case 'lhist':
    case 'tseries':
      return `${type.kind}_t`;
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
    case 'stats':
      return `${type.signed ? '' : 'u'}${type.kind}_t`;
    case 'named':
      return { errno: 'strerror_t', signal: 'signal_t', syscall: 'syscall_t' }[type.table];
    case 'context':
      return 'ctx';
    default:
      return type.kind;
  }
}
