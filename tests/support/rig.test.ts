import test from 'ava';
import {createRig} from './rig.ts';

test('a guest reads and writes the store over its own ring', async (t) => {
  const rig = await createRig();
  const guest = await rig.createGuest();
  t.is(await rig.run(() => guest.xs.read('name')), 'guest1');
  await rig.run(() => guest.xs.write('data/hello', 'world'));
  t.is(await rig.run(() => rig.dom0.xs.read('/local/domain/1/data/hello')), 'world');
  await t.throwsAsync(() => rig.run(() => guest.xs.write('/local/domain/1/name', 'x')), {message: /EACCES/});
});

test('the same seed gives the same trace', async (t) => {
  const once = async (seed: number): Promise<string> => {
    const rig = await createRig({seed});
    const guests = [await rig.createGuest(), await rig.createGuest()];
    await rig.run(() => Promise.all(guests.map((guest, i) => guest.xs.write('data/x', String(i)))));
    return rig.trace.join('\n');
  };
  t.is(await once(5), await once(5));
});
