import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createHost, type DomId, virtualClock} from 'pvsim';

// One guest writes three archives to a tape, the changer takes it to another drive, a second guest reads them back:
// node dist/examples/tape-backup.js
const ARCHIVES = ['bs=10k count=30', 'bs=32k count=20', 'bs=64k count=5'];

const shelf = mkdtempSync(join(tmpdir(), 'pvsim-tapes-'));
for (const label of ['MON001', 'TUE001']) writeFileSync(join(shelf, `${label}.tap`), '');

const host = await createHost({clock: virtualClock(1)});
const decoder = new TextDecoder();
host.consoles.output.subscribe(({bytes}) => process.stdout.write(decoder.decode(bytes)));

/** A guest that has the changer and its two drives, and types these commands when it may run. */
const create = (name: string, commands: readonly string[]): Promise<DomId> =>
  host.create(
    `name = "${name}"
     kernel = "builtin"
     memory = 16
     disk = ["format=raw,vdev=xvda,access=rw,target=ram:1M"]
     vscsi = ["changer:${shelf}, 0:0:0:0, drives=2, slots=4"]
     extra = "quiet run='${[...commands, 'poweroff'].join('; ')}'"`,
    {paused: true},
  );

try {
  const writer = await create('writer', [
    'dd if=/dev/random of=/dev/xvda bs=64k count=16 status=none',
    'mtx load 2 0',
    ...ARCHIVES.map((size) => `dd if=/dev/xvda of=/dev/nst0 ${size}`),
    'mt rewind',
    ...ARCHIVES.map(() => 'sha256sum /dev/nst0'),
    'mt offline',
    'mtx unload 3 0',
  ]);
  // The changer stays as it is left for as long as somebody has it.
  const reader = await create('reader', [
    'mtx status',
    'mtx load 3 1',
    ...ARCHIVES.map(() => 'sha256sum /dev/nst1'),
    'mt -f /dev/nst1 offline',
    'mtx unload 3 1',
  ]);
  for (const guest of [writer, reader]) {
    host.unpause(guest);
    await host.waitShutdown(guest);
  }
} finally {
  await host.close();
  rmSync(shelf, {recursive: true, force: true});
}
