/**
 * Writes the "newc" archive that Linux unpacks as its first root file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Several archives one after the other are one
 * root, so the large part is written once and the small part for each run.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MODE = { file: 0o100000, directory: 0o040000, link: 0o120000, device: 0o020000 };

export class Archive {
  /** @type {Uint8Array[]} */
  #parts = [];
  #names = new Set();
  #inode = 1;

  /** @param {string} path @param {number} [mode] */
  directory(path, mode = 0o755) {
    const name = path.replace(/^\/+|\/+$/g, '');
    if (name === '' || name === '.' || this.#names.has(name)) return;
    this.directory(dirname(name));
    this.#entry(name, MODE.directory | mode, new Uint8Array(0));
  }

  /** @param {string} path @param {Uint8Array | string} content @param {number} [mode] */
  file(path, content, mode = 0o644) {
    this.#below(path, MODE.file | mode, typeof content === 'string' ? Buffer.from(content) : content);
  }

  /** @param {string} path @param {string} target */
  link(path, target) {
    this.#below(path, MODE.link | 0o777, Buffer.from(target));
  }

  /** @param {string} path @param {number} major @param {number} minor */
  device(path, major, minor) {
    this.#below(path, MODE.device | 0o600, new Uint8Array(0), major, minor);
  }

  /**
   * A file of this machine, links followed; the same path in the archive unless told otherwise.
   * @param {string} source @param {string} [path]
   */
  copy(source, path = source) {
    const real = realpathSync(source);
    this.file(path, readFileSync(real), lstatSync(real).mode & 0o777);
  }

  /**
   * A directory of this machine with everything in it that `keep` accepts.
   * @param {string} source @param {string} path @param {(path: string) => boolean} [keep]
   */
  tree(source, path, keep = () => true) {
    this.directory(path);
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const from = join(source, entry.name);
      const to = join(path, entry.name);
      if (!keep(from)) continue;
      if (entry.isDirectory()) this.tree(from, to, keep);
      else if (entry.isSymbolicLink()) this.link(to, readlinkSync(from));
      else if (entry.isFile()) this.copy(from, to);
    }
  }

  /** The archive's bytes, padded so that another archive can follow. */
  bytes() {
    this.#entry('TRAILER!!!', 0, new Uint8Array(0));
    const all = Buffer.concat(this.#parts);
    const tail = Buffer.alloc((512 - (all.length % 512)) % 512);
    return Buffer.concat([all, tail]);
  }

  #below(path, mode, content, major = 0, minor = 0) {
    const name = path.replace(/^\/+/, '');
    if (this.#names.has(name)) return;
    this.directory(dirname(name));
    this.#entry(name, mode, content, major, minor);
  }

  #entry(name, mode, content, major = 0, minor = 0) {
    this.#names.add(name);
    const fields = [this.#inode++, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length + 1, 0];
    const header = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}${name}\0`;
    this.#parts.push(Buffer.from(header), pad(header.length), content, pad(content.length));
  }
}

/** @param {number} length */
function pad(length) {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
