import test from 'ava';
import {inetFrame} from './inet-frame.ts';
import {collect, createNetRig, type NetGuest, type NetRig} from './net-rig.ts';

const QUEUES = 3;
const BACK = {tuning: 'queues=4'};
const FRONT = {tuning: `queues=${QUEUES}`};

const pathsOf = ({domain}: NetGuest) => ({
  front: `/local/domain/${domain.id}/device/vif/0`,
  back: `/local/domain/0/backend/vif/${domain.id}/0`,
});

const pairOf = async (): Promise<{net: NetRig; guests: NetGuest[]}> => {
  const net = await createNetRig();
  const guests: NetGuest[] = [];
  for (let i = 0; i < 2; i++) guests.push(await net.connectedGuest({front: FRONT, back: BACK}));
  return {net, guests};
};

/** Slots that each transmit and receive ring of a vif has carried, by its name. */
const traffic = (net: NetRig): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const line of net.rig.trace) {
    const [, name, count] = /ring_batch device=(\S+) requests=(\d+)/.exec(line) ?? [];
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + Number(count));
  }
  return sums;
};

test('NETIF-NEG-08: several queues have their nodes in directories of their own, and no others', async (t) => {
  const {net, guests} = await pairOf();
  const {front, back} = pathsOf(guests[0]);
  t.is(await net.read(`${back}/multi-queue-max-queues`), '4');
  t.is(await net.read(`${front}/multi-queue-num-queues`), String(QUEUES));
  for (const key of ['tx-ring-ref', 'rx-ring-ref', 'event-channel-tx', 'event-channel-rx']) {
    t.is(await net.read(`${front}/${key}`), undefined, key);
    const values = await Promise.all([0, 1, 2].map((i) => net.read(`${front}/queue-${i}/${key}`)));
    t.is(new Set(values).size, QUEUES, key);
    t.is(await net.read(`${front}/queue-3/${key}`), undefined);
  }
});

test('NETIF-RX-18: flows are spread over the queues, both ways, and each stays in order', async (t) => {
  const {net, guests} = await pairOf();
  const [a, b] = guests.map(({nics}) => nics[0]);
  const heard = collect(b);
  const [flows, each] = [24, 20];
  for (let number = 0; number < each; number++) {
    for (let flow = 0; flow < flows; flow++) {
      const frame = inetFrame({
        to: b.mac,
        from: a.mac,
        ipv6: flow % 2 === 0,
        udp: true,
        payload: 40,
        port: 1000 + flow,
      });
      frame[frame.length - 1] = number;
      frame[frame.length - 2] = flow;
      t.true(a.send(frame));
    }
    await net.settle(1e6);
  }
  await net.settle();
  t.is(heard.length, flows * each);
  const next = new Array<number>(flows).fill(0);
  for (const frame of heard) t.is(frame[frame.length - 1], next[frame[frame.length - 2]]++);
  const sums = traffic(net);
  for (const vif of [`vif${guests[0].domain.id}.0`, `vif${guests[1].domain.id}.0`]) {
    const direction = vif.startsWith(`vif${guests[0].domain.id}`) ? 'tx' : 'rx';
    const shares = ['', '-q1', '-q2'].map((queue) => sums.get(`${vif}${queue}-${direction}`) ?? 0);
    t.is(
      shares.reduce((sum, share) => sum + share, 0),
      flows * each,
    );
    t.true(
      shares.every((share) => share > 0),
      `${vif} ${direction}: ${shares.join()}`,
    );
  }
  t.like(net.vif(guests[0]).stats(), {txPackets: flows * each, txErrors: 0});
  t.like(net.vif(guests[1]).stats(), {rxPackets: flows * each, rxDropped: 0});
});

test('a driver that comes back with one queue leaves no directories of several', async (t) => {
  const {net, guests} = await pairOf();
  const [guest] = guests;
  const {front} = pathsOf(guest);
  await net.rig.run(() => net.rig.dom0.xs.write(`${front}/tuning`, 'queues=1'));
  net.reload(guest);
  await net.settle();
  t.is(await net.read(`${front}/state`), '4');
  t.is(await net.read(`${front}/multi-queue-num-queues`), '1');
  t.is(await net.read(`${front}/queue-0/tx-ring-ref`), undefined);
  t.truthy(await net.read(`${front}/tx-ring-ref`));
  const nic = guest.nics.at(-1);
  const heard = collect(guests[1].nics[0]);
  if (nic === undefined) throw new Error('no interface');
  nic.send(inetFrame({to: guests[1].nics[0].mac, from: nic.mac, ipv6: false, payload: 10}));
  await net.settle();
  t.is(heard.length, 1);
});

test('all queues are given back when the device goes', async (t) => {
  const net = await createNetRig();
  const guest = await net.createGuest();
  const idle = guest.ops.grantor.count;
  await net.addVif(guest, 0, {front: FRONT, back: BACK});
  await net.settle();
  t.true(guest.ops.grantor.count > idle + 2 * QUEUES);
  const {front, back} = pathsOf(guest);
  await net.rig.run(async () => {
    for (const path of [front, back]) await net.rig.dom0.xs.rm(path);
  });
  await net.settle();
  t.is(guest.ops.grantor.count, idle);
});
