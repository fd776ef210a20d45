import test from 'ava';
import {inetFrame} from './inet-frame.ts';
import {BROADCAST, collect, createNetRig, frameOf, type NetGuest, type NetRig} from './net-rig.ts';
import {RawFrontend, startRaw} from './raw-frontend.ts';

const GROUP = '33:33:00:00:00:01';
const groupBytes = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
const otherGroup = Uint8Array.of(0x33, 0x33, 0, 0, 0, 2);

const backOf = ({domain}: NetGuest): string => `/local/domain/0/backend/vif/${domain.id}/0`;
const frontOf = ({domain}: NetGuest): string => `/local/domain/${domain.id}/device/vif/0`;

const write = (net: NetRig, path: string, value: string): Promise<void> =>
  net.rig.run(() => net.rig.dom0.xs.write(path, value));

test('a frontend has its frames hashed and spread, where the backend can', async (t) => {
  const net = await createNetRig();
  const from = await net.connectedGuest();
  const to = await net.connectedGuest({front: {tuning: 'queues=3,hash=1'}, back: {tuning: 'queues=3'}});
  t.truthy(await net.read(`${frontOf(to)}/ctrl-ring-ref`));
  const heard = collect(to.nics[0]);
  const grants = to.ops.grantor.count;
  const frames = Array.from({length: 60}, (_, i) =>
    inetFrame({to: to.nics[0].mac, from: from.nics[0].mac, ipv6: i % 2 === 0, payload: 20, port: 1000 + i}),
  );
  for (const frame of frames) t.true(from.nics[0].send(frame));
  await net.settle();
  t.is(heard.length, frames.length);
  t.like(to.nics[0].stats(), {rxPackets: frames.length, rxErrors: 0});
  t.true(to.ops.grantor.count <= grants, 'pages shown to the backend are taken back');
  const plain = await net.connectedGuest({front: {tuning: 'hash=1'}, back: {tuning: 'ctrl=0'}});
  t.is(await net.read(`${frontOf(plain)}/ctrl-ring-ref`), undefined);
});

test('a guest that filters hears the groups that it joined, after a reconnection, too', async (t) => {
  const net = await createNetRig();
  const from = await net.connectedGuest();
  const to = await net.connectedGuest({front: {tuning: 'multicast=1'}});
  const [source, nic] = [from.nics[0], to.nics[0]];
  const heard = collect(nic);
  const hears = async (): Promise<number[]> => {
    heard.length = 0;
    for (const address of [groupBytes, otherGroup, BROADCAST]) source.send(frameOf(address, source.mac, 60));
    await net.settle();
    return [groupBytes, otherGroup, BROADCAST].map(
      (address) => heard.filter((frame) => frame.every((byte, i) => i >= 6 || byte === address[i])).length,
    );
  };
  t.deepEqual(await hears(), [0, 0, 1]);
  nic.joinGroup(GROUP);
  await net.settle();
  t.deepEqual(await hears(), [1, 0, 1]);
  t.is(net.vif(to).stats().rxFiltered, 3);
  to.bus.instance('device/vif/0')?.resume?.();
  await net.settle();
  t.deepEqual(await hears(), [1, 0, 1]);
  nic.leaveGroup(GROUP);
  await net.settle();
  t.deepEqual(await hears(), [0, 0, 1]);
});

test('NETIF-NEG-11: both ends follow the MTU that the toolstack writes', async (t) => {
  const net = await createNetRig();
  const [from, to] = [await net.connectedGuest(), await net.connectedGuest()];
  const [source, nic] = [from.nics[0], to.nics[0]];
  const heard = collect(nic);
  const long = frameOf(nic.mac, source.mac, 4000);
  t.false(source.send(long));
  await write(net, `${frontOf(from)}/mtu`, '9000');
  await net.settle();
  t.is(source.mtu, 9000);
  t.true(source.send(long));
  await net.settle();
  t.is(heard.length, 0, 'too long for who gets it');
  await write(net, `${frontOf(to)}/mtu`, '9000');
  await net.settle();
  t.true(source.send(long));
  await net.settle();
  t.deepEqual(heard, [long]);
});

test('NETIF-NEG-12: an interface that is plugged out has no carrier, and passes nothing', async (t) => {
  const net = await createNetRig();
  const [from, to] = [await net.connectedGuest(), await net.connectedGuest()];
  const heard = collect(to.nics[0]);
  net.vif(to).setLink(false);
  await net.settle();
  t.is(await net.read(`${backOf(to)}/carrier`), '0');
  t.false(to.nics[0].carrier);
  from.nics[0].send(frameOf(BROADCAST, from.nics[0].mac, 60));
  await net.settle();
  t.is(heard.length, 0);
  net.vif(to).setLink(true);
  await net.settle();
  t.true(to.nics[0].carrier);
  from.nics[0].send(frameOf(BROADCAST, from.nics[0].mac, 60));
  await net.settle();
  t.is(heard.length, 1);
});

test('long parts of packets are mapped where the tuning says so, and arrive all the same', async (t) => {
  const net = await createNetRig();
  const from = await net.connectedGuest({mtu: 9000, back: {tuning: 'copybreak=128'}});
  const to = await net.connectedGuest({mtu: 9000});
  const [source, nic] = [from.nics[0], to.nics[0]];
  const heard = collect(nic);
  const frames = [60, 128, 129, 1514, 9000].map((length, i) => frameOf(nic.mac, source.mac, length, i));
  for (const frame of frames) t.true(source.send(frame));
  await net.settle();
  t.deepEqual(heard, frames);
  t.is(net.vif(from).stats().txMapped, 3);
  t.deepEqual(net.vif(from).ethtool(), {
    rx_gso_checksum_fixup: 0,
    tx_zerocopy_sent: 3,
    tx_zerocopy_success: 0,
    tx_zerocopy_fail: 3,
    tx_frag_overflow: 0,
  });
  t.is(from.domain.grants.pinned, 3, 'two rings and the page of the store: nothing else stays mapped');
});

test('NETIF-EXT-13: a frontend that gets an XDP program asks for headroom while it is connected', async (t) => {
  const net = await createNetRig();
  const from = await net.connectedGuest();
  const guest = await net.rig.createGuest();
  let raw: RawFrontend | undefined;
  startRaw(guest, (device) => {
    raw = new RawFrontend(guest, device);
    raw.connect();
  });
  const {backPath} = await net.addVif(guest);
  await net.settle();
  if (raw === undefined) throw new Error('no device');
  const {device} = raw;
  device.enqueue(async () => {
    await device.publish({'xdp-headroom': 256});
    await device.switchState(7);
  });
  await net.settle();
  t.is(await net.read(`${backPath}/state`), '8');
  device.enqueue(() => device.switchState(4));
  await net.settle();
  t.is(await net.read(`${backPath}/state`), '4');
  const page = raw.page();
  raw.post([
    {id: 0, gref: raw.grant(page)},
    {id: 1, gref: raw.grant(raw.page())},
  ]);
  const frame = frameOf(BROADCAST, from.nics[0].mac, 60);
  from.nics[0].send(frame);
  await net.settle();
  t.is(raw.received(0).offset, 256);
  t.deepEqual(raw.bytes(page).slice(256, 316), frame);
});
