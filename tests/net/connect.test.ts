import test from 'ava';
import type {Rig, RigDomain} from '../support/rig.ts';
import {BROADCAST, collect, createNetRig, frameOf, type NetGuest, type NetRig} from './net-rig.ts';
import {RawFrontend, startRaw} from './raw-frontend.ts';

const states = (rig: Rig): string[] =>
  rig.trace.flatMap(
    (line) => /d(\d+) xenbus_state path=(?:device|backend)\S* state=(\w+)/.exec(line)?.slice(1, 3).join(' ') ?? [],
  );

const openPorts = ({domain}: RigDomain): number => [...domain.ports.open()].length;

/** What both domains hold of each other. */
const holdings = (net: NetRig, guest: RigDomain) => ({
  maps: net.rig.dom0.domain.maptrack.count,
  dom0Ports: openPorts(net.rig.dom0),
  guestPorts: openPorts(guest),
  grants: guest.ops.grantor.count,
  pages: guest.ops.pages.freePages,
});

/** xl network-detach: both nodes in one transaction. */
const detach = (net: NetRig, backPath: string): Promise<void> =>
  net.rig.run(() =>
    net.rig.dom0.xs.transaction(async (tx) => {
      await net.rig.dom0.xs.write(`${backPath}/online`, '0', tx);
      await net.rig.dom0.xs.write(`${backPath}/state`, '5', tx);
    }),
  );

const removeNodes = (net: NetRig, ...paths: string[]): Promise<void> =>
  net.rig.run(async () => {
    for (const path of paths) await net.rig.dom0.xs.rm(path);
  });

const connected = async (): Promise<{net: NetRig; guest: NetGuest; frontPath: string; backPath: string}> => {
  const net = await createNetRig();
  const guest = await net.createGuest();
  const paths = await net.addVif(guest);
  await net.settle();
  return {net, guest, ...paths};
};

test('both ends connect as Linux does: the frontend jumps from 1 to 4, the backend follows', async (t) => {
  const {net, guest, frontPath, backPath} = await connected();
  t.deepEqual(states(net.rig), ['0 InitWait', '1 Connected', '0 Connected']);
  const published = await net.rig.run(() => guest.xs.directory(frontPath));
  t.deepEqual(published?.slice(published.indexOf('mtu') + 1), [
    'xdp-headroom',
    'multi-queue-num-queues',
    'tx-ring-ref',
    'rx-ring-ref',
    'event-channel-tx',
    'event-channel-rx',
    'request-rx-copy',
    'feature-rx-notify',
    'feature-sg',
    'feature-gso-tcpv4',
    'feature-gso-tcpv6',
    'feature-ipv6-csum-offload',
  ]);
  for (const [node, value] of [
    ['feature-rx-copy', '1'],
    ['feature-rx-flip', '0'],
    ['feature-sg', '1'],
    ['feature-no-csum-offload', undefined],
    ['feature-split-event-channels', '1'],
    ['multi-queue-max-queues', '1'],
    ['feature-gso-tcpv4', '1'],
    ['feature-gso-tcpv6', '1'],
    ['feature-ipv6-csum-offload', '1'],
    ['feature-multicast-control', '1'],
    ['feature-dynamic-multicast-control', '1'],
    ['feature-xdp-headroom', '1'],
    ['feature-ctrl-ring', '1'],
    ['carrier', undefined],
  ] as const) {
    t.is(await net.read(`${backPath}/${node}`), value, node);
  }
  const [nic] = guest.nics;
  t.is(nic.name, 'eth0');
  t.deepEqual([...nic.mac], [0, 0x16, 0x3e, 0, 0, 1]);
  t.is(nic.mtu, 1500);
  t.true(nic.carrier);
});

test('NETIF-NEG-12: the link is down while carrier is 0, and up without the node', async (t) => {
  const net = await createNetRig();
  const guest = await net.createGuest();
  const {xs} = net.rig.dom0;
  const {backPath} = await net.addVif(guest);
  await net.settle();
  const [nic] = guest.nics;
  const sends = (): boolean => nic.send(frameOf(BROADCAST, nic.mac, 60));
  let rooms = 0;
  nic.consumeRaw({receive: () => undefined, onRoom: () => rooms++});
  for (const [value, isUp] of [
    ['0', false],
    ['1', true],
    ['0', false],
    [undefined, true],
  ] as const) {
    await net.rig.run(() =>
      value === undefined ? xs.rm(`${backPath}/carrier`) : xs.write(`${backPath}/carrier`, value),
    );
    await net.settle();
    t.is(nic.carrier, isUp, `carrier ${value}`);
    t.is(sends(), isUp);
    t.is(nic.reserve() >= 0, isUp, 'nor is there room to build a frame in');
    await net.settle();
  }
  t.is(nic.stats()['txDropped'], 2);
  t.is(nic.stats()['txPackets'], 2);
  t.true(rooms >= 2, 'who waits for room hears that the link is up');
});

