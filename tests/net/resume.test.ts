import test from 'ava';
import {filter, take} from 'rxjs';
import {XenbusStateInitialising} from '../../hypervisor/abi/io/xenbus.ts';
import {collect, createNetRig, frameOf, type NetGuest, type NetRig} from './net-rig.ts';

const QUEUES = 'queues=2,hash=1';

const pairOf = async (): Promise<{net: NetRig; a: NetGuest; b: NetGuest}> => {
  const net = await createNetRig();
  const options = {front: {tuning: QUEUES}, back: {tuning: 'queues=2'}};
  return {net, a: await net.connectedGuest(options), b: await net.connectedGuest(options)};
};

const passes = async (net: NetRig, from: NetGuest, to: NetGuest): Promise<boolean> => {
  const heard = collect(to.nics[0]);
  const sent = from.nics[0].send(frameOf(to.nics[0].mac, from.nics[0].mac, 100));
  await net.settle();
  return sent && heard.length === 1;
};

test('an interface outlasts a resume: a new connection, and the same interface for programs', async (t) => {
  const {net, a, b} = await pairOf();
  const idle = a.ops.grantor.count;
  for (let i = 0; i < 3; i++) {
    for (let n = 0; n < 50; n++) a.nics[0].send(frameOf(b.nics[0].mac, a.nics[0].mac, 1000));
    net.frontend(a).resume();
    await net.settle();
    t.true(await passes(net, a, b));
    t.true(await passes(net, b, a));
  }
  t.is(a.nics.length, 1, 'announced once');
  t.is(a.ops.grantor.count, idle, 'nothing is left of the connections before');
  t.is(net.frontend(a).pagesHeld, 0);
});

test('a second resume while the backend is about to answer the first one changes nothing', async (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const net = await createNetRig({seed});
    const [a, b] = [await net.connectedGuest(), await net.connectedGuest()];
    const frontend = net.frontend(a);
    const again = frontend.device.states.pipe(filter((state) => state === XenbusStateInitialising));
    again.pipe(take(1)).subscribe(() => frontend.resume());
    frontend.resume();
    await net.settle(5e9);
    t.true(await passes(net, a, b), `seed ${seed}`);
  }
});

test('the same after an abrupt end of the backend under traffic, with frames on their way', async (t) => {
  const {net, a, b} = await pairOf();
  for (let i = 0; i < 3; i++) {
    for (let n = 0; n < 50; n++) a.nics[0].send(frameOf(b.nics[0].mac, a.nics[0].mac, 1000));
    net.backBus.stop();
    net.backBus.start();
    await net.settle(5e9);
    t.true(await passes(net, a, b));
    t.true(await passes(net, b, a));
  }
  t.is(a.nics.length, 1);
});

test('a toolstack that closes and opens a device under traffic finds it whole', async (t) => {
  const {net, a, b} = await pairOf();
  const back = `/local/domain/0/backend/vif/${a.domain.id}/0`;
  for (let n = 0; n < 50; n++) a.nics[0].send(frameOf(b.nics[0].mac, a.nics[0].mac, 1000));
  await net.closeFrontend(a);
  t.is(await net.read(`${back}/state`), '6');
  net.reload(a);
  await net.settle();
  t.is(await net.read(`${back}/state`), '4');
  const [nic] = a.nics.slice(-1);
  const heard = collect(b.nics[0]);
  t.true(nic.send(frameOf(b.nics[0].mac, nic.mac, 100)));
  await net.settle();
  t.is(heard.length, 1);
});
