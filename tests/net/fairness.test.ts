import test from 'ava';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {createNetRig, frameOf, type NetGuest, type NetRig} from './net-rig.ts';

const SHORT = 64;

/** Keeps all of a guest's transmit rings full until it is stopped. */
class Flood {
  isStopped = false;
  private readonly from: NetGuest;
  private readonly frame: Uint8Array;
  private readonly onRoom: () => void;

  constructor(from: NetGuest, to: NetGuest, onRoom: () => void = () => undefined) {
    const [nic] = from.nics;
    this.from = from;
    this.onRoom = onRoom;
    this.frame = frameOf(to.nics[0].mac, nic.mac, SHORT);
    nic.consumeRaw({receive: () => undefined, onRoom: () => this.fill()});
  }

  fill(): void {
    this.onRoom();
    if (this.isStopped) return;
    const {nics, ops} = this.from;
    const [nic] = nics;
    for (let queue = 0; queue < nic.queues; queue++) {
      for (let at = nic.reserve(queue); at >= 0; at = nic.reserve(queue)) {
        ops.memory.u8.set(this.frame, at);
        nic.commit(SHORT, queue);
      }
    }
    nic.flush();
  }
}

/** Two guests, the second of which the bridge knows. */
const pairOf = async (net: NetRig, options: Parameters<NetRig['connectedGuest']>[0] = {}) => {
  const from = await net.connectedGuest(options);
  const to = await net.connectedGuest();
  to.nics[0].send(frameOf(from.nics[0].mac, to.nics[0].mac, SHORT));
  await net.settle();
  return {from, to, carried: () => net.vif(from).stats().txPackets};
};

test('a guest that floods all of its queues leaves the others their share', async (t) => {
  // The run queue in the order of a real host: the virtual clock's picks are random.
  const clock = realClock();
  t.teardown(() => clock.close());
  const net = await createNetRig({clock, traced: false});
  const greedy = await pairOf(net, {front: {tuning: 'queues=4'}, back: {tuning: 'queues=4'}});
  const modest = await pairOf(net);
  t.is(greedy.from.nics[0].queues, 4);
  const enough = 100_000;
  const floods: Flood[] = [];
  const stop = (): void => {
    if (greedy.carried() + modest.carried() >= 2 * enough) for (const each of floods) each.isStopped = true;
  };
  floods.push(new Flood(greedy.from, greedy.to, stop), new Flood(modest.from, modest.to, stop));
  for (const flood of floods) flood.fill();
  while (!floods[0].isStopped) await net.settle(1e7);
  t.true(modest.carried() >= 0.8 * enough, `${modest.carried()} frames beside ${greedy.carried()}`);
});

test('NETIF-NEG-15: a guest that floods is held by its rate, and nobody else is', async (t) => {
  const net = await createNetRig();
  const bytesPerSecond = 1_000_000;
  const held = await pairOf(net, {back: {rate: `${bytesPerSecond / 20},50000`}});
  const free = await pairOf(net);
  const flood = new Flood(held.from, held.to);
  flood.fill();
  let passed = 0;
  free.to.nics[0].frames.subscribe((frames) => (passed += frames.length));
  const seconds = 2;
  for (let i = 0; i < 1000 * seconds; i++) {
    free.from.nics[0].send(frameOf(free.to.nics[0].mac, free.from.nics[0].mac, SHORT));
    await net.settle(1e6);
  }
  t.is(passed, 1000 * seconds);
  const bytes = held.carried() * SHORT;
  t.true(bytes > 0.9 * bytesPerSecond * seconds && bytes < 1.1 * bytesPerSecond * seconds, `${bytes} bytes`);
  t.true(net.vif(held.from).stats().txHeld > 10 * seconds);
  flood.isStopped = true;
});
