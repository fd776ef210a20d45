import {readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {connectTo} from '../daemon/client.ts';
import type {HostHome} from '../daemon/home.ts';
import {ToolstackError} from '../errors.ts';
import {strerror} from '../strerror.ts';
import {runXl} from '../xl/run.ts';

/** Creates a domain from each file of a directory, in the order of their names, as xendomains does from /etc/xen/auto. */
export const autoStart = async (home: HostHome, directory: string, report: (line: string) => void): Promise<void> => {
  for (const file of configFiles(directory)) {
    const lines: string[] = [];
    const status = await runXl(['create', '-q', '-f', file], {
      cwd: directory,
      connect: async () => {
        const client = await connectTo(home);
        if (client === undefined) throw new ToolstackError('ESRCH', 'the host has gone');
        return client;
      },
      out: (text) => void lines.push(text.trimEnd()),
      complain: (text) => void lines.push(text),
    });
    report(`pvsim: ${file}: ${status === 0 ? 'started' : `not started\n${lines.join('\n')}`}`);
  }
};

/** No hidden ones, and no backups of an editor. */
const configFiles = (directory: string): string[] => {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.') && !name.endsWith('~'))
      .map((name) => join(directory, name))
      .filter((path) => statSync(path).isFile())
      .sort();
  } catch (error) {
    const reason = strerror(error as NodeJS.ErrnoException);
    throw new ToolstackError('ENOENT', `pvsim: --auto ${directory}: ${reason}`);
  }
};
