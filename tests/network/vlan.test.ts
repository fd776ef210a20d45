import test from 'ava';
import {
  Bridge,
  type BridgePort,
  CHECKSUM_BLANK,
  FrameArea,
  type FrameBatch,
  type PortOptions,
} from '../../backends/network/index.ts';
import {BareHost} from '../support/domains.ts';

const mac = (last: number): number[] => [2, 0, 0, 0, 0, last];
const ALL = [255, 255, 255, 255, 255, 255];

const untagged = (to: number[], from: number, body: number): Uint8Array =>
  Uint8Array.of(...to, ...mac(from), 0x88, 0xb5, body, 7, 7, 7);

const tagged = (vlan: number, to: number[], from: number, body: number): Uint8Array =>
  Uint8Array.of(...to, ...mac(from), 0x81, 0, vlan >> 8, vlan, 0x88, 0xb5, body, 7, 7, 7);

/** What a frame is, in words: "20:5" is body 5 with the tag of VLAN 20. */
const describe = (frame: Uint8Array): string =>
  frame[12] === 0x81 ? `${((frame[14] << 8) | frame[15]) & 0xfff}:${frame[18]}` : `${frame[14]}`;

class NotingPort implements BridgePort {
  readonly name: string;
  readonly got: string[] = [];
  readonly offloads: number[] = [];

  constructor(name: string) {
    this.name = name;
  }

  receive(batch: FrameBatch): void {
    this.got.push(...batch.copies().map(describe));
    this.offloads.push(...batch.offloads.subarray(0, batch.count));
  }
}

const makeBridge = (...ports: PortOptions[]) => {
  const host = new BareHost(1, 256);
  const dom0 = host.create({domid: 0 as never, privileged: true, pages: 1024});
  const bridge = new Bridge({name: 'ovsbr0', ops: dom0.ops});
  const area = new FrameArea(dom0.ops, 512);
  const plugged = ports.map((options, i) => {
    const port = new NotingPort(`p${i}`);
    const link = bridge.attach(port, options);
    if (link === undefined) throw new Error('no room');
    return {port, link};
  });
  /** Sends frames into a port; returns what comes out at each. */
  const send = (at: number, frames: Uint8Array[], offload = 0): string[][] => {
    for (const bytes of frames) {
      const offset = area.reserve(bytes.length);
      if (offset < 0) throw new Error('area is full');
      dom0.ops.memory.u8.set(bytes, offset);
      area.batch.add(offset, bytes.length, offload);
    }
    plugged[at].link.send(area.batch);
    area.reset();
    return plugged.map(({port}) => port.got.splice(0));
  };
  return {bridge, send, ports: plugged};
};

const access = (tag: number): PortOptions => ({vlan: {tag}});
const trunk = (...trunks: number[]): PortOptions => ({vlan: {trunks}});

test('access ports of a VLAN hear each other without tags, trunks with', (t) => {
  const {send, bridge} = makeBridge(access(10), access(10), access(20), trunk(10, 20), trunk(20), {});
  t.deepEqual(send(0, [untagged(ALL, 1, 1)]), [[], ['1'], [], ['10:1'], [], ['10:1']]);
  t.deepEqual(send(3, [tagged(20, ALL, 4, 2)]), [[], [], ['2'], [], ['20:2'], ['20:2']]);
  t.deepEqual(send(5, [untagged(ALL, 6, 3)]), [[], [], [], [], [], []], 'without a tag: no VLAN of theirs');
  t.deepEqual(send(4, [untagged(ALL, 5, 4), tagged(10, ALL, 5, 5)]), [[], [], [], [], [], []]);
  t.deepEqual(send(0, [tagged(10, ALL, 1, 6)]), [[], [], [], [], [], []], 'an access port takes no tags');
  t.is(bridge.filtered, 3);
});

test('a trunk of VLAN 0 carries what has no tag', (t) => {
  const {send} = makeBridge(trunk(0, 10), {}, access(10));
  t.deepEqual(send(0, [untagged(ALL, 1, 1), tagged(10, ALL, 1, 2)]), [[], ['1', '10:2'], ['2']]);
  t.deepEqual(send(1, [untagged(ALL, 2, 3)]), [['3'], [], []]);
});

test('each VLAN learns for itself: one address may be behind two ports', (t) => {
  const {send, bridge} = makeBridge(access(10), access(20), trunk(10, 20));
  send(0, [untagged(ALL, 1, 0)]);
  send(1, [untagged(ALL, 1, 0)]);
  t.deepEqual(send(2, [tagged(10, mac(1), 3, 1), tagged(20, mac(1), 3, 2)]), [['1'], ['2'], []]);
  t.deepEqual(bridge.addresses.map(({mac: address, vlan, port}) => `${vlan} ${address} ${port}`).toSorted(), [
    '10 02:00:00:00:00:01 p0',
    '10 02:00:00:00:00:03 p2',
    '20 02:00:00:00:00:01 p1',
    '20 02:00:00:00:00:03 p2',
  ]);
  t.is(bridge.flooded, 2);
});

test('a batch larger than the room for retagged frames arrives whole, in order', (t) => {
  const {send} = makeBridge(access(10), trunk(10), access(10));
  const long = (body: number): Uint8Array => {
    const frame = new Uint8Array(9000);
    frame.set(untagged(ALL, 1, body));
    return frame;
  };
  const bodies = Array.from({length: 100}, (_, i) => i);
  const [, trunked, plain] = send(0, bodies.map(long));
  t.deepEqual(
    trunked,
    bodies.map((body) => `10:${body}`),
  );
  t.deepEqual(plain, bodies.map(String));
});

test('what is left to do at a frame stays so when its tag changes', (t) => {
  const {send, ports} = makeBridge(access(10), trunk(10));
  send(0, [untagged(ALL, 1, 1)], CHECKSUM_BLANK | 1448);
  t.deepEqual(ports[1].port.offloads, [CHECKSUM_BLANK | 1448]);
});

test("isolated ports reach others, not each other; a port's own address is in its VLAN", (t) => {
  const {send} = makeBridge({isolated: true}, {isolated: true}, {mac: Uint8Array.from(mac(9))});
  t.deepEqual(send(0, [untagged(ALL, 1, 1)]), [[], [], ['1']]);
  t.deepEqual(send(2, [untagged(ALL, 9, 2)]), [['2'], ['2'], []]);
  t.deepEqual(send(1, [untagged(mac(1), 2, 3), untagged(mac(9), 2, 4)]), [[], [], ['4']]);
  const vlans = makeBridge(access(10), {mac: Uint8Array.from(mac(9)), vlan: {tag: 10}}, access(10));
  t.deepEqual(vlans.send(0, [untagged(mac(9), 1, 1)]), [[], ['1'], []]);
});
