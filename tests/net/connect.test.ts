import test from 'ava';
import {createNetRig} from './net-rig.ts';

test('connect', async (t) => {
  const net = await createNetRig();
  const guest = await net.createGuest();
  const {frontPath, backPath} = await net.addVif(guest);
  await net.settle();
  t.log(String(net.vif(guest)));
  t.log(String(net.frontend(guest)));
  t.is(await net.read(`${frontPath}/state`), '4');
  t.is(await net.read(`${backPath}/state`), '4');
  t.is(guest.nics.length, 1);
});
