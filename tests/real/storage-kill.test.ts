import {spawnSync} from 'node:child_process';
import {setTimeout as sleep} from 'node:timers/promises';
import {qemuImg, qemuRead} from '../support/qemu.ts';
import {realEnv, realTest} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const MIB = 2 ** 20;
const SIZE = 64 * MIB;
const BLOCK = 4096;
const BLOCKS = SIZE / BLOCK;
/** A full period over all blocks, far from order: block number n is written n-th. */
const STRIDE = 4099;

/** Writes blocks that say which they are; tells on the console how many are on the disk after each flush. */
const writer = `export default async ({block, console}) => {
  const disk = await block.wait('xvda');
  for (let n = 0; n < ${BLOCKS}; ) {
    const writes = [];
    for (let i = 0; i < 16; i++, n++) {
      const bytes = new Uint8Array(${BLOCK});
      new DataView(bytes.buffer).setUint32(0, n + 1);
      bytes.fill((n % 255) + 1, 4);
      writes.push(disk.write(((n * ${STRIDE}) % ${BLOCKS}) * ${BLOCK}, bytes));
    }
    await Promise.all(writes);
    await disk.flush();
    console.println('flushed ' + n);
  }
};`;

/** Exit statuses of qemu-img check: no errors; leaked clusters, which QEMU leaves when it is killed, too. */
const ACCEPTED: ReadonlySet<number | null> = new Set([0, 3]);

for (const [what, option] of [
  ['qcow2', 'cluster_size=64k'],
  ['qcow2 with small clusters', 'cluster_size=4k'],
  ['qcow2 with lazy refcounts', 'lazy_refcounts=on,cluster_size=4k'],
]) {
  realTest('qemu-img', `kill -9 under write load: ${what} has all that was flushed, and is consistent`, async (t) => {
    const host = XlHost.at(t);
    const image = host.path('disk.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', '-o', option, image, String(SIZE));
    host.write('writer.mjs', writer);
    const disk = 'disk = ["format=qcow2,vdev=xvda,target=disk.qcow2"]';
    host.write('writer.cfg', ['name = "writer"', 'kernel = "./writer.mjs"', 'memory = 32', disk, ''].join('\n'));
    await host.ok('create', 'writer.cfg');
    await host.waitForConsole('writer', /^flushed \d{3,}$/m);
    await sleep(300);
    await host.kill();
    const flushed = Number([...host.consoleText('writer').matchAll(/^flushed (\d+)$/gm)].at(-1)?.[1]);
    t.true(flushed >= 100);
    if (option.includes('lazy')) qemuImg('check', '-q', '-r', 'all', image);
    const check = spawnSync('qemu-img', ['check', image], {env: realEnv, encoding: 'utf8'});
    t.true(ACCEPTED.has(check.status), check.stdout);
    const bytes = qemuRead(image, 'qcow2');
    for (let n = 0; n < flushed; n++) {
      const at = ((n * STRIDE) % BLOCKS) * BLOCK;
      if (bytes.readUInt32BE(at) !== n + 1 || bytes[at + BLOCK - 1] !== (n % 255) + 1) {
        t.fail(`block ${n} of ${flushed} that were flushed is not there`);
        break;
      }
    }
  });
}
