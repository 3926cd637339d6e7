/** Options that the commands of packages share: where programs go, and how registries are asked. */
import type { AttachOptions } from '../../object/attach.ts';
import type { RegistryOptions } from '../../package/oci/registry.ts';
import { dockerConfigPath } from '../../package/oci/stored-credentials.ts';
import type { Format } from '../../package/open.ts';
import { type Call, UsageError } from '../command.ts';

export function attachOptions(call: Call): AttachOptions {
  const name = call.value('interface');
  const direction = call.value('direction');
  if (direction !== undefined && direction !== 'ingress' && direction !== 'egress') {
    throw new UsageError(`--direction is ingress or egress, not '${direction}'`, 'run');
  }
  const cgroup = call.value('cgroup');
  const target = call.value('target');
  const pid = call.value('pid');
  if (pid !== undefined && !/^\d{1,9}$/.test(pid))
    throw new UsageError(`--pid is a number, not '${pid}'`, 'run');
  return {
    ...(name === undefined ? {} : { interface: /^\d+$/.test(name) ? Number(name) : name }),
    ...(direction === undefined ? {} : { direction }),
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(target === undefined ? {} : { target }),
    ...(pid === undefined ? {} : { pid: Number(pid) }),
  };
}

export function packageFormat(call: Call): Format | undefined {
  const format = call.value('prog-type');
  switch (format) {
    case undefined:
    case 'json':
    case 'wasm':
    case 'object':
      return format;
    case 'jsoneunomia':
      return 'json';
    case 'wasmmodule':
      return 'wasm';
    default:
      throw new UsageError(`--prog-type is json, object or wasm, not '${format}'`, 'run');
  }
}

export function registryOptions(call: Call, environment: NodeJS.ProcessEnv): RegistryOptions {
  const user = call.value('username');
  const password = call.value('password');
  if ((user === undefined) !== (password === undefined)) {
    throw new UsageError('--username and --password go together');
  }
  return {
    ...(user === undefined || password === undefined ? {} : { credentials: { user, password } }),
    dockerConfig: dockerConfigPath(environment),
    ...(call.has('plain-http') ? { plainHttp: true } : {}),
  };
}
