/**
 * The questions of rtnetlink that programs on interfaces need: interfaces by name, XDP programs, and
 * traffic control. Numbers are those of include/uapi/linux/{rtnetlink,if_link,pkt_sched,pkt_cls}.h.
 */
import { SysError } from './errors.ts';
import { littleEndian } from './layout.ts';
import { ask, attribute, attributesIn, NetlinkFlag, nested, number32, textOf, word16 } from './netlink.ts';

const RTM = {
  newLink: 16,
  getLink: 18,
  setLink: 19,
  newQdisc: 36,
  delQdisc: 37,
  getQdisc: 38,
  newFilter: 44,
  delFilter: 45,
  getFilter: 46,
} as const;

const IFLA_IFNAME = 3;
const IFLA_XDP = 43;
const XdpAttribute = {
  fd: 1,
  attached: 2,
  flags: 3,
  programId: 4,
  driver: 5,
  generic: 6,
  hardware: 7,
  expected: 8,
} as const;

/** XDP_FLAGS_*: how a program is attached to an interface. */
export const XdpFlag = { ifNone: 1, generic: 2, native: 4, hardware: 8, replace: 16 } as const;

/** `struct ifinfomsg`. */
function linkMessage(ifindex: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setInt32(4, ifindex, littleEndian);
  return bytes;
}

/** An interface as far as programs are concerned. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  readonly xdp: XdpPrograms;
}

/** Ids of the XDP programs of an interface, by how they run. */
export interface XdpPrograms {
  readonly native?: number;
  readonly generic?: number;
  readonly hardware?: number;
}

/** An interface by name or number, or undefined if there is none in this network namespace. Throws SysError. */
export function findInterface(which: string | number): Interface | undefined {
  const byName = typeof which === 'string';
  try {
    const [answer] = ask({
      name: 'RTM_GETLINK',
      type: RTM.getLink,
      parts: [linkMessage(byName ? 0 : which), ...(byName ? [attribute(IFLA_IFNAME, which)] : [])],
      subject: `interface ${which}`,
    });
    return answer === undefined ? undefined : interfaceOf(answer.body);
  } catch (error) {
    // ERANGE: a name longer than any can be.
    if (error instanceof SysError && /^(ENODEV|ERANGE|EINVAL)$/.test(error.code)) return undefined;
    throw error;
  }
}

/** All interfaces of this network namespace. Throws SysError. */
export function listInterfaces(): Interface[] {
  const parts = [linkMessage(0)];
  const answers = ask({ name: 'RTM_GETLINK', type: RTM.getLink, flags: NetlinkFlag.dump, parts });
  return answers.filter(({ type }) => type === RTM.newLink).map(({ body }) => interfaceOf(body));
}

function interfaceOf(body: Uint8Array): Interface {
  const index = new DataView(body.buffer, body.byteOffset).getInt32(4, littleEndian);
  const attributes = attributesIn(body.subarray(16));
  return { index, name: textOf(attributes.get(IFLA_IFNAME)) ?? '', xdp: xdpOf(attributes.get(IFLA_XDP)) };
}

/** IFLA_XDP_ATTACHED: 0 none, 1 native, 2 generic, 3 hardware, 4 several, each with its id then. */
function xdpOf(bytes: Uint8Array | undefined): XdpPrograms {
  if (bytes === undefined) return {};
  const attributes = attributesIn(bytes);
  const attached = attributes.get(XdpAttribute.attached)?.[0] ?? 0;
  const id = (type: number): number | undefined => number32(attributes.get(type));
  const only = id(XdpAttribute.programId);
  const native = id(XdpAttribute.driver) ?? (attached === 1 ? only : undefined);
  const generic = id(XdpAttribute.generic) ?? (attached === 2 ? only : undefined);
  const hardware = id(XdpAttribute.hardware) ?? (attached === 3 ? only : undefined);
  return {
    ...(native === undefined ? {} : { native }),
    ...(generic === undefined ? {} : { generic }),
    ...(hardware === undefined ? {} : { hardware }),
  };
}

/** Puts an XDP program (`programFd`, -1 for none) on an interface. Linux 4.8. Throws SysError. */
export function setXdp(
  ifindex: number,
  programFd: number,
  options: { readonly flags?: number; readonly expectedFd?: number; readonly subject?: string } = {},
): void {
  const { flags = 0, expectedFd, subject } = options;
  ask({
    name: 'RTM_SETLINK',
    type: RTM.setLink,
    parts: [
      linkMessage(ifindex),
      nested(
        IFLA_XDP,
        attribute(XdpAttribute.fd, programFd),
        attribute(XdpAttribute.flags, flags),
        ...(expectedFd === undefined ? [] : [attribute(XdpAttribute.expected, expectedFd)]),
      ),
    ],
    ...(subject === undefined ? {} : { subject }),
  });
}

