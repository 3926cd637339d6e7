/**
 * Packages of other Debian suites, for kernels older and newer than this machine's release has.
 *
 * The mirror is the one that this machine's own apt uses, checked with Debian's keys as always; lists and downloads
 * are kept apart below .cache/apt, so that nothing of another suite can ever be installed here.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptGet, refreshLists } from './packages.mjs';
import { root } from './paths.mjs';

/** The keys of all suites that Debian still signs; of the package debian-archive-keyring. */
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * @typedef {object} Apt
 * @property {string[]} options of apt-get and apt-cache
 * @property {() => void} refresh fetches the package lists
 */

/** This machine's own. @type {Apt} */
const MACHINE = { options: [], refresh: refreshLists };

/** @param {string | undefined} suite @returns {Apt} */
export function aptOf(suite) {
  if (suite === undefined) return MACHINE;
  const folder = join(root, '.cache/apt', suite);
  for (const part of ['lists/partial', 'archives/partial'])
    mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  const settings = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::Status': join(folder, 'status'),
    'Dir::Cache': folder,
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root', // apt's own user cannot write below a home directory
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  let fresh = false;
  return {
    options,
    refresh() {
      if (fresh) return;
      writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYS}] ${mirror()} ${suite} main\n`);
      // A suite that is gone is an error only with this; otherwise apt says so and goes on with what it had.
      aptGet([...options, '-o', 'APT::Update::Error-Mode=any', 'update']);
      fresh = true;
    },
  };
}

/** The address of Debian's main archive, as this machine's apt has it, however its sources are written. */
function mirror() {
  const format = '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)';
  const asked = spawnSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const found = /^Debian [a-z]+ main (\S+)$/m.exec(asked.stdout ?? '')?.[1];
  if (!found)
    throw new Error("this machine's apt has no mirror of Debian's main archive to ask for other suites");
  return found;
}
