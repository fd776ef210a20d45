import test from 'ava';
import {createBlockRig, pattern, tempImage} from '../support/block.ts';

test('a guest that is destroyed in the middle of its I/O leaves nothing behind in dom0', async (t) => {
  const path = tempImage(t, pattern(1048576));
  const block = await createBlockRig();
  const {rig} = block;
  const {maptrack} = rig.dom0.domain;
  const maps = maptrack.count;
  for (let round = 0; round < 10; round++) {
    const ports = rig.dom0.ops.interruptCounts().length;
    const guest = await block.replaceGuest();
    await block.attach({target: path});
    await block.settle();
    for (let i = 0; i < 200; i++) block.disk.read(i * 4096, 65536).catch(() => undefined);
    await block.settle(round * 1000);
    rig.destroy(guest);
    await block.settle();
    // Without a word in the store: the backend noticed by itself, and the domain is gone.
    t.is(rig.xen.domain(guest.domain.id), undefined);
    t.is(rig.dom0.ops.interruptCounts().length, ports);
    t.is(await block.read(`${block.backPath()}/state`), '6');
    await block.removeNodes();
    await block.settle();
    t.is(maptrack.count, maps);
  }
});
