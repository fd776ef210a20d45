import test from 'ava';
import {Subject} from 'rxjs';
import type {NetDevice, SendOffload} from '../../frontends/api.ts';
import {newInterfaceCounters} from '../../frontends/guest/net/counters.ts';
import {TransmitQueue} from '../../frontends/guest/net/transmit-queue.ts';
import {FakeNic} from './machine.ts';

/** A device with room for so many frames. */
class SmallNic extends FakeNic implements NetDevice {
  left = 2;
  readonly room = new Subject<void>();
  offloads = {checksumIpv4: true, checksumIpv6: true, segmentIpv4: true, segmentIpv6: true};

  override send(frame: Uint8Array, offload?: SendOffload): boolean {
    const isOffered = offload?.segmentBytes === undefined || this.offloads.segmentIpv4;
    const isAllowed = offload?.segmentBytes !== undefined || frame.length <= this.mtu + 14;
    if (!isOffered || !isAllowed || this.left === 0) return false;
    this.left--;
    return super.send(frame);
  }

  /** So many frames were taken off it. */
  take(count: number): void {
    this.left += count;
    this.room.next();
  }
}

const makeQueue = () => {
  const nic = new SmallNic('eth0', 1);
  const counters = newInterfaceCounters();
  const queue = new TransmitQueue(nic, counters, () => true);
  const send = (number: number, length = 60, offload?: SendOffload): void => {
    const frame = new Uint8Array(length).fill(number);
    frame.set([8, 0], 12);
    queue.send({frame, offload});
    // Who sent it builds the next one there.
    frame.fill(0xff);
  };
  return {nic, counters, send, sent: () => nic.sent.map((frame) => frame[0])};
};

test('what the device has no room for goes out later, in order, as it was', (t) => {
  const {nic, counters, send, sent} = makeQueue();
  for (let i = 1; i <= 6; i++) send(i);
  t.deepEqual(sent(), [1, 2]);
  nic.take(3);
  t.deepEqual(sent(), [1, 2, 3, 4, 5]);
  nic.take(9);
  send(7);
  t.deepEqual(sent(), [1, 2, 3, 4, 5, 6, 7]);
  t.like(counters, {txPackets: 7, txDropped: 0});
});

test('a thousand wait, no more', (t) => {
  const {nic, counters, send, sent} = makeQueue();
  for (let i = 0; i < 1010; i++) send(i & 255);
  t.is(counters.txDropped, 8);
  for (let i = 0; i < 500; i++) nic.take(4);
  t.is(sent().length, 1002);
});

test('a device that says nothing of its room is asked again with the next frame', (t) => {
  const {nic, send, sent} = makeQueue();
  for (let i = 1; i <= 4; i++) send(i);
  nic.left = 10;
  send(5);
  t.deepEqual(sent(), [1, 2, 3, 4, 5]);
});

test('what the device does not take any more does not hold up the others', (t) => {
  const {nic, counters, send, sent} = makeQueue();
  for (let i = 1; i <= 2; i++) send(i);
  send(3, 30_000, {segmentBytes: 1448});
  send(4);
  send(5, 1600);
  nic.offloads = {...nic.offloads, segmentIpv4: false};
  nic.take(5);
  t.deepEqual(sent(), [1, 2, 4]);
  t.is(counters.txDropped, 2);
});

test('without a carrier nothing waits', (t) => {
  const {nic, counters, send} = makeQueue();
  nic.carrier = false;
  send(1);
  t.is(counters.txDropped, 1);
  nic.carrier = true;
  nic.take(1);
  t.is(nic.sent.length, 0);
});
