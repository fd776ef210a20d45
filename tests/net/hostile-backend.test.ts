import test from 'ava';
import {type Netfront, type NetFrontend, netFrontend} from '../../frontends/net/index.ts';
import {XenbusBus, type XenbusDevice, type XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {createRig, type Rig, type RigDomain} from '../support/rig.ts';
import {BROADCAST, collect, frameOf} from './net-rig.ts';

/** Numbers of ring.h and netif.h, written down again. */
const REQ_PROD = 0;
const RSP_PROD = 2;
const FIRST_SLOT = 16;
const ENTRIES = 256;
const TX_WORDS = 3;
const RX_WORDS = 2;
const PAGE_WORDS = 1024;
const MORE_DATA = 4;
const EXTRA_INFO = 8;
const HOST_MAP = 2;

/** A backend by hand: it connects, then does what the test wants with the guest's rings. */
class RawBackend {
  readonly rig: Rig;
  readonly guest: RigDomain;
  readonly device: XenbusDevice;
  readonly nic: Netfront;
  readonly frontend: NetFrontend;
  /** First words of the rings in the guest's memory. */
  private readonly txWord: number;
  private readonly rxWord: number;
  private readonly txPort: number;
  private readonly rxPort: number;

  constructor(rig: Rig, guest: RigDomain, device: XenbusDevice, nic: Netfront, frontend: NetFrontend, nodes: number[]) {
    this.rig = rig;
    this.guest = guest;
    this.device = device;
    this.nic = nic;
    this.frontend = frontend;
    const [txRef, rxRef, txPort, rxPort] = nodes;
    this.txWord = this.frameOf(txRef) * PAGE_WORDS;
    this.rxWord = this.frameOf(rxRef) * PAGE_WORDS;
    this.txPort = rig.dom0.ops.evtchnBindInterdomain(guest.domain.id, txPort);
    this.rxPort = rig.dom0.ops.evtchnBindInterdomain(guest.domain.id, rxPort);
  }

  /** The frame that a grant entry names. */
  frameOf(ref: number): number {
    return this.words[this.guest.domain.grants.entryWord(ref) + 1];
  }

  get words(): Uint32Array {
    return this.guest.ops.memory.u32;
  }

  /** Requests that the frontend has published and that have no response. */
  get txRequests(): number {
    return (this.words[this.txWord + REQ_PROD] - this.words[this.txWord + RSP_PROD]) >>> 0;
  }

  get rxRequests(): number {
    return (this.words[this.rxWord + REQ_PROD] - this.words[this.rxWord + RSP_PROD]) >>> 0;
  }

  /** gref and size of the transmit request at an index. */
  txRequest(index: number): {gref: number; id: number; size: number} {
    const word = this.txWord + FIRST_SLOT + (index % ENTRIES) * TX_WORDS;
    return {gref: this.words[word], id: this.words[word + 2] & 0xffff, size: this.words[word + 2] >>> 16};
  }

  rxRequest(index: number): {id: number; gref: number} {
    const word = this.rxWord + FIRST_SLOT + (index % ENTRIES) * RX_WORDS;
    return {id: this.words[word] & 0xffff, gref: this.words[word + 1]};
  }

  answerTx(answers: readonly {id: number; status: number}[]): void {
    for (const {id, status} of answers) {
      const prod = this.words[this.txWord + RSP_PROD]++;
      this.words[this.txWord + FIRST_SLOT + (prod % ENTRIES) * TX_WORDS] = id | (status << 16);
    }
    this.rig.dom0.ops.evtchnSend(this.txPort);
  }

  /** `id` is the request's own unless it is given. */
  answerRx(answers: readonly {id?: number; offset?: number; flags?: number; status: number}[]): void {
    for (const {id, offset = 0, flags = 0, status} of answers) {
      const prod = this.words[this.rxWord + RSP_PROD]++;
      const word = this.rxWord + FIRST_SLOT + (prod % ENTRIES) * RX_WORDS;
      this.words[word] = (id ?? prod % ENTRIES) | (offset << 16);
      this.words[word + 1] = flags | (status << 16);
    }
    this.rig.dom0.ops.evtchnSend(this.rxPort);
  }

  /** An extra info in place of a receive response. */
  extraRx(type: number, more: boolean): void {
    const prod = this.words[this.rxWord + RSP_PROD]++;
    const word = this.rxWord + FIRST_SLOT + (prod % ENTRIES) * RX_WORDS;
    this.words[word] = type | (more ? 0x100 : 0) | 0xabcd0000;
    this.words[word + 1] = 0xffffffff;
  }

  /** Puts bytes into the page of the receive request at an index. */
  fillRx(index: number, bytes: Uint8Array, at = 0): void {
    this.guest.ops.memory.u8.set(bytes, this.frameOf(this.rxRequest(index).gref) * 4096 + at);
  }

  setTxProducer(prod: number): void {
    this.words[this.txWord + RSP_PROD] = prod;
    this.rig.dom0.ops.evtchnSend(this.txPort);
  }

  setRxProducer(prod: number): void {
    this.words[this.rxWord + RSP_PROD] = prod;
    this.rig.dom0.ops.evtchnSend(this.rxPort);
  }
}

const features = {'feature-rx-copy': 1, 'feature-sg': 1, 'feature-split-event-channels': 1};

const startBackend = (rig: Rig, onDevice: (device: XenbusDevice) => void, nodes: Record<string, number>): void => {
  const driver: XenbusDriver = {
    type: 'vif',
    probe: async (device) => {
      onDevice(device);
      await device.publish(nodes);
      await device.switchState(2);
      return {otherEndChanged: () => undefined, remove: () => undefined};
    },
  };
  new XenbusBus(rig.dom0.ops, rig.dom0.xs, 'backend', [driver]).start();
};

const addVif = (rig: Rig, guest: RigDomain) =>
  rig.addDevice({guest, type: 'vif', devid: 0, front: {mac: '00:16:3e:00:00:01', mtu: '9000'}});

const connect = async (): Promise<RawBackend> => {
  const rig = await createRig();
  const guest = await rig.createGuest();
  const nics: Netfront[] = [];
  const devices: XenbusDevice[] = [];
  startBackend(rig, (device) => devices.push(device), features);
  const bus = new XenbusBus(guest.ops, guest.xs, 'frontend', [netFrontend((nic) => nics.push(nic))]);
  bus.start();
  const {frontPath} = await addVif(rig, guest);
  await rig.settle();
  const keys = ['tx-ring-ref', 'rx-ring-ref', 'event-channel-tx', 'event-channel-rx'];
  const nodes = await rig.run(() => Promise.all(keys.map((key) => rig.dom0.xs.read(`${frontPath}/${key}`))));
  await rig.run(() => devices[0].switchState(4));
  await rig.settle();
  const frontend = bus.instance('device/vif/0') as NetFrontend;
  return new RawBackend(rig, guest, devices[0], nics[0], frontend, nodes.map(Number));
};

const frontState = ({rig, guest}: RawBackend): Promise<string | undefined> =>
  rig.run(() => guest.xs.read('device/vif/0/state'));

const errorOf = ({rig, guest}: RawBackend): Promise<string | undefined> =>
  rig.run(() => guest.xs.read('error/device/vif/0/error'));

const frame = frameOf(BROADCAST, Uint8Array.of(2, 0, 0, 0, 0, 9), 100);

test('a backend that behaves: frames go both ways', async (t) => {
  const back = await connect();
  const heard = collect(back.nic);
  t.is(back.rxRequests, ENTRIES);
  back.fillRx(0, frame, 50);
  back.answerRx([{offset: 50, status: frame.length}]);
  back.nic.send(frame);
  await back.rig.settle();
  t.deepEqual(heard, [frame]);
  t.is(back.rxRequests, ENTRIES, 'the page is posted again');
  const {gref, id, size} = back.txRequest(0);
  t.is(size, frame.length);
  t.deepEqual(back.guest.ops.memory.page(back.frameOf(gref) as never).slice(0, size), frame);
  const grants = back.guest.ops.grantor.count;
  back.answerTx([{id, status: -1}]);
  await back.rig.settle();
  t.is(back.guest.ops.grantor.count, grants - 1, 'the grant ends with the response');
  t.like(back.nic.stats(), {txPackets: 1, txErrors: 1, rxPackets: 1});
  t.is(await frontState(back), '4');
});

interface Attack {
  what: string;
  reason: RegExp;
  attack: (back: RawBackend) => void;
}

const attacks: Attack[] = [
  {
    what: 'a transmit response nobody asked for',
    reason: /2 transmit responses to 1 requests/,
    attack: (back) =>
      back.answerTx([
        {id: back.txRequest(0).id, status: 0},
        {id: 0, status: 0},
      ]),
  },
  {
    what: 'a transmit producer far away',
    reason: /transmit responses to 1 requests/,
    attack: (back) => back.setTxProducer(0x80000000),
  },
  {
    what: 'a transmit response to a request that is not under way',
    reason: /a transmit response to request 200, which is not under way/,
    attack: (back) => back.answerTx([{id: 200, status: 0}]),
  },
  {
    what: 'a transmit response to an id that does not exist',
    reason: /a transmit response to request 65535/,
    attack: (back) => back.answerTx([{id: 65535, status: 0}]),
  },
  {
    what: 'a second response to the same request',
    reason: /which is not under way/,
    attack: (back) => {
      back.nic.send(frame);
      const {id} = back.txRequest(0);
      back.answerTx([
        {id, status: 0},
        {id, status: 0},
      ]);
    },
  },
  {
    what: 'a response while the page is still mapped',
    reason: /is answered, but its page is in use/,
    attack: (back) => {
      const {gref, id} = back.txRequest(0);
      back.rig.dom0.ops.gnttabMap(back.guest.domain.id, gref, HOST_MAP | 4);
      back.answerTx([{id, status: 0}]);
    },
  },
  {
    what: 'more receive responses than pages posted',
    reason: /257 receive responses to 256 requests/,
    attack: (back) => back.setRxProducer(ENTRIES + 1),
  },
  {
    what: 'a receive response with the id of another request',
    reason: /a receive response to request 9 in slot 0/,
    attack: (back) => back.answerRx([{id: 9, status: 60}]),
  },
  {
    what: 'a receive response while the page is still mapped',
    reason: /receive slot 0 is answered, but its page is in use/,
    attack: (back) => {
      back.rig.dom0.ops.gnttabMap(back.guest.domain.id, back.rxRequest(0).gref, HOST_MAP);
      back.answerRx([{status: 60}]);
    },
  },
];

for (const {what, reason, attack} of attacks) {
  test(`gives the device up: ${what}`, async (t) => {
    const back = await connect();
    back.nic.send(frame);
    attack(back);
    await back.rig.settle();
    t.is(await frontState(back), '5');
    t.regex((await errorOf(back)) ?? '', reason);
    t.false(back.nic.carrier);
    t.false(back.nic.send(frame));
    t.is(back.guest.domain.shutdownReason, undefined, 'the guest lives');
    await back.rig.run(() => back.device.switchState(5));
    await back.rig.settle();
    t.is(await frontState(back), '6');
  });
}

interface Dropped {
  what: string;
  send: (back: RawBackend) => void;
}

const dropped: Dropped[] = [
  {what: 'an error', send: (back) => back.answerRx([{status: -1}])},
  {what: 'no bytes', send: (back) => back.answerRx([{status: 0}])},
  {what: 'less than an Ethernet header', send: (back) => back.answerRx([{status: 13}])},
  {what: 'bytes beyond the page', send: (back) => back.answerRx([{offset: 4000, status: 100}])},
  {what: 'an offset beyond the page', send: (back) => back.answerRx([{offset: 65535, status: 14}])},
  {what: 'more bytes than a page', send: (back) => back.answerRx([{status: 32767}])},
  {what: 'a chain that ends nowhere', send: (back) => back.answerRx([{flags: MORE_DATA, status: 100}])},
  {
    what: 'a chain with an error in it',
    send: (back) => back.answerRx([{flags: MORE_DATA, status: 100}, {flags: MORE_DATA, status: -1}, {status: 5}]),
  },
  {
    what: 'a chain of 20 slots',
    send: (back) => back.answerRx(Array.from({length: 20}, (_, i) => ({flags: i < 19 ? MORE_DATA : 0, status: 100}))),
  },
  {
    what: 'a chain of more than 65535 bytes',
    send: (back) => back.answerRx(Array.from({length: 17}, (_, i) => ({flags: i < 16 ? MORE_DATA : 0, status: 4096}))),
  },
  {
    what: 'an extra info that was not asked for',
    send: (back) => {
      back.answerRx([{flags: EXTRA_INFO, status: 100}]);
      back.extraRx(1, false);
    },
  },
  {
    what: 'extra infos and more data',
    send: (back) => {
      back.answerRx([{flags: EXTRA_INFO | MORE_DATA, status: 100}]);
      back.extraRx(1, true);
      back.extraRx(99, false);
      back.answerRx([{status: 100}]);
    },
  },
];

for (const {what, send} of dropped) {
  test(`throws the frame away and goes on: ${what}`, async (t) => {
    const back = await connect();
    const heard = collect(back.nic);
    const grants = back.guest.ops.grantor.count;
    send(back);
    await back.rig.settle();
    t.is(await frontState(back), '4');
    t.deepEqual(heard, []);
    t.is(back.nic.stats().rxErrors, 1);
    t.is(back.rxRequests, ENTRIES, 'every page is posted again');
    t.is(back.guest.ops.grantor.count, grants);
    back.answerRx([{status: 60}]);
    await back.rig.settle();
    t.is(heard.length, 1, 'the next frame arrives');
  });
}

test('a frame in several slots is put together, whatever the first one holds', async (t) => {
  const back = await connect();
  const heard = collect(back.nic);
  let index = 0;
  for (const parts of [[0, 100], [1, 99], [13, 1, 86], [4096, 904], new Array<number>(19).fill(10)]) {
    const whole = frameOf(
      BROADCAST,
      BROADCAST,
      parts.reduce((sum, part) => sum + part, 0),
      index,
    );
    let at = 0;
    back.answerRx(
      parts.map((status, i) => {
        back.fillRx(index++, whole.subarray(at, at + status));
        at += status;
        return {flags: i < parts.length - 1 ? MORE_DATA : 0, status};
      }),
    );
    await back.rig.settle();
    t.deepEqual(heard.pop(), whole);
  }
  t.is(heard.length, 0);
});

test('a page that the backend keeps is not used again before it lets go', async (t) => {
  const back = await connect();
  const {guest, rig} = back;
  const {gref} = back.rxRequest(7);
  const gfn = back.frameOf(gref);
  const handle = rig.dom0.ops.gnttabMap(guest.domain.id, gref, HOST_MAP);
  const free = guest.ops.pages.freePages;
  await rig.run(() => back.device.switchState(5));
  await rig.settle(5e9);
  t.is(await frontState(back), '6');
  t.is(back.frontend.pagesHeld, 1);
  t.is(guest.ops.pages.freePages, free + ENTRIES + 2 - 1);
  t.is(guest.ops.grantor.count, 1);
  rig.dom0.ops.gnttabUnmap(handle);
  await rig.settle(5e9);
  t.is(back.frontend.pagesHeld, 0);
  t.is(guest.ops.grantor.count, 0);
  const given = Array.from({length: ENTRIES}, () => guest.ops.pages.alloc() as number);
  t.true(given.includes(gfn));
});

test('a backend that disappears takes nothing of the guest with it', async (t) => {
  const back = await connect();
  const {rig, guest} = back;
  await rig.run(() => rig.dom0.xs.rm(`/local/domain/0/backend/vif/${guest.domain.id}/0`));
  await rig.settle();
  t.is(await frontState(back), '6');
  t.is(guest.ops.grantor.count, 0);
});

const useless: {what: string; nodes: Record<string, number>; reason: RegExp}[] = [
  {what: 'no rx-copy', nodes: {...features, 'feature-rx-copy': 0}, reason: /no feature-rx-copy/},
];

for (const {what, nodes, reason} of useless) {
  test(`does not connect to a backend with ${what}`, async (t) => {
    const rig = await createRig();
    const guest = await rig.createGuest();
    startBackend(rig, () => undefined, nodes);
    new XenbusBus(guest.ops, guest.xs, 'frontend', [netFrontend(() => t.fail())]).start();
    await addVif(rig, guest);
    await rig.settle();
    t.is(await rig.run(() => guest.xs.read('device/vif/0/state')), '5');
    t.regex((await rig.run(() => guest.xs.read('error/device/vif/0/error'))) ?? '', reason);
    t.is(guest.ops.grantor.count, 0);
  });
}

test('one event channel is used for both directions when the backend cannot split them', async (t) => {
  const rig = await createRig();
  const guest = await rig.createGuest();
  startBackend(rig, () => undefined, {'feature-rx-copy': 1});
  new XenbusBus(guest.ops, guest.xs, 'frontend', [netFrontend(() => undefined)]).start();
  const {frontPath} = await addVif(rig, guest);
  await rig.settle();
  const nodes = await rig.run(() => guest.xs.directory(frontPath));
  t.deepEqual(nodes?.slice(5), [
    'tx-ring-ref',
    'rx-ring-ref',
    'event-channel',
    'request-rx-copy',
    'feature-rx-notify',
    'feature-sg',
    'feature-gso-tcpv4',
    'feature-gso-tcpv6',
    'feature-ipv6-csum-offload',
  ]);
});
