/** The files of this machine. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import type { ImportFiles } from './resolve.ts';

/** S_IWOTH: others may write. */
const othersWrite = 0o002;
/** S_ISVTX: but not to what is not theirs. */
const sticky = 0o1000;

export const machineFiles: ImportFiles = {
  read: (path) => readFileSync(path, 'utf8'),
  kindOf(path) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return 'directory';
    return found?.isFile() ? 'file' : undefined;
  },
  list: (path) => readdirSync(path),
  writableByOthers(path) {
    const { mode } = statSync(path);
    if ((mode & othersWrite) === 0) return 'no';
    return (mode & sticky) === 0 ? 'all' : 'new';
  },
  identity: (path) => realpathSync(path),
};