/** Parents of filters on a clsact qdisc, and the handle of the qdisc itself. */
export const TcParent = { clsact: 0xfffffff1, ingress: 0xfffffff2, egress: 0xfffffff3 } as const;
const clsactHandle = 0xffff0000;

const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TcaBpf = {
  actions: 1,
  classicLength: 4,
  classic: 5,
  fd: 6,
  name: 7,
  flags: 8,
  tag: 10,
  id: 11,
} as const;
const directAction = 1;
/** ETH_P_ALL in network order. */
const everyProtocol = littleEndian ? 0x0300 : 0x0003;

/** `struct tcmsg`. */
function tcMessage(ifindex: number, handle: number, parent: number, info = 0): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, ifindex, littleEndian);
  view.setUint32(8, handle, littleEndian);
  view.setUint32(12, parent, littleEndian);
  view.setUint32(16, info, littleEndian);
  return bytes;
}

/** Makes the clsact qdisc that filters hang on; whether it was not there before. Linux 4.5. Throws SysError. */
export function addClsact(ifindex: number, subject?: string): boolean {
  try {
    ask({
      name: 'RTM_NEWQDISC',
      type: RTM.newQdisc,
      flags: NetlinkFlag.create | NetlinkFlag.exclusive,
      parts: [tcMessage(ifindex, clsactHandle, TcParent.clsact), attribute(TCA_KIND, 'clsact')],
      ...(subject === undefined ? {} : { subject }),
    });
    return true;
  } catch (error) {
    if (error instanceof SysError && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether an interface has a clsact qdisc. Throws SysError. */
export function hasClsact(ifindex: number): boolean {
  const answers = ask({
    name: 'RTM_GETQDISC',
    type: RTM.getQdisc,
    flags: NetlinkFlag.dump,
    parts: [tcMessage(ifindex, 0, 0)],
  });
  return answers.some(({ body }) => {
    if (body.length < 20) return false;
    // Older kernels send those of all interfaces.
    if (new DataView(body.buffer, body.byteOffset).getInt32(4, littleEndian) !== ifindex) return false;
    return textOf(attributesIn(body.subarray(20)).get(TCA_KIND)) === 'clsact';
  });
}

/** Removes the clsact qdisc with all its filters. Throws SysError. */
export function removeClsact(ifindex: number): void {
  ask({
    name: 'RTM_DELQDISC',
    type: RTM.delQdisc,
    parts: [tcMessage(ifindex, clsactHandle, TcParent.clsact), attribute(TCA_KIND, 'clsact')],
  });
}

/** A filter with a program, in direct action mode: the program's answer decides about the packet. */
export interface TcFilter {
  readonly parent: number;
  readonly priority: number;
  readonly handle: number;
  readonly name: string;
  readonly programId: number;
}

/**
 * Adds a filter; 0 as priority or handle lets the kernel choose. Gives what was chosen. With `replace` a
 * filter of the same priority and handle gives way. Linux 4.4. Throws SysError.
 */
export function addFilter(
  ifindex: number,
  filter: {
    readonly parent: number;
    readonly priority: number;
    readonly handle: number;
    readonly name: string;
    readonly programFd: number;
    readonly replace?: boolean;
    readonly subject?: string;
  },
): TcFilter {
  const { parent, priority, handle, name, programFd, subject } = filter;
  const answers = ask({
    name: 'RTM_NEWTFILTER',
    type: RTM.newFilter,
    // NLM_F_ECHO: the kernel sends back the filter as it became.
    flags: 8 | NetlinkFlag.create | (filter.replace === true ? NetlinkFlag.replace : NetlinkFlag.exclusive),
    parts: [
      tcMessage(ifindex, handle, parent, ((priority << 16) | everyProtocol) >>> 0),
      attribute(TCA_KIND, 'bpf'),
      nested(
        TCA_OPTIONS,
        attribute(TcaBpf.fd, programFd),
        attribute(TcaBpf.name, name),
        attribute(TcaBpf.flags, directAction),
      ),
    ],
    ...(subject === undefined ? {} : { subject }),
  });
  const made = answers.map(({ body }) => filterOf(body)).find((one) => one !== undefined);
  return made ?? { parent, priority, handle, name, programId: 0 };
}

/** TCA_ACT_*, TCA_ACT_BPF_*. */
const TcaAct = { kind: 1, options: 2 } as const;
const TcaActBpf = { parameters: 2, fd: 5, name: 6, id: 9 } as const;
/** `struct tc_gen` and TC_ACT_OK for an action that does not decide. */
const actionParameters = new Uint8Array(20);
/** `ret -1` of classic BPF: every packet, with the class that the filter has. */
const chooseAll = Uint8Array.from([0x06, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);

/** Adds a filter that chooses every packet and has one action, a program. As `addFilter`. Throws SysError. */
export function addActionFilter(ifindex: number, filter: Parameters<typeof addFilter>[1]): TcFilter {
  const { parent, priority, handle, name, programFd, subject } = filter;
  const action = nested(
    1,
    attribute(TcaAct.kind, 'bpf'),
    nested(
      TcaAct.options,
      attribute(TcaActBpf.parameters, actionParameters),
      attribute(TcaActBpf.fd, programFd),
      attribute(TcaActBpf.name, name),
    ),
  );
  const answers = ask({
    name: 'RTM_NEWTFILTER',
    type: RTM.newFilter,
    flags: 8 | NetlinkFlag.create | (filter.replace === true ? NetlinkFlag.replace : NetlinkFlag.exclusive),
    parts: [
      tcMessage(ifindex, handle, parent, ((priority << 16) | everyProtocol) >>> 0),
      attribute(TCA_KIND, 'bpf'),
      nested(
        TCA_OPTIONS,
        nested(TcaBpf.actions, action),
        attribute(TcaBpf.classicLength, word16(1)),
        attribute(TcaBpf.classic, chooseAll),
      ),
    ],
    ...(subject === undefined ? {} : { subject }),
  });
  const made = answers.map(({ body }) => filterOf(body)).find((one) => one !== undefined);
  return made ?? { parent, priority, handle, name, programId: 0 };
}

/** Removes one filter. Throws SysError. */
export function removeFilter(
  ifindex: number,
  { parent, priority, handle }: Pick<TcFilter, 'parent' | 'priority' | 'handle'>,
  subject?: string,
): void {
  ask({
    name: 'RTM_DELTFILTER',
    type: RTM.delFilter,
    parts: [
      tcMessage(ifindex, handle, parent, ((priority << 16) | everyProtocol) >>> 0),
      attribute(TCA_KIND, 'bpf'),
    ],
    ...(subject === undefined ? {} : { subject }),
  });
}

/** The filters with programs at a parent; none where there is no clsact. Throws SysError. */
export function listFilters(ifindex: number, parent: number): TcFilter[] {
  try {
    const answers = ask({
      name: 'RTM_GETTFILTER',
      type: RTM.getFilter,
      flags: NetlinkFlag.dump,
      parts: [tcMessage(ifindex, 0, parent)],
    });
    return answers.map(({ body }) => filterOf(body)).filter((one) => one !== undefined);
  } catch (error) {
    if (error instanceof SysError && (error.code === 'EINVAL' || error.code === 'ENOENT')) return [];
    throw error;
  }
}

/** Whether a clsact holds filters of any kind. Throws SysError. */
export function hasFilters(ifindex: number): boolean {
  return [TcParent.ingress, TcParent.egress].some((parent) => {
    const parts = [tcMessage(ifindex, 0, parent)];
    return ask({ name: 'RTM_GETTFILTER', type: RTM.getFilter, flags: NetlinkFlag.dump, parts }).length > 0;
  });
}

function filterOf(body: Uint8Array): TcFilter | undefined {
  if (body.length < 20) return undefined;
  const view = new DataView(body.buffer, body.byteOffset);
  const attributes = attributesIn(body.subarray(20));
  const options = attributes.get(TCA_OPTIONS);
  if (textOf(attributes.get(TCA_KIND)) !== 'bpf' || options === undefined) return undefined;
  const inside = attributesIn(options);
  const handle = view.getUint32(8, littleEndian);
  if (handle === 0) return undefined;
  return {
    parent: view.getUint32(12, littleEndian),
    priority: view.getUint32(16, littleEndian) >>> 16,
    handle,
    name: textOf(inside.get(TcaBpf.name)) ?? '',
    programId: number32(inside.get(TcaBpf.id)) ?? actionProgram(inside.get(TcaBpf.actions)) ?? 0,
  };
}

/** The id of the program of a filter's first action. */
function actionProgram(actions: Uint8Array | undefined): number | undefined {
  const first = actions === undefined ? undefined : attributesIn(actions).get(1);
  const options = first === undefined ? undefined : attributesIn(first).get(TcaAct.options);
  return options === undefined ? undefined : number32(attributesIn(options).get(TcaActBpf.id));
}
