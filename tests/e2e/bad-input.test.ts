import {mkdirSync} from 'node:fs';
import test from 'ava';
import {XlHost} from '../support/xl.ts';

const PROGRAM_RULE = 'neither an ELF file nor a bzImage, nor a guest program (.ts, .js)';
const EXPORT_RULE = 'its default export is not a function (guest) => void | Promise<void>';

/** Lines of a configuration, after name, kernel and memory; what is on stderr, DIR being the directory; exit status. */
const configs: readonly [lines: string, stderr: string, status: number][] = [
  [
    'disk = [ "a"',
    "bad.cfg:4: config parsing error near `': syntax error, unexpected $end, expecting ']'\nFailed to parse config: Invalid argument",
    1,
  ],
  ['disk = ["bogus"]', "bad.cfg: config parsing error in disk specification: no vdev specified in `bogus'", 1],
  ['on_poweroff = 5', 'Unknown on_poweroff action "5" specified', 1],
  ['type = "bogus"', 'Invalid domain type bogus.', 1],
  ['pool = "nosuch"', 'libxl: error: Illegal pool specified: nosuch', 6],
  ['memory = 999999', 'libxl: error: memory=999999: Cannot allocate memory (64496 MiB are free)', 3],
  ['vcpus = 9999', 'libxl: error: vcpus=9999: a domain has at most 32', 3],
  ['name = "good"', 'libxl: error: Domain with name "good" already exists.', 3],
  [
    'disk = ["nosuch.img,raw,xvda,rw"]',
    'libxl: error: Disk vdev=xvda failed to stat: DIR/nosuch.img: No such file or directory',
    3,
  ],
  ['disk = ["used.img,raw,xvda,rw"]', 'libxl: error: Disk vdev=xvda DIR/used.img: in use by another disk', 3],
  ['disk = ["folder,raw,xvda,rw"]', 'libxl: error: Disk vdev=xvda DIR/folder: Not a regular file', 3],
  ['vif = ["bridge=nosuch"]', 'libxl: error: Domain N: vif-bridge: Could not find bridge device nosuch', 3],
  ['kernel = "./nosuch.ts"', 'libxl: error: kernel DIR/nosuch.ts: No such file or directory', 3],
  ['kernel = "vmlinuz"', `libxl: error: kernel DIR/vmlinuz: no loader found: ${PROGRAM_RULE}`, 3],
  ['kernel = "./named.ts"', `libxl: error: kernel DIR/named.ts: ${EXPORT_RULE}`, 3],
  ['kernel = "./five.js"', `libxl: error: kernel DIR/five.js: ${EXPORT_RULE}`, 3],
  ['kernel = "./syntax.js"', 'libxl: error: kernel DIR/syntax.js: Unexpected end of input', 3],
  ['kernel = "./throws.ts"', 'libxl: error: kernel DIR/throws.ts: at import', 3],
];

const UNKNOWN = 'is an invalid domain identifier (rc=-6)';

