import test from 'ava';
import {blkif_ring} from '../../hypervisor/abi/io/blkif.ts';
import {netif_rx_ring, netif_tx_ring} from '../../hypervisor/abi/io/netif.ts';
import type {RingTypes} from '../../hypervisor/abi/io/ring.ts';
import {vscsiif_ring} from '../../hypervisor/abi/io/vscsiif.ts';
import {SharedRing} from '../../hypervisor/abi/ring.ts';
import {DomainMemory} from '../../hypervisor/memory/index.ts';
import {blockMessages} from '../../toolstack/referee/messages/block.ts';
import {echoMessages} from '../../toolstack/referee/messages/echo.ts';
import type {MakeMessages} from '../../toolstack/referee/messages/judge.ts';
import {netRxMessages} from '../../toolstack/referee/messages/net-rx.ts';
import {netTxMessages} from '../../toolstack/referee/messages/net-tx.ts';
import {RingView} from '../../toolstack/referee/ring-view.ts';
import {RingWatch} from '../../toolstack/referee/ring-watch.ts';

const PAGE = 4096;
const START = 0xffff_fffe;

/** A ring of one page whose ends are the test, and what the referee says of them. */
class ScriptedRing {
  readonly ring: SharedRing;
  readonly said: string[] = [];
  readonly offers = new Map<string, number>();
  private readonly watch: RingWatch;

  constructor(types: RingTypes, makeMessages: MakeMessages) {
    const memory = new DomainMemory(1);
    this.ring = new SharedRing(types, 'x86_64', {u32: memory.u32, base: 0, sizeBytes: PAGE});
    this.ring.init();
    this.ring.reqProd = this.ring.rspProd = START;
    this.ring.reqEvent = this.ring.rspEvent = START + 1;
    const report = (by: string, clause: string): void => void this.said.push(`${by} ${clause}`);
    const view = new RingView(types, 'x86_64', memory, [0]);
    const messages = makeMessages(view, 'x86_64', {
      report,
      offered: () => 0,
      offers: (by, key) => this.offers.get(`${by}/${key}`) ?? 0,
    });
    const court = {report, suspect: () => undefined, loses: () => undefined, isThere: () => true, isQuiet: () => false};
    this.watch = new RingWatch({view, court, messages, backend: 'answers', frontend: 'takes'});
  }

  /** Fills slots from an index on, a list of words each. */
  fill(index: number, ...slots: readonly (readonly number[])[]): void {
    for (const [i, words] of slots.entries())
      this.ring.copyIn((index + i) >>> 0, Uint32Array.from(words), words.length);
  }

  ask(...slots: readonly (readonly number[])[]): void {
    this.fill(this.ring.reqProd, ...slots);
    this.ring.reqProd += slots.length;
    this.watch.look();
  }

  answer(...slots: readonly (readonly number[])[]): void {
    this.fill(this.ring.rspProd, ...slots);
    this.ring.rspProd += slots.length;
    this.watch.look();
  }

  /** Both ends do something that nobody sees between. */
  look(change: (ring: SharedRing) => void): void {
    change(this.ring);
    this.watch.look();
  }
}

const READ = 0;
const DISCARD = 5;
const INDIRECT = 6;
const block = (operation: number, id: number, segments = 0): number[] => [operation | (segments << 8), 0, id, 0];
const indirect = (id: number, segments: number): number[] => [INDIRECT | (READ << 8) | (segments << 16), 0, id, 0];
const blockRing = (): ScriptedRing => new ScriptedRing(blkif_ring, blockMessages);

const MORE_DATA = 4;
const EXTRA_INFO = 8;
const tx = (id: number, size: number, {flags = 0, offset = 0} = {}): number[] => [
  9,
  offset | (flags << 16),
  id | (size << 16),
];
const txDone = (id: number, status = 0): number[] => [id | (status << 16)];
const txRing = (): ScriptedRing => new ScriptedRing(netif_tx_ring, netTxMessages);

const rx = (id: number): number[] => [id, 9];
const rxDone = (id: number, flags = 0): number[] => [id, flags | (60 << 16)];
const rxRing = (): ScriptedRing => new ScriptedRing(netif_rx_ring, netRxMessages);

type Script = readonly [title: string, ring: () => ScriptedRing, play: (ring: ScriptedRing) => void, said: string[]];

