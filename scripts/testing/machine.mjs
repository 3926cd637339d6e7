/**
 * Boots a guest under QEMU's software emulation, runs one shell script in it and hands over its lines.
 *
 * Two things make this dependable. The kernel is told the clock's frequency (`tsc_early_khz`): microvm has
 * neither HPET nor PM timer, calibration against the PIT often fails under emulation, and then the boot hangs
 * before the first line. And a boot that shows no life in time is killed and tried once more.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestImage } from './image.mjs';

/** Milliseconds until the guest's first process must have spoken; 2 s on an idle machine, 4 s on a busy one. */
export const BOOT_LIMIT = 60e3;

/** Modules of a job that asks for none in particular. */
export const USUAL_MODULES = ['veth', 'dummy', 'sch_ingress', 'cls_bpf', 'act_bpf', 'hid_generic', 'uhid'];

/**
 * @typedef {object} Job
 * @property {string} script for sh, in /bpfkit
 * @property {import('./cpio.mjs').Archive} archive what the script needs, besides the base
 * @property {string[]} [modules] default USUAL_MODULES
 * @property {number} [bootLimit] milliseconds until that first sign; default BOOT_LIMIT
 * @property {number} limit milliseconds from the first sign of life until the guest is killed
 * @property {(line: string) => void} onLine each line that the script prints
 *
 * @typedef {object} Outcome
 * @property {number | null} exit the script's exit code; null when the guest ended without one
 * @property {string[]} notes what went wrong around the script, in sentences
 */

/**
 * @param {keyof typeof import('./image.mjs').GUESTS} guest
 * @param {Job} job
 * @returns {Promise<Outcome>}
 */
export async function runInGuest(guest, job) {
  const image = guestImage(guest);
  const order = withNeeded(readFileSync(join(image.folder, 'modules'), 'utf8'), job.modules ?? USUAL_MODULES);
  job.archive.file('job/modules', order.join('\n'));
  // The script's exit code goes through a file: its output goes through a pipe, so that it sees no terminal.
  job.archive.file('job/run', `sh /job/script\necho $? > /run/exit\n`);
  job.archive.file('job/script', job.script);
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-guest-'));
  try {
    const initrd = join(folder, 'initrd');
    const out = openSync(initrd, 'w');
    writeSync(out, readFileSync(join(image.folder, 'base.cpio')));
    writeSync(out, job.archive.bytes());
    closeSync(out);
    const notes = [];
    for (let attempt = 1; ; attempt++) {
      const outcome = await boot(join(image.folder, 'vmlinuz'), initrd, job);
      if (outcome.alive) return { exit: outcome.exit, notes: [...notes, ...outcome.notes] };
      notes.push(`guest ${guest}: boot ${attempt} gave no sign of life (${outcome.notes.join('; ')})`);
      if (attempt === 2) return { exit: null, notes };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The modules wanted that the image has, behind those that they need.
 * @param {string} offered lines of a module and what it needs, which comes in lines before
 * @param {readonly string[]} wanted
 */
function withNeeded(offered, wanted) {
  const names = new Set(wanted);
  // What finds the devices of the others, though they do not name it.
  if (wanted.some((name) => name.startsWith('virtio_'))) names.add('virtio_mmio');
  const lines = offered.split('\n').map((line) => line.split(' '));
  for (const [name, ...needed] of lines.toReversed()) {
    if (names.has(name)) for (const one of needed) names.add(one);
  }
  return lines.flatMap(([name]) => (names.has(name) ? [name] : []));
}

function kilohertz() {
  const megahertz = /^cpu MHz\s*:\s*([\d.]+)/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '2000';
  return Math.round(Number(megahertz) * 1000);
}

/** @param {string} kernel @param {string} initrd @param {Job} job */
function boot(kernel, initrd, job) {
  const append =
    'console=ttyS0 quiet loglevel=3 panic=-1 reboot=t pci=off tsc=reliable no_timer_check ' +
    `tsc_early_khz=${kilohertz()}`;
  const words = `-accel tcg,thread=multi -M microvm,x-option-roms=off,rtc=on -smp 2 -m 1G -nodefaults
    -no-reboot -nographic -serial stdio -kernel ${kernel} -initrd ${initrd}`.split(/\s+/);
  // It ends with this process, whatever ends that: `npm run guest -- … | head` must not leave a machine behind.
  const command = ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...words, '-append', append];
  const machine = spawn('setpriv', command, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const bootLimit = job.bootLimit ?? BOOT_LIMIT;
  return new Promise((resolve, reject) => {
    let alive = false;
    let running = false;
    /** @type {number | null} */
    let exit = null;
    let rest = Buffer.alloc(0);
    const notes = [];
    /** @type {string[]} */
    const console = [];
    let timer = setTimeout(() => stop(`nothing came within ${bootLimit / 1000} s`), bootLimit);
    const stop = (why) => {
      notes.push(why);
      machine.kill('SIGKILL');
    };
    const onLine = (line) => {
      if (line.endsWith('@@up')) {
        alive = true;
        clearTimeout(timer);
        timer = setTimeout(() => stop(`not done within ${job.limit / 1000} s`), job.limit);
      } else if (line.endsWith('@@run')) running = true;
      else if (line.startsWith('@@warning ')) notes.push(line.slice(10));
      else if (line.startsWith('@@exit ')) {
        exit = Number(line.slice(7));
        running = false;
      } else if (running) job.onLine(line);
      else if (line.trim() !== '') console.push(line);
    };
    const take = (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        onLine(rest.subarray(0, end).toString('utf8').replace(/\r$/, ''));
        rest = rest.subarray(end + 1);
      }
    };
    machine.stdout.on('data', take);
    machine.stderr.on('data', take);
    machine.on('error', (error) => {
      clearTimeout(timer);
      reject(new Error(`qemu-system-x86_64 did not start: ${error.message}`));
    });
    machine.on('close', () => {
      clearTimeout(timer);
      if (exit === null) {
        if (rest.length > 0) console.push(rest.toString('utf8'));
        notes.push(
          `the guest ended without a result${console.length > 0 ? `: ${console.slice(-12).join('\n')}` : ''}`,
        );
      }
      resolve({ alive, exit, notes });
    });
  });
}