/** Command lines beside `xl create bad.cfg`. */
const commands: readonly [command: string, stderr: string, status: number][] = [
  ['create', 'Config file not specified and none in save file', 6],
  ['create nosuch.cfg', 'Failed to read config file: nosuch.cfg: No such file or directory', 3],
  ['create -Z good.cfg', "option `Z' not supported.", 2],
  ['frobnicate', 'command not implemented', 1],
  ['pause', "'xl pause' requires at least 1 argument.\n", 2],
  ['pause nosuch', `nosuch ${UNKNOWN}`, 1],
  ['pause 0', 'libxl: error: Domain 0:Pausing domain: Invalid argument', 1],
  ['console 0', 'xenconsole: Could not read tty from store: No such file or directory\nUnable to attach console', 1],
  ['shutdown nosuch', `nosuch ${UNKNOWN}`, 1],
  ['console nosuch', `nosuch ${UNKNOWN}`, 1],
  ['destroy 4242', 'libxl: error: Domain 4242:Non-existant domain\ndestroy failed (rc=-21)', 1],
  [
    'rename good Domain-0',
    "libxl: error: Domain 1:Domain with name \"Domain-0\" already exists.\nCan't rename domain 'good'.",
    1,
  ],
  [
    'block-attach good nosuch.img,raw,xvdb,rw',
    'libxl: error: Disk vdev=xvdb failed to stat: DIR/nosuch.img: No such file or directory\nlibxl_device_disk_add failed.',
    1,
  ],
  [
    'block-attach good used.img,raw,xvdb,rw',
    'libxl: error: Disk vdev=xvdb DIR/used.img: in use by another disk\nlibxl_device_disk_add failed.',
    1,
  ],
  [
    'block-attach good other.img,raw,xvda,rw',
    'libxl: error: Domain 1:device already exists in xenstore\nlibxl_device_disk_add failed.',
    1,
  ],
  ['block-detach good xvdz', 'Error: Device xvdz not connected.', 1],
  [
    'network-attach good bridge=nosuch',
    'libxl: error: Domain 1: vif-bridge: Could not find bridge device nosuch\nlibxl_device_nic_add failed.',
    1,
  ],
  ['network-attach good mac=zz', "Invalid parameter `mac'.", 1],
  ['network-detach good 9', 'Unknown device 9.', 1],
];

test.serial('bad input gets a clear line, the exit status of xl, and leaves nothing behind', async (t) => {
  const host = XlHost.at(t);
  mkdirSync(host.path('folder'));
  for (const name of ['used.img', 'other.img']) host.write(name, new Uint8Array(4096));
  host.write('vmlinuz', 'not a kernel');
  host.write('named.ts', 'export const main = () => {};');
  host.write('five.js', 'export default 5;');
  host.write('syntax.js', 'export default (');
  host.write('throws.ts', 'throw new Error("at import");');
  await host.create('good', 'disk = ["used.img,raw,xvda,rw"]');
  await host.waitForConsole('good', /good# $/);
  const before = {domains: await host.domains(), free: await host.freeMemory()};
  const check = async (args: readonly string[], expected: string, status: number): Promise<void> => {
    const outcome = await host.xlHere(...args);
    const stderr = outcome.stderr.replaceAll(host.dir, 'DIR').replace(/Domain \d+: vif-bridge/, 'Domain N: vif-bridge');
    t.deepEqual({stderr, status: outcome.status}, {stderr: `${expected}\n`, status}, args.join(' '));
    t.deepEqual({domains: await host.domains(), free: await host.freeMemory()}, before, 'nothing is left behind');
  };

  for (const [lines, stderr, status] of configs) {
    host.write('bad.cfg', `name = "bad"\nkernel = "builtin"\nmemory = 16\n${lines}\n`);
    await check(['create', 'bad.cfg'], `Parsing config from bad.cfg\n${stderr}`, status);
  }
  for (const [command, stderr, status] of commands) {
    await check(command.split(' '), stderr.replace('Domain 1: vif', 'Domain N: vif'), status);
  }

  // As a process of its own, it is no different.
  const outcome = await host.xl('create', 'bad.cfg');
  t.deepEqual([outcome.stdout, outcome.status], ['', 3]);
  t.regex(outcome.stderr, /^Parsing config from bad\.cfg\nlibxl: error: kernel \S+throws\.ts: at import\n$/);
  // The guest that was there is well.
  await host.type('good', 'lsblk', /^xvda +202:0 /m);
});

test.serial('a daemon that cannot start says why', async (t) => {
  const host = XlHost.at(t);
  host.write('log', 'in the way of the directory');
  const {status, stdout, stderr} = await host.xl('list');
  t.deepEqual({status, stdout}, {status: 1, stdout: ''});
  t.regex(stderr, /^pvsim: cannot use \S+: .*\n$/);
});