const scripts: readonly Script[] = [
  [
    'requests and answers in any order are in order, also where the indexes wrap',
    blockRing,
    (ring) => {
      ring.ask(block(READ, 7), block(READ, 7), block(READ, 8));
      ring.answer([8, 0, 0], [7, 0, 0]);
      ring.answer([7, 0, 0]);
    },
    [],
  ],
  [
    'BLKIF-REQ-01: a request is answered twice',
    blockRing,
    (ring) => {
      ring.ask(block(READ, 7), block(READ, 8));
      ring.answer([7, 0, 0], [7, 0, 0]);
    },
    ['backend BLKIF-REQ-01'],
  ],
  [
    'what has passed unseen is not judged',
    blockRing,
    (ring) => {
      ring.look((shared) => {
        shared.reqProd += 2;
        shared.rspProd += 1;
      });
      ring.answer([99, 0, 0]);
    },
    [],
  ],
  ['BLKIF-LAY-07: the reserved operation', blockRing, (ring) => ring.ask(block(4, 1)), ['frontend BLKIF-LAY-07']],
  [
    'BLKIF-NEG-03: an operation that was not offered, and one that was',
    blockRing,
    (ring) => {
      ring.ask(block(DISCARD, 1));
      ring.offers.set('backend/feature-discard', 1);
      ring.ask(block(DISCARD, 2));
    },
    ['frontend BLKIF-NEG-03'],
  ],
  [
    'BLKIF-IND-05: more indirect segments than were offered',
    blockRing,
    (ring) => {
      ring.offers.set('backend/feature-max-indirect-segments', 16);
      ring.ask(indirect(1, 16));
      ring.ask(indirect(2, 17));
    },
    ['frontend BLKIF-IND-05'],
  ],
  [
    'RING-IDX-01: req_prod goes back, after which nothing is judged',
    blockRing,
    (ring) => {
      ring.look((shared) => (shared.reqProd -= 1));
      ring.look((shared) => (shared.rspProd += 5));
    },
    ['frontend RING-IDX-01'],
  ],
  [
    'RING-IDX-01: rsp_prod goes back',
    blockRing,
    (ring) => ring.look((shared) => (shared.rspProd -= 1)),
    ['backend RING-IDX-01'],
  ],
  [
    'RING-IDX-02: more requests than the ring has slots',
    blockRing,
    (ring) => ring.look((shared) => (shared.reqProd += 33)),
    ['frontend RING-IDX-02'],
  ],
  [
    'RING-IDX-06: more responses than requests',
    blockRing,
    (ring) => ring.look((shared) => (shared.rspProd += 1)),
    ['backend RING-IDX-06'],
  ],
  [
    "RING-IDX-05: a frontend writes the backend's index",
    blockRing,
    (ring) =>
      ring.look((shared) => {
        shared.reqProd += 1;
        shared.rspProd += 9;
      }),
    ['frontend RING-IDX-05'],
  ],
  [
    'a packet of three slots with an extra info, and its answers',
    txRing,
    (ring) => {
      ring.ask(tx(1, 3000, {flags: EXTRA_INFO | MORE_DATA}), [1, 0, 0], tx(2, 1000, {flags: MORE_DATA}), tx(3, 500));
      ring.answer(txDone(1), txDone(0, 1), txDone(2), txDone(3));
    },
    [],
  ],
  [
    'NETIF-TX-08: a packet without its last slot',
    txRing,
    (ring) => ring.ask(tx(1, 3000, {flags: MORE_DATA})),
    ['frontend NETIF-TX-08'],
  ],
  [
    'NETIF-TX-03: a slot past the end of its page, by what the first slot leaves to it',
    txRing,
    (ring) => ring.ask(tx(1, 5000, {flags: MORE_DATA}), tx(2, 600)),
    ['frontend NETIF-TX-03'],
  ],
  ['NETIF-TX-14: an id that is in use', txRing, (ring) => ring.ask(tx(1, 60), tx(1, 60)), ['frontend NETIF-TX-14']],
  [
    'NETIF-TX-12: an answer for nothing, and one for an extra info that was not there',
    txRing,
    (ring) => {
      ring.ask(tx(1, 60), tx(2, 60));
      ring.answer(txDone(5), txDone(0, 1));
    },
    ['backend NETIF-TX-12', 'backend NETIF-TX-12'],
  ],
  [
    'packets received in one slot, in two, and with an extra info',
    rxRing,
    (ring) => {
      ring.ask(rx(1), rx(2), rx(3), rx(4), rx(5));
      ring.answer(rxDone(1), rxDone(2, MORE_DATA), rxDone(3));
      ring.answer(rxDone(4, EXTRA_INFO), [1, 0]);
    },
    [],
  ],
  [
    'NETIF-RX-03: another id than that of the request in the slot',
    rxRing,
    (ring) => {
      ring.ask(rx(1), rx(2));
      ring.answer(rxDone(2));
    },
    ['backend NETIF-RX-03'],
  ],
  [
    'NETIF-RX-06: a packet without its last slot',
    rxRing,
    (ring) => {
      ring.ask(rx(1), rx(2));
      ring.answer(rxDone(1, MORE_DATA));
    },
    ['backend NETIF-RX-06'],
  ],
  [
    'VSCSI-REQ-01: a SCSI command is answered twice',
    () => new ScriptedRing(vscsiif_ring, echoMessages('VSCSI-REQ-01')),
    (ring) => {
      ring.ask([3], [4]);
      ring.answer([3], [3]);
    },
    ['backend VSCSI-REQ-01'],
  ],
];

for (const [title, open, play, said] of scripts) {
  test(title, (t) => {
    const ring = open();
    play(ring);
    t.deepEqual(ring.said, said);
  });
}
