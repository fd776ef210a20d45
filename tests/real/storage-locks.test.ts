import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {ImageLocks} from '../../backends/storage/index.ts';
import {tempDir} from '../support/block.ts';
import {qemuImg} from '../support/qemu.ts';
import {realEnv, realTest} from '../support/real.ts';
import {refusal} from '../support/storage.ts';

for (const mode of ['-r', '-n'] as const) {
  const reads = mode === '-r';
  realTest(
    'qemu-io',
    `an image that QEMU ${reads ? 'reads can be read, and not written' : 'writes is in use'}`,
    async (t) => {
      const path = join(tempDir(t), 'disk.qcow2');
      qemuImg('create', '-q', '-f', 'qcow2', path, '1M');
      const child = spawn('qemu-io', [...(reads ? ['-r'] : []), path], {
        env: realEnv,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      t.teardown(() => child.kill('SIGKILL'));
      child.stdin.write('length\n');
      await once(child.stdout, 'data');
      const locks = new ImageLocks({acrossProcesses: true});
      t.regex(await refusal(`qcow2:${path}`, {locks}), /^busy: /);
      t.regex(await refusal(`qcow2:${path}`, {locks, readonly: true}), reads ? /^opened$/ : /^busy: /);
      child.stdin.end('quit\n');
      await once(child, 'exit');
      t.is(await refusal(`qcow2:${path}`, {locks}), 'opened');
    },
  );
}
