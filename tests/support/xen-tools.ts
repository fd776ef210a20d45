import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ToolstackError} from '../../toolstack/errors.ts';
import {PrivateApt, unpackPackageOnce} from '../../toolstack/image/apt.ts';
import {alone} from './image-lock.ts';

const PACKAGE = 'xen-utils-4.17';
const LIBRARY = 'usr/lib/xen-4.17';

/** Xen's own programs, or why there are none. */
export type XenTools = {readonly verifyStream: (file: string) => string} | {readonly missing: string};

/** Unpacks Debian's package of Xen's programs, and installs nothing. Kept where the Debian guest is. */
export const xenTools = async (): Promise<XenTools> => {
  const kept = process.env.PVSIM_TEST_DEBIAN;
  const directory = kept === undefined ? mkdtempSync(join(tmpdir(), 'pv-xen-')) : join(kept, 'xen');
  if (kept === undefined) process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
  mkdirSync(directory, {recursive: true});
  const files = join(directory, 'files');
  try {
    await alone(directory, async () => {
      const apt = new PrivateApt({
        directory: join(directory, 'apt'),
        architecture: 'amd64',
        sources: 'Debian 12 (bookworm)',
      });
      await apt.update();
      for (const file of await apt.download([PACKAGE])) await unpackPackageOnce(file, files);
    });
    return {verifyStream: (file) => verify(join(files, LIBRARY), file)};
  } catch (error) {
    if (error instanceof ToolstackError) return {missing: error.message};
    throw error;
  }
};

/** What verify-stream-v2 makes of a file of xl save. Throws when it does not take it. */
const verify = (library: string, file: string): string =>
  execFileSync('/usr/bin/python3', [join(library, 'bin/verify-stream-v2'), '-v', '--format=xl', `--in=${file}`], {
    env: {...process.env, PYTHONPATH: join(library, 'lib/python')},
    encoding: 'utf8',
  });
