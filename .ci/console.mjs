// The README's first command: sits down at the console of the example guest, which it creates if it is not there yet.
import {spawnSync} from 'node:child_process';

const xl = (args, stdio) => spawnSync(process.execPath, ['dist/toolstack/xl/main.js', ...args], {stdio}).status;

const isThere = xl(['domid', 'hello'], 'ignore') === 0;
process.exitCode = xl(isThere ? ['console', 'hello'] : ['create', '-c', 'examples/hello.cfg'], 'inherit') ?? 1;