test('the backend waits for the hotplug script', async (t) => {
  const net = await createNetRig();
  const guest = await net.createGuest();
  const {frontPath, backPath} = await net.addVif(guest, 0, {hotplug: ''});
  await net.settle();
  t.is(await net.read(`${frontPath}/state`), '4');
  t.is(await net.read(`${backPath}/state`), '2');
  t.is(guest.nics.length, 0, 'the interface is not there yet');
  await net.rig.run(() => net.rig.dom0.xs.write(`${backPath}/hotplug-status`, 'connected'));
  await net.settle();
  t.is(await net.read(`${backPath}/state`), '4');
  t.is(guest.nics.length, 1);
});

test('a guest that goes down: 5 and 5, 6 and 6, nothing stays held', async (t) => {
  const net = await createNetRig();
  const guest = await net.createGuest();
  const before = holdings(net, guest);
  const {frontPath, backPath} = await net.addVif(guest);
  await net.settle();
  t.notDeepEqual(holdings(net, guest), before);
  await net.closeFrontend(guest);
  t.deepEqual(states(net.rig).slice(3), ['1 Closing', '0 Closing', '1 Closed', '0 Closed']);
  t.is(await net.read(`${frontPath}/state`), '6');
  t.is(await net.read(`${backPath}/state`), '6');
  t.is(await net.read(`${backPath}/hotplug-status`), 'connected', 'the device may come back');
  t.deepEqual(holdings(net, guest), before);
  t.false(guest.nics[0].carrier);
  t.false(guest.nics[0].send(frameOf(BROADCAST, guest.nics[0].mac, 60)));
  await removeNodes(net, frontPath, backPath);
  await net.settle();
  t.deepEqual(holdings(net, guest), before);
});

test('hot remove: the frontend closes, the backend writes 5, 6 and takes hotplug-status away', async (t) => {
  const {net, guest, frontPath, backPath} = await connected();
  const before = holdings(net, guest);
  let removed = false;
  await net.addVif(guest, 1);
  await net.settle();
  t.deepEqual(
    guest.nics.map(({name}) => name),
    ['eth0', 'eth1'],
  );
  guest.nics[1].removed.subscribe({complete: () => (removed = true)});
  const [front1, back1] = [frontPath, backPath].map((path) => path.replace(/0$/, '1'));
  await detach(net, back1);
  await net.settle();
  t.deepEqual(states(net.rig).slice(-3), ['1 Closed', '0 Closing', '0 Closed']);
  t.is(await net.read(`${back1}/hotplug-status`), undefined);
  t.false(removed);
  await removeNodes(net, front1, back1);
  await net.settle();
  t.true(removed);
  t.deepEqual(holdings(net, guest), before);
  t.is(net.networks.bridge('xenbr0')?.links.length, 1);
});

for (const goodbye of [true, false]) {
  test(`a driver that is loaded again connects again, with${goodbye ? '' : 'out'} a goodbye of the last one`, async (t) => {
    const {net, guest, backPath} = await connected();
    const peer = await net.connectedGuest();
    const before = holdings(net, guest);
    for (let round = 1; round <= 3; round++) {
      if (goodbye) await net.closeFrontend(guest);
      net.reload(guest);
      await net.settle(3e9);
      t.is(guest.nics.length, round + 1);
      t.is(await net.read(`${backPath}/state`), '4');
      const heard = collect(guest.nics[round]);
      peer.nics[0].send(frameOf(guest.nics[round].mac, peer.nics[0].mac, 60, round));
      await net.settle();
      t.is(heard.length, 1);
      t.deepEqual(holdings(net, guest), before);
    }
    t.is(net.networks.bridge('xenbr0')?.links.length, 2);
  });
}

test('a backend that comes back finds the frontend again', async (t) => {
  const {net, guest, backPath} = await connected();
  const before = holdings(net, guest);
  const [nic] = guest.nics;
  await net.rig.run(() => net.rig.dom0.xs.write(`${backPath}/state`, '5'));
  await net.settle();
  t.false(nic.carrier);
  t.is(await net.read(`${backPath}/state`), '6');
  await net.rig.run(() => net.vif(guest).device.switchState(2));
  await net.settle();
  t.is(await net.read(`${backPath}/state`), '4');
  t.true(nic.carrier, 'it is the same interface');
  t.is(guest.nics.length, 1);
  t.deepEqual(holdings(net, guest), before);
});

for (const left of [2, 4]) {
  test(`a backend after one that stopped in state ${left} waits for a frontend that is Closed`, async (t) => {
    const net = await createNetRig();
    const guest = await net.rig.createGuest();
    let raw: RawFrontend | undefined;
    net.backBus.stop();
    startRaw(guest, (device) => (raw = new RawFrontend(guest, device)));
    const {frontPath, backPath} = await net.addVif(guest);
    const setState = (path: string, state: number) =>
      net.rig.run(() => net.rig.dom0.xs.write(`${path}/state`, String(state)));
    await setState(frontPath, 6);
    await setState(backPath, left);
    net.backBus.start();
    await net.settle();
    t.is(await net.read(`${backPath}/state`), '2');
    // Told of it twice, as where the watch is set while the frontend writes.
    await setState(frontPath, 6);
    await net.settle();
    t.is(await net.read(`${backPath}/state`), '2');
    await net.rig.run(() => raw?.device.publish(raw.nodes) ?? Promise.resolve());
    await setState(frontPath, 4);
    await net.settle();
    t.is(await net.read(`${backPath}/state`), '4');
    await setState(frontPath, 6);
    await net.settle();
    t.is(await net.read(`${backPath}/state`), '6', 'a frontend of its own that closes is let go of');
  });
}

test('a frontend that begins anew without a goodbye is connected again', async (t) => {
  const net = await createNetRig();
  const guest = await net.rig.createGuest();
  let raw: RawFrontend | undefined;
  const bus = startRaw(guest, (device) => {
    raw = new RawFrontend(guest, device);
    raw.connect();
  });
  const {frontPath, backPath} = await net.addVif(guest);
  await net.settle();
  const before = holdings(net, guest);
  t.is(await net.read(`${backPath}/state`), '4');
  // The successor of a kernel that crashed knows nothing of the old rings.
  bus.stop();
  await net.rig.run(() => guest.xs.write(`${frontPath}/state`, '1'));
  await net.settle();
  t.is(await net.read(`${backPath}/state`), '2');
  t.is(net.rig.dom0.domain.maptrack.count, before.maps - 2);
  await net.rig.run(() => guest.xs.write(`${frontPath}/state`, '4'));
  await net.settle();
  t.is(await net.read(`${backPath}/state`), '4');
  t.deepEqual(holdings(net, guest), before);
});

test('a frontend may go from any state to any other: the backend ends where the last one leads, holding nothing more', async (t) => {
  const net = await createNetRig();
  const guest = await net.rig.createGuest();
  const before = holdings(net, guest);
  let raw: RawFrontend | undefined;
  startRaw(guest, (device) => (raw = new RawFrontend(guest, device)));
  const {frontPath, backPath} = await net.addVif(guest);
  await net.settle();
  await net.rig.run(() => raw?.device.publish(raw.nodes) ?? Promise.resolve());
  const walk = [4, 5, 4, 6, 4, 1, 4, 6, 1, 5, 1, 6, 5, 4, 3, 4, 6, 6, 1, 4];
  for (const state of walk) {
    await net.rig.run(() => guest.xs.write(`${frontPath}/state`, String(state)));
    await net.settle();
    const backend = await net.read(`${backPath}/state`);
    t.is(
      net.rig.dom0.domain.maptrack.count - before.maps,
      backend === '4' ? 2 : 0,
      `maps when the backend is in ${backend}`,
    );
    if (state === 1 || state === 6) t.is(backend, state === 1 ? '2' : '6', `after ${state}`);
  }
  t.is(await net.read(`${backPath}/state`), '4');
});

const refusals: {what: string; back: Record<string, string>; reason: RegExp}[] = [
  {what: 'an unknown bridge', back: {bridge: 'xenbr9'}, reason: /Could not find bridge device xenbr9/},
  {what: 'a mac that is none', back: {mac: '00:16:3e'}, reason: /parsing mac "00:16:3e"/},
];

for (const {what, back, reason} of refusals) {
  test(`the backend gives up: ${what}`, async (t) => {
    const net = await createNetRig();
    const guest = await net.createGuest();
    const mac = '00:16:3e:00:00:01';
    const {backPath} = await net.rig.addDevice({guest, type: 'vif', devid: 0, front: {mac}, back: {mac, ...back}});
    await net.settle();
    t.is(await net.read(`${backPath}/state`), '5');
    t.regex((await net.read('/local/domain/0/error/backend/vif/1/0/error')) ?? '', reason);
    t.is(guest.nics.length, 0);
  });
}

test('a full bridge refuses the vif and nothing stays held', async (t) => {
  const net = await createNetRig();
  net.networks.create('tiny', {maxPorts: 0});
  const guest = await net.createGuest();
  const before = holdings(net, guest);
  const {backPath} = await net.addVif(guest, 0, {bridge: 'tiny'});
  await net.settle();
  t.regex((await net.read('/local/domain/0/error/backend/vif/1/0/error')) ?? '', /has no port left/);
  t.not(await net.read(`${backPath}/state`), '4');
  t.deepEqual(holdings(net, guest), before);
});

test('the same seed gives the same trace, frames and all', async (t) => {
  const once = async (seed: number): Promise<string> => {
    const net = await createNetRig({seed});
    const guests = [await net.connectedGuest(), await net.connectedGuest()];
    const [a, b] = guests.map(({nics}) => nics[0]);
    for (let i = 0; i < 20; i++) {
      a.send(frameOf(b.mac, a.mac, 60 + i));
      b.send(frameOf(a.mac, b.mac, 900 + i));
    }
    await net.closeFrontend(guests[0]);
    return net.rig.trace.join('\n');
  };
  const [first, second, other] = [await once(7), await once(7), await once(8)];
  t.is(first, second);
  t.not(first, other);
});
